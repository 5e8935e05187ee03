"""Page Try it: uploads, broken uploads, averages, and what it says where nothing is stored."""

import io

import numpy as np
import pytest
from PIL import Image

RED = (220, 30, 20)
pytestmark = pytest.mark.usefixtures("unasked")


def png(colour=RED) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((48, 64, 3), colour, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def test_without_an_image_it_names_the_next_step_and_examples_begin_it(workspace, open_page, words):
    app = open_page("try_it", model=["good"], data="colours")
    assert not app.exception and not app.error
    assert "Drag your own images" in words(app)
    app.button(key="try_it_examples").click().run()
    # One of this data set's images is broken: it is named without its folder.
    assert not app.exception and [str(workspace) in one.value for one in app.error] == [False]
    assert len(app.query_params["sample"]) == 3 and len(app.get("progress")) == 2
    # The labels of the data set are known, so right and wrong are marked.
    assert "check_circle" in words(app)


def test_an_upload_has_a_card_with_each_models_prediction_and_heatmap(workspace, open_page, words):
    app = open_page("try_it", model=["good", "poor"], data="colours")
    app.file_uploader(key="try_it_files").set_value([("mine.png", png(), "image/png")]).run()
    assert not app.exception and not app.error
    text = words(app).replace("\\", "")
    assert "mine.png" in text and text.count("red *car*") >= 2
    # The image and a heatmap of each model.
    assert len(app.get("image")) == 3
    assert "the confidence is raw" in text and "check_circle" not in text


def test_a_broken_upload_is_named_and_the_others_are_predicted(workspace, open_page, words):
    app = open_page("try_it", model=["good"], data="colours")
    files = [("broken.png", b"no image at all", "image/png"), ("mine.png", png(), "image/png")]
    app.file_uploader(key="try_it_files").set_value(files).run()
    assert not app.exception
    assert len(app.error) == 1 and "broken" in app.error[0].value
    assert "mine.png" in words(app).replace("\\", "") and len(app.get("image")) == 2


def test_the_average_and_augmentation(workspace, open_page, words):
    app = open_page("try_it", model=["good", "poor"], data="colours", average="yes", augment="mirror", maps="hide")
    app.file_uploader(key="try_it_files").set_value([("mine.png", png(), "image/png")]).run()
    assert not app.exception and not app.error
    assert "Average of the models" in words(app) and len(app.get("progress")) == 3
    assert len(app.get("image")) == 1


def test_a_model_that_cannot_be_opened_is_said_and_the_others_predict(workspace, open_page, words):
    app = open_page("try_it", model=["broken", "good"], data="colours")
    app.file_uploader(key="try_it_files").set_value([("mine.png", png(), "image/png")]).run()
    assert not app.exception and len(app.error) == 1
    assert len(app.get("progress")) == 1


def test_many_images_wait_to_be_asked_for(workspace, open_page, words, monkeypatch):
    monkeypatch.setenv("CARVIS_UNASKED_SECONDS", "0")
    app = open_page("try_it", model=["good", "poor"], data="colours")
    files = [(f"{i}.png", png((i, 30, 200)), "image/png") for i in range(31)]
    app.file_uploader(key="try_it_files").set_value(files).run()
    assert not app.exception and not app.get("progress")
    app.button(key="predict_begin").click().run()
    assert not app.exception and not app.error
    # Six cards a page, two models.
    assert len(app.get("progress")) == 12 and "31 images" in words(app)


def test_japanese(workspace, open_page, words):
    app = open_page("try_it", model=["good"], data="colours", lang="ja")
    app.file_uploader(key="try_it_files").set_value([("mine.png", png(), "image/png")]).run()
    assert not app.exception and not app.error
    assert "信頼度" in " ".join(str(one.proto.text) for one in app.get("progress"))


def test_a_folder_and_the_camera_are_offered(workspace, open_page, words):
    for source in ("folder", "camera"):
        app = open_page("try_it", model=["good"], data="colours", source=source)
        assert not app.exception and not app.error and "No image yet" in " ".join(one.proto.title for one in app.info)
        assert app.get("camera_input" if source == "camera" else "file_uploader")
