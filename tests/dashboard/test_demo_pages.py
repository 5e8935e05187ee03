"""The shipped demo: calibrated confidence, novelty, neighbours and label issues, of what is shipped alone."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
FINE = "demo_fine-tune"
pytestmark = pytest.mark.usefixtures("unasked")


@pytest.fixture
def demo(tmp_path, monkeypatch) -> Path:
    """The demo as it is shipped: without training and validation images, and without a cache."""
    for part in ("data/demo/test", "data/evaluations/demo"):
        shutil.copytree(ROOT / part, tmp_path / part)
    for file in ("data/demo/truth.json", "data/demo/thumbnails.zip"):
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / "models").mkdir()
    for file in (ROOT / "models").glob(f"{FINE}.*"):
        shutil.copy(file, tmp_path / "models")
    monkeypatch.setenv("CARVIS_WORKSPACE", str(tmp_path))
    return tmp_path


def first_misclassified(workspace: Path) -> str:
    from carvis.evaluation import load_evaluation

    folder = workspace / "data" / "evaluations" / "demo" / "test" / FINE
    return str(load_evaluation(folder).misclassified()["id"].iloc[0])


def shares(app) -> list[str]:
    return [str(one.proto.text) for one in app.get("progress")]


def test_confidence_is_calibrated_and_novelty_known_on_page_try_it(demo, open_page, words):
    sample = first_misclassified(demo)
    app = open_page("try_it", data="demo", model=[FINE], sample=[sample], maps="hide")
    assert not app.exception and not app.error
    assert len(shares(app)) == 1 and shares(app)[0].startswith("calibrated confidence")
    assert "raw" not in " ".join(shares(app)) and "the confidence is raw" not in words(app)
    assert "training images nearest to it for" in words(app)
    assert "unlike anything in training" in words(app)


@pytest.mark.real
def test_a_photograph_from_elsewhere_has_a_calibrated_confidence_and_a_verdict(demo, open_page, words, real_data):
    photo = next(iter(sorted((real_data / "cars20" / "test").rglob("*.jpg"))))
    app = open_page("try_it", data="demo", model=[FINE], maps="hide")
    app.file_uploader(key="try_it_files").set_value([(photo.name, photo.read_bytes(), "image/jpeg")]).run()
    assert not app.exception and not app.error
    assert shares(app)[0].startswith("calibrated confidence")
    # Whether it is unlike training is for the model's features to say; that it is said is what this is about.
    assert "1 image · " in words(app) and "unlike anything in training" in words(app)
    assert "training images nearest to it for" in words(app) and "the confidence is raw" not in words(app)


def test_label_issues_among_the_nearest_training_images_are_known(demo, open_page, words):
    app = open_page(
        "misclassified", data="demo", table=f"demo/test/{FINE}", model=[FINE], open=first_misclassified(demo)
    )
    assert not app.exception and not app.error
    text = words(app).replace("\\", "")
    assert f"training images nearest to it for **{FINE}**" in text
    assert "label issue" in text and "label issues among them are not known" not in text


def test_a_replaced_image_is_ignored_on_the_map_and_named(demo, open_page, words):
    sample = first_misclassified(demo)
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(demo / "data" / "demo" / sample)
    app = open_page("image_map", data="demo", model=[FINE], split="test")
    assert not app.exception and not app.error
    assert any("1 image of demo was replaced" in one.value.replace("\\", "") for one in app.warning)
