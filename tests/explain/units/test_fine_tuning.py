"""The fine-tuning lens on a pair of models made by hand, and on the demo's transfer and fine-tuned models."""

from pathlib import Path

import keras
import numpy as np
import pytest

from carvis.classifier import Classifier, load_classifier
from carvis.dataset import Dataset
from carvis.errors import ModelError
from carvis.explain import FilterSettings, draw_filters, matching_layers, tuning_table
from carvis.explain.units.fine_tuning import relative_change
from carvis.images import write_image

L = keras.layers
ROOT = Path(__file__).parents[3]


def pair_of(head_names=("dense", "dense")) -> list[Classifier]:
    """Two models of two convolutions: the first frozen, and of the second filter 1 times 1.5 and filter 2 silenced."""
    calls = []
    for name, head in zip(("before", "after"), head_names, strict=True):
        image = keras.Input((8, 8, 3))
        x = L.Conv2D(2, 1, activation="relu", use_bias=False, name="frozen")(image)
        x = L.Conv2D(3, 1, activation="relu", use_bias=False, name="tuned")(x)
        model = keras.Model(image, L.Dense(2, activation="softmax", name=head)(L.GlobalAveragePooling2D()(x)))
        first = np.array([[1, 0], [0, 1], [0, 0]], np.float32)
        second = np.array([[3, 3, 1], [4, 4, 0]], np.float32)
        if name == "after":
            second *= [1, 1.5, 0]
        model.get_layer("frozen").set_weights([first[None, None]])
        model.get_layer("tuned").set_weights([second[None, None]])
        calls.append(Classifier(model, ["a", "b"], preprocessing="unit", name=name))
    return calls


@pytest.mark.filterwarnings("error")
def test_changes_are_shares_of_what_was():
    before, after = np.array([[3.0, 3, 0, 0], [4, 4, 0, 0]]), np.array([[3.0, 6, 0, 1], [4, 8, 0, 0]])
    assert relative_change(before, after).tolist() == [0, 1, 0, np.inf]


def test_each_filter_by_hand(tmp_path):
    """Filter 1 grows by half: |6 - 4| over 6 + 4 of every unit of activation, 0.2. Filter 2 falls silent: 1."""
    before, after = pair_of()
    image = write_image(tmp_path / "a.png", np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8))
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"x")
    frozen, tuned = matching_layers(before, after)
    assert (frozen.before, frozen.same, frozen.change) == ("frozen", True, 0.0)
    assert not tuned.same and not tuned.same_weights
    table = tuning_table(before, after, tuned, [image, bad])
    np.testing.assert_allclose(table["weight_change"], [0, 0.5, 1])
    np.testing.assert_allclose(table["activation_change"], [0, 0.2, 1], atol=1e-6)
    still = tuning_table(before, after, frozen, [image])
    assert not still["weight_change"].any() and not still["activation_change"].any()
    patterns = [draw_filters(clf, "frozen", settings=FilterSettings(8, 3)).images for clf in (before, after)]
    np.testing.assert_array_equal(*patterns)


def test_the_same_weights_above_changed_ones_are_not_the_same():
    before, after = pair_of()
    kernel = after.layer("frozen").get_weights()[0]
    after.layer("frozen").set_weights([kernel * 2])
    after.layer("tuned").set_weights(before.layer("tuned").get_weights())
    frozen, tuned = matching_layers(before, after)
    assert not frozen.same_weights and frozen.change == pytest.approx(1)
    assert tuned.same_weights and not tuned.same


def test_models_that_share_nothing_are_told():
    before, _ = pair_of()
    image = keras.Input((8, 8, 3))
    x = L.Conv2D(5, 1, name="frozen")(image)
    other = keras.Model(image, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    with pytest.raises(ModelError, match="share no convolution"):
        matching_layers(before, Classifier(other, ["a", "b"], preprocessing="unit", name="other"))


def test_the_demos_frozen_blocks_come_out_identical():
    before, after = (load_classifier(ROOT / "models" / f"demo_{name}.keras") for name in ("transfer", "fine-tune"))
    pairs = matching_layers(before, after)
    same = [pair.same for pair in pairs]
    assert len(pairs) == len(before.conv_layers) and True in same and False in same
    # Frozen below, trained above, nothing in between.
    assert same == sorted(same, reverse=True)
    last_frozen, last = pairs[same.index(False) - 1], pairs[-1]
    paths = Dataset(ROOT / "data" / "demo").samples("test")["path"].head(8)
    still, moved = (tuning_table(before, after, pair, paths) for pair in (last_frozen, last))
    assert not still[["weight_change", "activation_change"]].to_numpy().any()
    assert (moved["weight_change"] > 0).all() and (moved["activation_change"] > 0).mean() > 0.5
    patterns = [
        draw_filters(clf, path, range(4), FilterSettings(32, 4)).images
        for clf, path in ((before, last_frozen.before), (after, last_frozen.after))
    ]
    np.testing.assert_array_equal(*patterns)
