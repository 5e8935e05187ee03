"""Boxes drawn by hand on page Where models look: the number fields, the answers, the order, and what counts them."""

import json

import pytest

from carvis.dataset import Dataset
from carvis.dataset.parts import Box, DrawnParts, ImageParts, PartBox, drawing_order
from carvis.images import write_image

SAMPLE = "test/green/car 1.png"


@pytest.fixture
def drawn(own_workspace):
    return DrawnParts.of(Dataset(own_workspace / "data" / "colours"))


def opened(open_page, **more):
    app = open_page("attention", **({"data": "colours", "model": ["good"], "sample": [SAMPLE]} | more))
    assert not app.exception and not app.error, [entry.value for entry in app.error]
    return app


def run(app):
    app.run(timeout=180)
    assert not app.exception and not app.error, [entry.value for entry in app.error]
    return app


def field(app, edge, number=0, sample=SAMPLE):
    return app.number_input(key=f"box_{edge}_{number}_{sample}")


def test_number_fields_do_what_the_canvas_does(drawn, open_page, words):
    app = opened(open_page)
    assert "No parts are annotated" in app.info[0].proto.title and "**0 of 20**" in progress_of(app)
    app.button(key="add_box").click()
    run(app)
    # The middle third of 64 x 48 pixels.
    assert drawn.images()[SAMPLE].boxes == (PartBox("emblem", Box(21, 16, 43, 32)),)
    field(app, "left").set_value(30)
    run(app)
    field(app, "bottom").set_value(10)
    run(app)
    # An edge that passes the opposite one pushes it along.
    assert drawn.images()[SAMPLE].boxes == (PartBox("emblem", Box(30, 9, 43, 10)),)
    assert field(app, "top").value == 9 and "**1 of 20**" in progress_of(app)
    app.button(key="add_box").click()
    run(app)
    app.button(key="delete_box_0").click()
    run(app)
    assert [box for _, box in drawn.images()[SAMPLE].boxes] == [Box(21, 16, 43, 32)]
    # A reload shows what was kept.
    assert field(opened(open_page), "left").value == 21


def progress_of(app):
    return " ".join(str(bar.proto.text) for bar in app.get("progress"))


def test_not_visible_is_an_answer_and_goes_on(drawn, open_page, words):
    app = opened(open_page)
    app.button(key="part_absent").click()
    run(app)
    assert drawn.images()[SAMPLE] == ImageParts((), frozenset(["emblem"]), (48, 64), drawn.images()[SAMPLE].sha256)
    assert "**1 of 20**" in progress_of(app) and SAMPLE not in [caption.value for caption in app.caption]
    app.button(key="draw_step_-1").click()
    run(app)
    assert "Marked as not visible" in words(app)
    app.button(key="part_visible").click()
    run(app)
    assert drawn.images() == {}


def test_another_part_and_the_order(drawn, open_page, words):
    app = opened(open_page, sample=[])
    data = Dataset(drawn.data.root)
    assert "1 / 20" in words(app) and "a mistake of good and a correct prediction by turns" in words(app)
    app.text_input(key="new_part").set_value("  door   handle ")
    run(app)
    app.button(key="add_box").click()
    run(app)
    assert "1 / 20" in words(app)
    [(sample, image)] = drawn.images().items()
    assert image.boxes[0].part == "door handle"
    # The first of the order, which is random, and the same in a notebook.
    from carvis.evaluation import load_evaluation

    table = load_evaluation(drawn.path.parents[1] / "evaluations" / "colours" / "test" / "good").predictions
    right = dict(zip(table["id"], (table["label"] == table["predicted"]).tolist()))
    assert sample == drawing_order(data.samples("test")["id"], right)[0]
    app.number_input(key="choose_draw_goal").set_value(5)
    run(app)
    assert "1 / 5" in words(app)


def test_drawn_boxes_are_measured_and_what_they_tell_is_said(drawn, open_page, words):
    data = drawn.data
    ids = [sample for sample in data.samples("test")["id"] if sample.endswith(".png")]
    for sample in ids[:7]:
        drawn.save(sample, [PartBox("emblem", Box(8, 8, 40, 40))])
    drawn.save(ids[7], absent=["emblem"])
    app = opened(open_page)
    assert "8 of 33 images are annotated" in words(app) and "By class" not in words(app)
    app.button(key="attention_begin").click()
    run(app)
    text = words(app)
    assert "What the images so far can tell" in text and "n = 7" in text
    # A box that is drawn otherwise is another one, though no image was added.
    drawn.save(ids[0], [PartBox("emblem", Box(9, 8, 40, 40))], before=drawn.images()[ids[0]])
    run(app)
    assert "n = 7" in words(app) and "Boxes were changed since" in words(app)
    # One more image: the statement stays, and says that it is not counted yet.
    app.button(key="add_box").click()
    run(app)
    app.selectbox(key="choose_parts").select("drawn")
    run(app)
    assert "n = 7" in words(app) and "1 image was drawn on since" in words(app)


def test_the_most_similar_image_proposes_and_a_key_accepts(drawn, open_page, words):
    other = "test/green/car 2.png"
    drawn.save(other, [PartBox("emblem", Box(1, 2, 30, 40))])
    app = opened(open_page)
    app.button(key="accept_boxes").click()
    run(app)
    assert drawn.images()[SAMPLE].boxes == (PartBox("emblem", Box(1, 2, 30, 40)),)
    assert "accept_boxes" not in [button.key for button in app.button]


def test_boxes_of_a_replaced_image_are_proposed_again(drawn, open_page):
    drawn.save(SAMPLE, [PartBox("emblem", Box(10, 10, 20, 20))])
    import numpy as np

    write_image(drawn.data.root / SAMPLE, np.full((96, 128, 3), 90, np.uint8))
    app = opened(open_page)
    assert any("was replaced since its boxes were drawn" in entry.value for entry in app.warning)
    app.button(key="accept_boxes").click()
    run(app)
    assert drawn.images()[SAMPLE].boxes == (PartBox("emblem", Box(20, 20, 40, 40)),)


def test_a_file_goes_out_and_comes_back(drawn, open_page, words):
    drawn.save(SAMPLE, [PartBox("emblem", Box(10, 10, 20, 20))])
    content = drawn.coco().encode()
    drawn.path.unlink()
    app = opened(open_page)
    app.get("file_uploader")[-1].upload("boxes.json", content)
    run(app)
    assert drawn.coco().encode() == content
    assert any("Added: 1 boxes" in entry.value for entry in app.success)


def test_a_damaged_file_of_boxes_is_one_sentence(drawn, open_page, words):
    drawn.path.parent.mkdir(parents=True)
    drawn.path.write_text(json.dumps({"info": {"format": 1}}))
    app = open_page("attention", data="colours", model=["good"])
    assert (
        not app.exception and app.error and all("colours.json" in entry.value.replace("\\", "") for entry in app.error)
    )
    assert drawn.path.read_text() == '{"info": {"format": 1}}'


def test_what_a_browser_hands_over_is_checked():
    from ui.attention.box_canvas import changes_in

    good = {"number": 3, "sample": "a", "before": [], "boxes": [{"part": "p", "edges": [0, 1.2, 2, 3]}]}
    [change] = changes_in({"changes": [good]})
    assert change.boxes == (PartBox("p", Box(0, 1, 2, 3)),) and change.before == ()
    for damage in (
        {"number": "3"}, {"sample": 1}, {"before": None}, {"boxes": [{"part": 1, "edges": [0, 1, 2, 3]}]},
        {"boxes": [{"part": "p", "edges": [0, 1, 2]}]}, {"boxes": [{"part": "p", "edges": [0, 1, 2, float("nan")]}]},
        {"boxes": [{"part": "p", "edges": [0, 1, 2, True]}]}, {"boxes": [good] * 2_000},
    ):  # fmt: skip
        assert changes_in({"changes": [good | damage]}) == []
    assert changes_in(None) == changes_in({"changes": 7}) == []


@pytest.mark.parametrize("name", ["rest", "x" * 41])
def test_a_link_to_what_cannot_be_a_part_draws_another(drawn, open_page, name):
    app = opened(open_page, draw_part=name)
    app.button(key="add_box").click()
    run(app)
    assert [part for part, _box in drawn.images()[SAMPLE].boxes] == ["emblem"]


def test_the_name_of_a_part_is_no_markdown(drawn, open_page):
    drawn.save(SAMPLE, [PartBox("![x](https://example.org/x.png)", Box(10, 10, 20, 20))])
    app = opened(open_page)
    [group] = [one for one in app.get("button_group") if "choose_draw_part" in one.proto.id]
    assert "![x]" not in group.proto.options[0].content and "example" in group.proto.options[0].content
