"""Where models look: annotations found and brought, measuring on request, what is said and shown."""

import json

import numpy as np
import pytest
from PIL import Image

from carvis.dataset import Dataset
from carvis.dataset.parts import REST
from carvis.images import read_image

BOXES = "id,part,x1,y1,x2,y2\ntest/blue/car 0.png,left,0,0,32,48\ngreen/car 5.png,left,0,0,32,48\n"


@pytest.fixture
def masked(own_workspace):
    """The small workspace with masks: the patch of colour on each picture, and the ground around it."""
    data = Dataset(own_workspace / "data" / "colours")
    for row in data.samples("test").itertuples():
        if row.path.endswith(".png"):
            image = read_image(row.path).astype(int)
            patch = (np.ptp(image, axis=2) > 70).astype(np.uint8)
            place = data.root / "masks" / row.id
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(patch).save(place)
    (data.root / "masks" / "parts.json").write_text(json.dumps(["ground", "*patch*"]))
    return own_workspace


def measure(app):
    app.button(key="attention_begin").click().run(timeout=180)
    assert not app.exception
    return app


def test_nothing_is_measured_unasked_and_what_was_is_there_at_once(masked, open_page, words):
    app = open_page("attention", data="colours", model=["good", "poor"])
    assert not app.exception and not app.error
    assert "32 of 33 images are annotated" in words(app)
    assert "By class" not in words(app)
    measure(app)
    text = words(app).replace("\\", "")
    assert "By class" in text and "*patch*" in text
    assert "Yes: **good**" in text
    table = next(frame.value for frame in app.dataframe if "Share / area" in frame.value)
    assert set(table["Model"]) == {"good", "poor"} and set(table["Part"]) == {"ground", "*patch*"}
    reopened = open_page("attention", data="colours", model=["good", "poor"])
    assert not reopened.exception and "By class" in words(reopened)
    assert "attention_begin" not in [button.key for button in reopened.button]
    # With other settings nothing is measured yet.
    reopened.get_by_key("choose_cover").set_value("no").run()
    assert reopened.button(key="attention_begin")


def test_a_class_and_a_part_lead_to_their_pictures(masked, open_page, words):
    app = measure(open_page("attention", data="colours", model=["good"]))
    app.selectbox(key="choose_true").select("green").run()
    assert not app.exception and app.query_params["true"] == "green"
    assert len(app.get("image")) == 8
    app.selectbox(key="claim_part").select("ground").run()
    assert app.query_params["part"] == "ground"
    assert "occluding it" in words(app)


def test_without_annotations_the_page_says_how_to_bring_them_and_offers_to_draw(own_workspace, open_page, words):
    app = open_page("attention", data="colours", model=["good"], sample=["test/green/car 1.png"])
    assert not app.exception and app.info and "annotated" in app.info[0].proto.title
    assert "test/green/car 1" in words(app).replace("\\", "") and "attention_begin" not in [b.key for b in app.button]
    app.button(key="add_box").click().run()
    app.run()
    measure(app)
    assert "Too few images to tell" in words(app) and "is on the **emblem**" in words(app)
    assert "By class" not in words(app)


def test_an_upload_is_used_and_told_about(own_workspace, open_page, words):
    app = open_page("attention", data="colours", model=["good"])
    app.file_uploader[0].upload("my boxes.csv", (BOXES + "gone.png,left,0,0,9,9\n").encode()).run()
    assert not app.exception and not app.error
    text = words(app).replace("\\", "")
    assert "2 of 33 images are annotated" in text and f"left, {REST}" in text
    assert "1 row of my boxes.csv names no image" in text
    measure(app)
    assert "left" in words(app)


def test_broken_annotations_are_one_sentence(own_workspace, open_page):
    (own_workspace / "data" / "colours" / "annotations.json").write_text("{")
    app = open_page("attention", data="colours", model=["good"], sample=["test/green/car 1.png"])
    assert not app.exception and len(app.error) == 1 and "annotations" in app.error[0].value
    app.selectbox(key="choose_parts").select("drawn").run()
    assert not app.exception and not app.error


def test_a_broken_model_leaves_the_others(masked, open_page, words):
    app = measure(open_page("attention", data="colours", model=["broken", "good"]))
    assert "**good**" in words(app)


def test_what_was_not_checked_about_a_model_stands_beside_its_results(masked, open_page):
    def remarks(app):
        return [box.value for box in app.info if "assumed and not checked" in box.value]

    app = open_page("attention", data="colours", model=["no card", "good"])
    assert not remarks(app)
    [remark] = remarks(measure(app))
    assert "no card" in remark


def test_opening_results_loads_no_tensorflow(masked, open_page):
    import os
    import subprocess
    import sys
    from pathlib import Path

    measure(open_page("attention", data="colours", model=["good"]))
    dashboard = Path(__file__).resolve().parents[2] / "dashboard"
    script = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({str(dashboard / "navigation.py")!r}, default_timeout=180)
for name, value in (("data", "colours"), ("model", ["good"])):
    app.query_params[name] = value
app.run()
for name, value in (("data", "colours"), ("model", ["good"])):
    app.query_params[name] = value
app.switch_page("app_pages/attention.py").run()
assert not app.exception, app.exception
assert "By class" in [heading.value for heading in app.subheader], app.subheader
assert not {{"tensorflow", "keras"}} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=300, env=os.environ)


def test_pictures_on_which_models_part_ways_are_found_and_kept(masked, open_page, words):
    chosen = {"data": "colours", "model": ["good", "poor"], "cover": "no", "kind": "one-right"}
    app = open_page("attention", **chosen)
    assert not app.exception and not app.error, [one.value for one in app.error]
    app.button(key="work_begin").click().run()
    assert not app.exception and not app.error, [one.value for one in app.error]
    # "good" alone is right on blue and green; the broken picture is counted.
    assert "16 images of this kind" in words(app) and "could not be read" in words(app)
    app = open_page("attention", **chosen)
    assert "16 images of this kind" in words(app)
    app.segmented_control(key="choose_kind").set_value("same-answer").run()
    assert not app.exception and "from different evidence" in words(app)
    app = open_page("attention", data="colours", model=["good"])
    assert "two or more models" in words(app)
