"""Page Slices: searched on request and kept, the models compared, the images, the same images on other pages."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from carvis.evaluation import load_evaluation
from carvis.evaluation.metrics import probability_columns
from carvis.tags import ImageSets, Tags
from tests.evaluation.small_evaluations import evaluation as evaluation_of
from tests.report.test_slices_section import dark_and_light

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dark_images(tmp_path_factory):
    """A workspace with 360 images, of which two models fail on the dark ones: one on half of them, one on all."""
    root = tmp_path_factory.mktemp("dark")
    data, found = dark_and_light(root)
    for name, evaluation in found.items():
        replace(evaluation, root=data.root).save(root / "data" / "evaluations" / "night" / "test" / name)
    return root


@pytest.fixture
def night(dark_images, tmp_path, monkeypatch):
    root = tmp_path / "night"
    shutil.copytree(dark_images, root)
    monkeypatch.setenv("CARVIS_WORKSPACE", str(root))
    return root


def opened(open_page, **params):
    app = open_page("slices", **({"data": "night", "model": ["half", "all"]} | params))
    assert not app.exception and not app.error
    return app


def searched(open_page, **params):
    app = opened(open_page, **params)
    app.button(key="work_begin").click().run(timeout=180)
    assert not app.exception and not app.error
    return app


def gallery(app) -> list[str]:
    return [button.key.removeprefix("open_") for button in app.button if (button.key or "").startswith("open_")]


def dark(sample: str) -> bool:
    return int(sample.rsplit("/", 1)[-1].removesuffix(".png")) % 3 == 0


def test_without_predictions_the_page_names_the_command(workspace, open_page, words):
    app = open_page("slices", data="colours", split="train")
    assert not app.exception and "python -m carvis evaluate" in words(app)
    assert "No predictions to search yet" in [info.proto.title for info in app.info]


def test_in_an_empty_workspace_the_page_says_what_to_do(empty_workspace, open_page, words):
    app = open_page("slices")
    assert not app.exception and not app.error and "python -m carvis evaluate" in words(app)


def test_a_slice_has_its_sentence_its_figures_and_the_models_on_it(night, open_page, words):
    app = searched(open_page)
    text = words(app)
    assert "**half**: 1 slice is confirmed" in text and "**Dark images \\(brightness under" in text
    assert re.search(r"against \d+ % for the rest", text) and "Confirmed on" in text
    assert "all loses" in text and "times as much there as half" in text
    assert "feature clusters and the distance to training images" in text and "evaluate it again" in text
    # What may have been missed stands below what was found.
    assert text.index("Confirmed on") < text.index("only if its accuracy is at most")
    # Neither model has a file here: none is needed.
    assert not app.warning
    table = next(frame.value for frame in app.dataframe if "Loss, points" in frame.value)
    assert table["Model"].tolist() == ["half", "all"] and table["McNemar p"][0] == "–"


def test_what_was_searched_is_kept_by_content(night, open_page, monkeypatch):
    from ui.slices import search

    searched(open_page)

    def never(*args, **more):
        raise AssertionError("searched again")

    with monkeypatch.context() as patch:
        patch.setattr(search, "slices", never)
        again = opened(open_page)
        assert gallery(again) and not [button for button in again.button if button.key == "work_begin"]
    # What decides the result changed: single properties only, another tag, other predictions.
    assert opened(open_page, slice_pairs="off").button(key="work_begin")
    sample = gallery(again)[0]
    predictions = load_evaluation(night / "data" / "evaluations" / "night" / "test" / "half").predictions
    content = predictions.set_index("id")["sha256"][sample]
    Tags(night / "data" / "tags.sqlite").tag("night", sample, content, "blurred")
    # What was found stays while images are tagged.
    tagged = opened(open_page)
    assert "Tags have changed" in "\n".join(one.value for one in tagged.caption)
    assert tagged.button(key="work_begin") and gallery(tagged) == gallery(again)
    assert opened(open_page, model="all").button(key="work_begin")


def test_the_gallery_shows_the_errors_of_the_slice_or_all_its_images(night, open_page, words):
    app = searched(open_page)
    evaluation = load_evaluation(night / "data" / "evaluations" / "night" / "test" / "half")
    wrong = set(evaluation.misclassified()["id"])
    assert set(gallery(app)) <= wrong and len(gallery(app)) == 24 and all(map(dark, gallery(app)))
    assert "images misclassified." in words(app)
    app = opened(open_page, slice_images="all", page="3")
    assert not set(gallery(app)) <= wrong
    first = gallery(app)[0]
    app.button(key=f"open_{first}").click().run()
    assert not app.exception and app.query_params["open"] == first and app.query_params["slice_images"] == "all"


@pytest.mark.parametrize("page", ["image_map", "misclassified"])
def test_the_same_images_are_a_click_away(night, open_page, page):
    app = searched(open_page)
    app.button(key=f"slice_on_{page}").click().run()
    assert not app.exception
    store = ImageSets(night / "data" / "tags.sqlite")
    [name] = store.counts("night")
    assert name.startswith("dark images (brightness under") and len(name) <= 60
    ids = store.ids("night", name)
    assert len(ids) > 100 and sum(map(dark, ids)) > 0.9 * len(ids)
    other = open_page("misclassified", data="night", table="night/test/all", image_set=name)
    assert not other.exception and not other.error
    assert set(gallery(other)) <= set(ids) and gallery(other)
    rows = load_evaluation(night / "data" / "evaluations" / "night" / "test" / "all").misclassified()
    assert f"{rows['id'].isin(ids).sum()} images match the filters" in "\n".join(one.value for one in other.caption)


def test_misclassified_names_a_set_that_is_gone(night, open_page, words):
    app = open_page("misclassified", data="night", table="night/test/all", image_set="<b>gone</b>")
    assert not app.exception and "There is no set" in words(app) and len(gallery(app)) == 24


def test_a_link_to_a_slice_that_is_not_there_shows_the_last(night, open_page):
    searched(open_page)
    assert gallery(opened(open_page, slice="7"))


def test_where_nothing_is_confirmed_the_page_says_why_and_what_it_takes(own_workspace, open_page, words):
    app = searched(open_page, data="colours", model="poor")
    text = words(app)
    assert "**poor**: No slice is confirmed" in text and "confirming half" in text and "Next step" in text
    assert not gallery(app) and "What was searched" in [expander.label for expander in app.expander]


def test_the_page_speaks_japanese(night, open_page, words):
    text = words(searched(open_page, lang="ja"))
    assert "暗い画像" in text and "is confirmed" not in text and "loses" not in text and "Not searched" not in text


def test_an_evaluation_that_cannot_be_read_is_named(night, open_page, words):
    (night / "data" / "evaluations" / "night" / "test" / "half" / "metrics.json").write_text("{")
    app = open_page("slices", data="night", model=["half", "all"])
    assert not app.exception and app.error and "metrics\\.json" in app.error[0].value


def test_the_demo_has_its_features_searched_and_says_what_it_could_show(tmp_path, open_page, words, monkeypatch):
    for part in ("data/demo", "data/evaluations/demo"):
        shutil.copytree(ROOT / part, tmp_path / part)
    monkeypatch.setenv("CARVIS_WORKSPACE", str(tmp_path))
    app = searched(open_page, data="demo", model=["demo_fine-tune", "demo_transfer"])
    text = words(app)
    assert "feature cluster, " in text and "Not searched" not in text
    # It fails on images that its features put far from all training images.
    assert "far from training images" in text and gallery(app)
    assert "it takes about" in text and "images; there are 300" in text


def save_with(found, root, name, sample):
    """Save an evaluation again, with more confidence in the prediction of one image."""
    columns = found.predictions[["id", "label", *probability_columns(["a", "b"])]]
    rows = []
    for key, label, *shares in columns.itertuples(index=False, name=None):
        sure = (0.99, 0.01) if shares[0] > shares[1] else (0.01, 0.99)
        rows.append((key, label, sure if key == sample else tuple(shares)))
    made = evaluation_of(name, ["a", "b"], rows, data="night")
    made.predictions["sha256"] = found.predictions["sha256"]
    replace(made, root=root / "data" / "night").save(root / "data" / "evaluations" / "night" / "test" / name)


def test_of_two_models_with_the_same_slices_each_is_compared_under_its_name(night, open_page):
    everything = load_evaluation(night / "data" / "evaluations" / "night" / "test" / "all")
    save_with(everything, night, "twin", everything.predictions["id"][0])
    for first in ("all", "twin"):
        app = searched(open_page, model=[first, "half"])
        table = next(frame.value for frame in app.dataframe if "Loss, points" in frame.value)
        assert table["Model"].tolist() == [first, "half"]


def test_images_are_ordered_by_the_confidence_of_the_evaluation_as_it_is_now(night, open_page):
    app = searched(open_page)
    evaluation = load_evaluation(night / "data" / "evaluations" / "night" / "test" / "half")
    last = gallery(app)[-1]
    save_with(evaluation, night, "half", last)
    app.run()
    assert not app.exception and not app.error and gallery(app)[0] == last
