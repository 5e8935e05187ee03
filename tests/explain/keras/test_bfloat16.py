"""Convolutions in bfloat16: what they round, that nothing else does, and where they are refused."""

import keras
import numpy as np
import pytest
from scipy.stats import spearmanr

from carvis.classifier import Classifier, load_classifier
from carvis.errors import ModelError
from carvis.explain import Heatmap, heatmaps, request

L = keras.layers
# bfloat16 keeps 8 binary digits: this rounds to 1.
NEARLY_ONE = 1 + 2.0**-9
IMAGE = np.zeros((1, 2, 2, 3), np.uint8)
IMAGE[0, :, :, 0] = [[255, 0], [0, 255]]


@pytest.fixture
def units(monkeypatch):
    """bfloat16 works on every processor, if slowly: let this one count as fast."""
    monkeypatch.setattr(request, "has_bfloat16", lambda: True)


def rounding(nested: bool = False) -> Classifier:
    """Red times a weight that bfloat16 rounds, then a dense layer with the same weight."""
    image = keras.Input((2, 2, 3))
    conv = L.Conv2D(1, 1, use_bias=False, name="conv")
    x = keras.Sequential([keras.Input((2, 2, 3)), conv], name="base")(image) if nested else conv(image)
    model = keras.Model(image, L.Dense(2, use_bias=False, name="dense")(L.Flatten()(x)))
    kernel = np.zeros((1, 1, 3, 1), np.float32)
    kernel[0, 0, 0, 0] = NEARLY_ONE
    model.set_weights([kernel, np.full((4, 2), NEARLY_ONE, np.float32)])
    return Classifier(model, ["a", "b"], preprocessing="unit", name="rounding")


@pytest.mark.parametrize("nested", [False, True])
def test_convolutions_round_and_dense_layers_do_not(units, nested):
    clf = rounding(nested)
    for kind, weight in (("full", NEARLY_ONE), ("fast", 1.0)):
        heatmap = heatmaps(clf, IMAGE, "hirescam", target=0, precision=kind)[0]
        np.testing.assert_array_equal(heatmap.raw, np.eye(2) * np.float32(weight * NEARLY_ONE))
        assert heatmap.score == pytest.approx(2 * weight * NEARLY_ONE, abs=1e-7)
        assert heatmap.precision == kind and heatmap.raw.dtype == np.float32


def test_gradients_that_run_through_convolutions_round_too(units):
    clf = rounding()
    kinds = {
        kind: heatmaps(clf, IMAGE, "integrated-gradients", target=0, precision=kind)[0] for kind in ("full", "fast")
    }
    np.testing.assert_allclose(kinds["full"].raw, np.eye(2) * NEARLY_ONE**2, rtol=1e-6)
    np.testing.assert_allclose(kinds["fast"].raw, np.eye(2), rtol=1e-2)
    assert (kinds["fast"].raw != kinds["full"].raw).any()


def test_the_model_stays_in_float32(units):
    clf = rounding()
    before = clf.predict(IMAGE)
    config, weights = clf.model.get_config(), clf.model.get_weights()
    heatmaps(clf, IMAGE, precision="fast")
    assert clf.model.get_config() == config and "call" not in vars(clf.layer("conv"))
    for old, new in zip(weights, clf.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(clf.predict(IMAGE), before)
    clf.layer("conv").set_weights([np.full((1, 1, 3, 1), 2, np.float32)])
    # Weights that changed since count at once: no copy of the model is kept.
    assert heatmaps(clf, IMAGE, "hirescam", target=0, precision="fast")[0].raw[0, 0] == np.float32(2 * NEARLY_ONE)


def test_a_map_says_its_precision_in_its_file_and_old_files_still_open(units, tmp_path):
    heatmap = heatmaps(rounding(), IMAGE, precision="fast")[0]
    path = heatmap.save(tmp_path / "map")
    assert Heatmap.load(path).precision == "fast"
    with np.load(path) as file:
        parts = dict(file)
    parts["facts"] = np.array(str(parts["facts"]).replace(', "precision": "fast"', ""))
    np.savez(tmp_path / "old.npz", **parts)
    assert Heatmap.load(tmp_path / "old.npz").precision == "full"


def test_refused_where_it_cannot_help_or_is_not_known(monkeypatch):
    monkeypatch.setattr(request, "has_bfloat16", lambda: False)
    with pytest.raises(ModelError, match="no bfloat16 units"):
        heatmaps(rounding(), IMAGE, precision="fast")
    with pytest.raises(ModelError, match="half is not a precision"):
        heatmaps(rounding(), IMAGE, precision="half")


@pytest.mark.real
def test_maps_of_photographs_keep_their_ranks(units, real_data):
    file = real_data / "legacy_h5" / "vgg16_functional_gap_keras220.h5"
    clf = load_classifier(file, class_names=[f"class {i}" for i in range(20)])
    images = sorted((real_data / "cars20" / "test").glob("*/car*.jpg"))[:4]
    full, fast = (list(heatmaps(clf, images, precision=kind)) for kind in ("full", "fast"))
    for first, second in zip(full, fast, strict=True):
        assert spearmanr(first.raw.ravel(), second.raw.ravel()).statistic > 0.98
        assert (first.raw != second.raw).any()
