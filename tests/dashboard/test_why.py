"""The panel "Why?": nearest images in the large view and on Heatmaps, their marks, and what it says without them."""

import io
import shutil

import numpy as np
import pytest
from PIL import Image

BLUE = "test/blue/car 0.png"


@pytest.fixture
def with_training(own_workspace):
    """The small workspace, with the predictions for training images and a test image copied into training."""
    from carvis.classifier import load_classifier
    from carvis.dataset import Dataset
    from carvis.evaluation import evaluate

    data = own_workspace / "data" / "colours"
    shutil.copy(data / BLUE, data / "train" / "blue" / "twin.png")
    clf = load_classifier(own_workspace / "models" / "good.keras")
    folder = own_workspace / "data" / "evaluations" / "colours" / "train" / "good"
    evaluate(clf, Dataset(data), "train", workspace=own_workspace).save(folder)
    return own_workspace


def rows_of_misclassified(workspace, model="good"):
    from carvis.evaluation import load_evaluation

    folder = workspace / "data" / "evaluations" / "colours" / "test" / model
    return load_evaluation(folder).misclassified()["id"].tolist()


def test_without_embeddings_it_gives_the_command(workspace, open_page, words):
    sample = rows_of_misclassified(workspace)[0]
    app = open_page("misclassified", data="colours", table="colours/test/good", open=sample)
    assert not app.exception and not app.error
    text = words(app)
    assert "No embeddings of the training images by good" in text
    assert any("evaluate" in code.value and code.value.rstrip().find("--split train") > 0 for code in app.code)


def test_other_splits_are_chosen_in_the_large_view(with_training, open_page, words):
    sample = rows_of_misclassified(with_training)[0]
    app = open_page("misclassified", data="colours", table="colours/test/good", model=["good"], open=sample)
    assert not app.exception and not app.error
    assert "training images nearest to it for **good**" in words(app)
    app.get("button_group")[-1].set_value("test").run()
    assert not app.exception and list(app.query_params["near"]) in (["test"], list("test"))
    assert "of the 10 test images nearest to it for **good**" in words(app)


def test_a_near_duplicate_is_marked_and_both_heatmaps_are_a_click_away(with_training, open_page, words):
    app = open_page("heatmaps", data="colours", model=["good"], sample=[BLUE])
    assert "nearest to it" not in words(app)
    app.session_state["why_0"] = True
    app.run()
    assert not app.exception and not app.error
    assert "near-duplicate" in words(app)
    assert any("near-duplicate of this image" in one.value for one in app.warning)
    assert "label issue" in words(app)
    # For who hears the page: which file it is, and how it is marked. The evaluation names the first of two duplicates;
    # the other one came later, and no check of the data set is kept that would know it.
    table = next(one.value for one in app.dataframe if "Near-duplicate" in one.value)
    marked = table[table["Near-duplicate"].astype(bool)]
    assert len(table) == 9 and marked["Image"].tolist() == ["train/blue/car 0.png"]
    twin = table[table["Image"].str.endswith("twin.png")]
    assert table["Label issue"].notna().all()
    assert twin["True class"].tolist() == ["blue"] and twin["Distance"].iloc[0] < 1e-4
    links = [one.proto for one in app.get("page_link") if "twin.png" in str(one.proto)]
    assert len(links) == 1 and "class%3Ablue" in str(links[0]).replace(":", "%3A")


def opened_panels(app) -> None:
    """Open every panel of the page: their keys hold the ids that Streamlit gave uploads."""
    for key in [str(key) for key in app.session_state._state.filtered_state]:
        if key.startswith("why_"):
            app.session_state[key] = True
    app.run()
    assert not app.exception and not app.error


def badges(app) -> str:
    return " ".join(one.value for one in app.get("caption"))


@pytest.mark.parametrize("page", ["heatmaps", "try_it"])
def test_an_upload_is_held_against_any_split_on_the_spot(with_training, unasked, open_page, words, page):
    """The content of a training image: that image is the nearest, and the model cannot tell the two apart."""
    app = open_page(page, data="colours", model=["good", "poor"])
    content = (with_training / "data" / "colours" / "train" / "blue" / "twin.png").read_bytes()
    app.file_uploader[0].set_value([("mine.png", content, "image/png")]).run()
    before = words(app)
    opened_panels(app)
    assert "training images nearest to it for **good** are **blue**" in words(app).replace(before, "")
    assert "same features" in badges(app)
    # Model poor was not evaluated on training images.
    assert "No embeddings of the training images by poor" in words(app)
    links = [one.proto for one in app.get("page_link") if "class%3A" in str(one.proto).replace(":", "%3A")]
    assert bool(links) == (page == "heatmaps")
    [splits] = [group for group in app.get("button_group") if group.key.startswith("near_")]
    splits.set_value("test").run()
    assert not app.exception
    assert "of the 10 test images nearest to it for **good**" in words(app)
    assert "of the 10 test images nearest to it for **poor**" in words(app)


def test_an_upload_and_a_model_that_cannot_be_opened(with_training, open_page, words):
    app = open_page("heatmaps", data="colours", model=["broken", "good"])
    buffer = io.BytesIO()
    Image.fromarray(np.full((48, 64, 3), 90, np.uint8)).save(buffer, "PNG")
    app.file_uploader[0].set_value([("mine.png", buffer.getvalue(), "image/png")]).run()
    app.session_state["why_0"] = True
    app.run()
    assert not app.exception and "training images nearest to it for **good**" in words(app)


def test_a_training_image_that_was_replaced_is_ignored_and_named(with_training, open_page, words):
    Image.fromarray(np.full((48, 64, 3), 5, np.uint8)).save(
        with_training / "data" / "colours" / "train" / "blue" / "twin.png"
    )
    app = open_page("heatmaps", data="colours", model=["good"], sample=[BLUE])
    opened_panels(app)
    assert any("1 image of colours was replaced after good was evaluated" in plain(one.value) for one in app.warning)
    assert "twin" not in " ".join(str(one.proto) for one in app.get("page_link"))


def plain(text: str) -> str:
    return text.replace("\\", "")


def test_japanese(with_training, open_page, words):
    app = open_page("heatmaps", data="colours", model=["good"], sample=[BLUE], lang="ja")
    app.session_state["why_0"] = True
    app.run()
    assert not app.exception and "最も近い" in words(app)


def test_the_same_image_is_searched_once(monkeypatch, with_training, open_page):
    """What is searched is kept by image and stamps: a second run of the page searches nothing."""
    from ui.state import embeddings

    searched = []
    original = embeddings.neighbour_table
    monkeypatch.setattr(embeddings, "neighbour_table", lambda *args: searched.append(args[0]) or original(*args))
    app = open_page("heatmaps", data="colours", model=["good"], sample=[BLUE])
    app.session_state["why_0"] = True
    app.run()
    n = len(searched)
    app.run()
    assert n == 1 and len(searched) == 1
