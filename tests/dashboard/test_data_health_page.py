"""Page Data: nothing is checked unasked; the finding, duplicates side by side, classes, light, problems, the split."""

import os
import shutil

import cv2
import numpy as np
import pytest

from carvis.dataset import Dataset
from carvis.errors import DatasetError
from carvis.images import write_image
from ui.state import workspace as space


def _blocks(rng) -> np.ndarray:
    return np.kron(rng.integers(0, 256, (8, 8, 3)), np.ones((6, 6, 1))).astype(np.uint8)


@pytest.fixture
def leaky(own_workspace):
    """Eight different images of two classes in train; two of them also in test, one under another label."""
    root = own_workspace / "data" / "leaky"
    rng = np.random.default_rng(0)
    for seed in range(8):
        write_image(root / "train" / "ab"[seed % 2] / f"*{seed}*.png", _blocks(rng))
    for name in ("0", "1"):
        (root / "test" / "a").mkdir(parents=True, exist_ok=True)
        shutil.copy(root / "train" / "ab"[int(name)] / f"*{name}*.png", root / "test" / "a" / f"{name}.png")
    write_image(root / "test" / "b" / "new.png", _blocks(rng))
    (root / "test" / "b" / "broken.jpg").write_bytes(b"x")
    return own_workspace


def checked(app):
    app.button(key="work_begin").click().run(timeout=180)
    assert not app.exception and not [error for error in app.error if "memorisation" not in error.value]
    return app


def test_nothing_is_checked_unasked_and_what_was_is_there_at_once(leaky, open_page, words):
    app = open_page("data_health", data="leaky")
    assert not app.exception and not app.error
    assert "test images are also in train" not in words(app) and app.selectbox(key="choose_true")
    assert "Check these images" in [button.label for button in app.button]
    checked(app)
    assert "the test accuracy mostly measures memorisation. 2 of 3 test images are also in train" in words(app)
    assert {metric.label: metric.value for metric in app.metric} == {
        "Images": "12",
        "Distinct images": "9",
        "Distinct photos": "9",
        "Label conflicts": "1",
        "Broken files": "1",
    }
    assert "different label" in words(app) and "exact duplicate" in words(app) and len(app.get("image")) == 4
    reopened = open_page("data_health", data="leaky", pairs="labels")
    assert len(reopened.get("image")) == 2
    assert "Check these images" not in [button.label for button in reopened.button]
    reopened.get_by_key("choose_twins").set_value("near").run()
    assert "No duplicates of this kind" in words(reopened)


def test_every_section_shows(leaky, open_page, words):
    checked(open_page("data_health", data="leaky"))
    app = open_page("data_health", data="leaky", health="classes", true="b", split="train")
    assert "4 Training images" in words(app) and len(app.get("image")) == 4
    app = open_page("data_health", data="leaky", health="light", light="blurriest")
    assert not app.exception and len(app.get("image")) == 9 and "Laplacian" in words(app)
    app = open_page("data_health", data="leaky", health="shortcuts")
    assert not app.exception and "No shortcut" in words(app)
    app = open_page("data_health", data="leaky", health="problems")
    assert not app.exception and any("broken.jpg" in frame.value.to_csv() for frame in app.dataframe)
    assert "fewer than 10" in words(app)


def test_a_shortcut_is_shown_with_its_images(own_workspace, open_page, words):
    rng = np.random.default_rng(0)
    for place in range(40):
        image = (_blocks(rng) // 3 + (160 if place % 2 else 0)).astype(np.uint8)
        write_image(own_workspace / "data" / "light" / "train" / ("dark", "light")[place % 2] / f"{place}.png", image)
    checked(open_page("data_health", data="light"))
    app = open_page("data_health", data="light", health="shortcuts")
    shown = words(app).replace("\\", "")
    assert not app.exception and "brightness alone predicts the class: balanced accuracy 100 %" in shown
    assert len(app.get("image")) >= 12
    app = open_page("data_health", data="light", health="shortcuts", lang="ja")
    assert not app.exception and "明るさ" in words(app) and "alone" not in words(app)


def test_the_split_is_made_on_request_and_is_then_a_data_set(leaky, open_page, words):
    write_image(leaky / "data" / "leaky" / "train" / "c" / "only.png", _blocks(np.random.default_rng(9)))
    app = checked(open_page("data_health", data="leaky"))
    out = leaky / "data" / "leaky-free"
    assert not out.exists() and "carvis split" in words(app)
    app.button(key="work_begin").click().run(timeout=180)
    assert not app.exception, app.exception
    # A second copy, two whose labels disagree, and the broken file.
    assert "4 images were skipped" in words(app).replace("\\", "")
    assert "1 class has no images in validation: c" in words(app)
    assert "train" in Dataset(out).splits and (out / "split.csv").is_file()
    app = checked(open_page("data_health", data="leaky-free"))
    assert "no test image is also in train" in words(app) and "carvis split" not in words(app)


def test_an_image_replaced_in_place_is_checked_again(own_workspace, open_page, words):
    root = own_workspace / "data" / "bitmaps"
    rng = np.random.default_rng(0)
    bitmaps = [cv2.imencode(".bmp", _blocks(rng))[1].tobytes() for _ in range(3)]
    for name, content in (("train/a/0", bitmaps[0]), ("train/a/1", bitmaps[1]), ("test/a/0", bitmaps[0])):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / f"{name}.bmp").write_bytes(content)
    leakage = "1 of 1 test images is also in train"
    assert leakage in words(checked(open_page("data_health", data="bitmaps")))
    # The same name and the same size, in a folder that does not change.
    (root / "test" / "a" / "0.bmp").write_bytes(bitmaps[2])
    # File times are reused for twenty times as long as reading them took: on a busy machine that may be long.
    space._image_times_known().clear()
    app = open_page("data_health", data="bitmaps")
    assert not app.exception and leakage not in words(app)
    assert "no test image is also in train" in words(checked(app))


@pytest.mark.parametrize("problem", [DatasetError("it is there already"), RuntimeError("a fault")])
def test_a_split_that_failed_is_not_begun_again(leaky, open_page, monkeypatch, problem):
    calls = []

    def fail(*args, **more):
        calls.append(args)
        raise problem

    app = checked(open_page("data_health", data="leaky"))
    monkeypatch.setattr("ui.data_health.check.split_dataset", fail)
    app.button(key="work_begin").click().run(timeout=180)
    assert not app.exception and app.error
    app.run()
    assert len(calls) == 1 and not app.exception and app.button(key="work_begin")


def test_where_nothing_can_be_read_the_page_goes_on(own_workspace, open_page):
    for split in ("train", "test"):
        (own_workspace / "data" / "none" / split / "a").mkdir(parents=True)
    app = checked(open_page("data_health", data="none"))
    assert {metric.label: metric.value for metric in app.metric}["Images"] == "0"
    (own_workspace / "data" / "none" / "train" / "a" / "broken.jpg").write_bytes(b"x")
    checked(open_page("data_health", data="none"))
    for section in ("classes", "light", "shortcuts", "problems"):
        assert not open_page("data_health", data="none", health=section).exception


def test_a_name_that_is_not_utf_8_stops_no_page(own_workspace, open_page):
    folder = own_workspace / "data" / "colours" / "train"
    try:
        (folder / "green" / os.fsdecode(b"\xff.jpg")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (folder / os.fsdecode(b"\x83g")).mkdir()
    (own_workspace / "data" / os.fsdecode(b"\x83h") / "train" / "a").mkdir(parents=True)
    (own_workspace / "models" / os.fsdecode(b"\x83.keras")).write_bytes(b"x")
    for page in ("overview", "models", "misclassified"):
        app = open_page(page, data="colours")
        assert not app.exception, app.exception
    app = checked(open_page("data_health", data="colours", health="problems"))
    assert any("not UTF-8" in frame.value.to_csv() for frame in app.dataframe)


def test_accuracy_without_leakage_is_beside_the_accuracy(leaky, open_page, words):
    from carvis.classifier import load_classifier
    from carvis.evaluation import evaluate

    folder = leaky / "data" / "evaluations" / "colours" / "test" / "good"
    shutil.copy(
        leaky / "data" / "colours" / "test" / "green" / "car 1.png", leaky / "data" / "colours" / "train" / "green"
    )
    clf = load_classifier(leaky / "models" / "good.keras")
    evaluation = evaluate(clf, leaky / "data" / "colours")
    # The small workspace's training images are drawn like its first test images.
    assert evaluation.leak.copies > 0 and not evaluation.leak.measurable
    evaluation.save(folder)
    app = open_page("overview")
    table = next(frame.value for frame in app.dataframe if "without leakage" in frame.value)
    assert "not measurable: make a leak-free split" in set(table["without leakage"])
    app = open_page("misclassified", data="colours", table="colours/test/good")
    assert str(evaluation.leak.warning("good")) in words(app).replace("\\", "")


def test_without_images_the_next_step_is_named(empty_workspace, open_page):
    app = open_page("data_health")
    assert app.info and app.code
