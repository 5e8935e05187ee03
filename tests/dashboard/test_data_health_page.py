"""Page Data: nothing is checked unasked; the finding, copies side by side, classes, light, problems, the split."""

import shutil

import numpy as np
import pytest

from carvis.dataset import Dataset
from carvis.images import write_image


def _blocks(rng) -> np.ndarray:
    return np.kron(rng.integers(0, 256, (8, 8, 3)), np.ones((6, 6, 1))).astype(np.uint8)


@pytest.fixture
def leaky(own_workspace):
    """Eight different pictures of two classes in train; two of them also in test, one under another label."""
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
    app.button(key="work_begin").click().run(timeout=60)
    assert not app.exception and not [one for one in app.error if "memory" not in one.value]
    return app


def test_nothing_is_checked_unasked_and_what_was_is_there_at_once(leaky, open_page, words):
    app = open_page("data_health", data="leaky")
    assert not app.exception and not app.error
    assert "in training" not in words(app) and app.selectbox(key="choose_true")
    checked(app)
    assert "2 of 3 test pictures are also in training: the test accuracy measures memory" in words(app).replace(
        "\\", ""
    )
    assert {metric.label: metric.value for metric in app.metric} == {
        "Pictures": "12",
        "Different files": "9",
        "Different photographs": "9",
        "In two classes": "1",
        "Broken files": "1",
    }
    assert "another label" in words(app) and "exact copy" in words(app) and len(app.get("image")) == 4
    again = open_page("data_health", data="leaky", pairs="labels")
    assert len(again.get("image")) == 2 and not [button for button in again.button if button.key == "work_begin"]
    again.get_by_key("choose_twins").set_value("near").run()
    assert "none of this kind" in words(again)


def test_every_section_shows(leaky, open_page, words):
    checked(open_page("data_health", data="leaky"))
    app = open_page("data_health", data="leaky", health="classes", true="b", split="train")
    assert "4 Training pictures" in words(app) and len(app.get("image")) == 4
    app = open_page("data_health", data="leaky", health="light", light="blurriest")
    assert not app.exception and len(app.get("image")) == 9 and "Laplacian" in words(app)
    app = open_page("data_health", data="leaky", health="problems")
    assert not app.exception and any("broken.jpg" in frame.value.to_csv() for frame in app.dataframe)
    assert "fewer than 10" in words(app)


def test_the_split_is_made_on_request_and_is_then_a_data_set(leaky, open_page, words):
    app = checked(open_page("data_health", data="leaky"))
    out = leaky / "data" / "leaky-free"
    assert not out.exists() and "carvis split" in words(app)
    app.button(key="health_split").click().run(timeout=60)
    assert not app.exception, app.exception
    # A second copy, two whose labels disagree, and the broken file.
    assert "4 pictures were left out" in words(app).replace("\\", "")
    assert "train" in Dataset(out).splits and (out / "split.csv").is_file()
    app = checked(open_page("data_health", data="leaky-free"))
    assert "No test picture has a copy in training" in words(app) and "carvis split" not in words(app)


def test_accuracy_without_copies_is_beside_the_accuracy(leaky, open_page, words):
    from carvis.classifier import load_classifier
    from carvis.evaluation import evaluate

    folder = leaky / "data" / "evaluations" / "colours" / "test" / "good"
    shutil.copy(
        leaky / "data" / "colours" / "test" / "green" / "car 1.png", leaky / "data" / "colours" / "train" / "green"
    )
    clf = load_classifier(leaky / "models" / "good.keras")
    made = evaluate(clf, leaky / "data" / "colours")
    # The small workspace's own training pictures are drawn as the first test pictures are.
    assert made.leak.copies > 0 and not made.leak.measurable
    made.save(folder)
    app = open_page("overview")
    table = next(frame.value for frame in app.dataframe if "without copies" in frame.value)
    assert "not measurable: make a leak-free split" in set(table["without copies"])
    app = open_page("misclassified", data="colours", table="colours/test/good")
    assert f"Without the {made.leak.copies} that are also in training" in words(app).replace("\\", "")


def test_without_pictures_the_next_step_is_named(empty_workspace, open_page):
    app = open_page("data_health")
    assert app.info and app.code
