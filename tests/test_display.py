"""What objects show of themselves in a notebook: names as names, small, quick, and never more than was computed."""

import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

import carvis
from carvis import Dataset, check_dataset, compare, display
from carvis.classifier import Classifier
from carvis.errors import CarvisError
from carvis.explain import FilterSettings, draw_filters, heatmaps
from carvis.explain.attention import Attention
from carvis.explain.attention.result import MEASURES
from carvis.images import read_image, write_image
from tests.evaluation.small_evaluations import evaluation

L = keras.layers
EVIL = "<script>alert(1)</script>"
CLASSES = [EVIL, "ドア & 窓"]
MOST_BYTES, MOST_SECONDS = 200_000, 1.0


@pytest.fixture(scope="module")
def clf():
    image = keras.Input((16, 16, 3))
    x = L.Conv2D(4, 3, name="conv", activation="relu", kernel_initializer=keras.initializers.GlorotUniform(1))(image)
    model = keras.Model(image, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    return Classifier(model, CLASSES, name=f"m{EVIL}", assumptions=[f"assumed {EVIL}"])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("display") / "mini"
    for split in ("train", "test"):
        for label in ("a&b", "<i>"):
            write_image(root / split / label / "1.png", np.full((40, 60, 3), 90, np.uint8))
    return Dataset(root)


def html_of(result) -> str:
    begin = time.process_time()
    html = result._repr_html_()
    assert time.process_time() - begin < MOST_SECONDS
    assert len(html.encode()) < MOST_BYTES
    assert "<script" not in html and "<i>" not in html
    return html


def test_a_classifier_shows_what_is_bound_to_it(clf):
    html = html_of(clf)
    assert "16x16x3" in html and "&lt;script&gt;" in html and "assumed" in html
    assert repr(clf).startswith("Classifier(")


def test_a_data_set_shows_its_counts_and_images(data):
    html = html_of(data)
    assert "a&amp;b" in html and "&lt;i&gt;" in html and html.count("<img") == 2


def test_a_data_set_lists_its_files_once(data, monkeypatch):
    fresh, scans = Dataset(data.root), []
    original = type(fresh)._scan.__globals__["list_split"]
    monkeypatch.setitem(type(fresh)._scan.__globals__, "list_split", lambda *a: scans.append(a) or original(*a))
    html_of(fresh)
    html_of(fresh)
    fresh.counts()
    assert len(scans) == 2


def test_a_large_split_is_not_counted_for_its_looks(data, monkeypatch):
    monkeypatch.setattr("carvis.dataset.display._COUNTED", 1)
    fresh = Dataset(data.root)
    assert "…" in html_of(fresh) and not fresh.scanned("train")
    fresh.counts()
    assert "…" not in html_of(fresh)


def test_health_shows_what_was_found(data):
    html = html_of(check_dataset(data))
    assert "test – train" in html and "100.0%" in html


def test_evaluations_show_metrics_and_comparisons_gaps():
    rows = [(f"{i}", CLASSES[i % 2]) for i in range(20)]
    right = evaluation("right", CLASSES, [(i, label, [0.9, 0.1] if label == EVIL else [0.1, 0.9]) for i, label in rows])
    wrong = evaluation("wrong", CLASSES, [(i, label, [0.9, 0.1]) for i, label in rows])
    html = html_of(wrong)
    assert "50.0%" in html and "<img" in html and "&lt;script&gt;" in html
    comparison = compare([wrong, right])
    html = html_of(comparison)
    # Right alone on 10 and 0: p = 2 / 2 ** 10 = 0.00195. The bootstrap is not run for it.
    assert "right – wrong" in html and "0.002" in html and "pairs" not in vars(comparison)


def test_many_classes_stay_small():
    names = [f"class {i}" for i in range(300)]
    rows = [(str(i), name, np.eye(300)[i]) for i, name in enumerate(names)]
    html_of(evaluation("m", names, rows))


def test_a_heatmap_shows_itself_over_its_image(clf, data, monkeypatch):
    path = data.samples("test")["path"].iloc[0]
    [of_file] = list(heatmaps(clf, [path]))
    [of_array] = heatmaps(clf, read_image(path)[None])
    monkeypatch.setattr(Classifier, "predict", None)
    assert "jpeg" in html_of(of_file) and "1.png" in html_of(of_file) and "<img" in html_of(of_array)
    Path(path).rename(f"{path}.gone")
    assert "<img" in html_of(of_file)
    Path(f"{path}.gone").rename(path)


def test_filter_patterns_and_activations_show_themselves_and_stay_what_they_are(clf):
    drawn = draw_filters(clf, "conv", settings=FilterSettings(64, 1))
    assert "<img" in html_of(drawn) and type(drawn.images) is np.ndarray
    activations = carvis.activations(clf, np.zeros((16, 16, 3), np.uint8))
    assert (
        isinstance(activations, dict) and list(activations) == ["conv"] and repr(activations) == repr(dict(activations))
    )
    assert "14 x 14 x 4" in html_of(activations)


def test_noise_is_made_coarser_until_it_is_small():
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1200, 3), np.uint8)
    assert len(display.image(noise, "noise")) < 1.4 * display.IMAGE_BYTES + 300


def test_attention_shows_its_parts():
    columns = {"id": ["1", "2"], "label": "a", "predicted": "a", "confidence": 0.9, "right": True}
    columns |= {"target": "a", "probability": 0.9, "status": "ok"}
    columns |= {f"{measure}:{EVIL}": 0.25 for measure in MEASURES}
    html = html_of(Attention(pd.DataFrame(columns), (EVIL,), {}, setup={"model": "m", "data": "d", "split": "test"}))
    assert "25.0%" in html and "1.0" in html


def test_a_damaged_file_leaves_the_text():
    @display.html_unless_damaged
    def broken(thing):
        raise CarvisError("damaged")

    assert broken(None) is None


def test_a_run_shows_its_epochs():
    run = carvis.Run(Path(__file__).parents[1] / "data" / "runs" / "demo_own")
    assert "finished" in html_of(run) and "val_accuracy" in html_of(run)


def test_it_speaks_japanese(data):
    from carvis.language import speaking

    with speaking("ja"):
        assert "クラス" in html_of(data)
