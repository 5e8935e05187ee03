"""The output of the frozen layers is computed once, and training from it is training the whole model."""

import keras
import numpy as np
import pytest

from carvis import Workspace
from carvis.architectures import build_model
from carvis.training import train
from carvis.training.batches import batches_in_order
from carvis.training.features import CacheStopped, FeatureCache
from carvis.training.image_set import ImageSet
from carvis.training.prefix import halve
from carvis.workspace import ArrayCache
from carvis.workspace.array_cache import LEAVE_FREE

L = keras.layers
FIGURES = ["loss", "accuracy", "val_loss", "val_accuracy"]


@pytest.mark.parametrize(
    ("recipe", "backbone", "cut"),
    [
        ("transfer", "vgg16", "global_average_pooling2d"),
        ("fine-tune", "vgg16", "block4_pool"),
        # The last block begins behind a sum of two branches: no earlier tensor is enough for the rest.
        ("fine-tune", "mobilenet_v2", "block_15_add"),
    ],
)
def test_the_model_is_cut_before_the_first_layer_that_learns(recipe, backbone, cut):
    model = build_model(recipe, 3, 32, None, backbone, head_units=4)
    halves = halve(model)
    assert halves.cut == cut and not halves.frozen.trainable_weights
    images = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    np.testing.assert_allclose(halves.learning(halves.frozen(images)), model(images), atol=1e-6)
    assert {id(v) for v in halves.learning.trainable_variables} == {id(v) for v in model.trainable_variables}


def test_a_branch_around_the_cut_moves_it_back():
    image = keras.Input((4, 4, 3))
    first = L.Conv2D(3, 1, trainable=False, name="first")(image)
    second = L.Conv2D(3, 1, trainable=False, name="second")(first)
    # What learns takes both, so the last tensor that alone is enough is the first one.
    joined = L.Add()([second, L.Conv2D(3, 1, name="learns")(first)])
    model = keras.Model(image, L.Dense(2, activation="softmax")(L.Flatten()(joined)))
    assert halve(model).cut == "first"


def test_nothing_is_cut_where_nothing_is_frozen_or_what_is_frozen_is_random():
    assert halve(build_model("own", 3, 32, width=4)) is None
    image = keras.Input((4, 4, 3))
    x = L.Conv2D(3, 1, trainable=False)(L.Dropout(0.5)(image))
    assert halve(keras.Model(image, L.Dense(2)(L.Flatten()(x)))) is None


@pytest.mark.parametrize(("recipe", "precision", "tolerance"), [
    ("transfer", "float32", 1e-5), ("fine-tune", "float32", 1e-5), ("fine-tune", "float16", 2e-3),
])  # fmt: skip
def test_training_from_kept_features_is_training_the_whole_model(colours, tmp_path, recipe, precision, tolerance):
    """Eight epochs over two views: the whole model sees the same views in the same order."""
    parent = train(
        "transfer", colours, backbone="vgg16-slim", input_size=32, head_units=8, epochs=1, workspace=Workspace(tmp_path)
    )
    options = {"epochs": 4, "views": 2, "workspace": Workspace(tmp_path)}
    options |= (
        {"parent": parent} if recipe == "fine-tune" else {"backbone": "vgg16-slim", "input_size": 32, "head_units": 8}
    )
    run = train(recipe, colours, cache_precision=precision, **options)
    plain = train(recipe, colours, cache=False, **options)
    assert "feature cache: up to" in run.log() and "feature cache" not in plain.log()
    assert [e["rows"] for e in run.events()[0] if e["kind"] == "caching"][-1] == 2 * 72 + 24
    np.testing.assert_allclose(run.history[FIGURES], plain.history[FIGURES], atol=10 * tolerance)
    first, second = run.classifier().model, plain.classifier().model
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=tolerance)
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]


@pytest.fixture
def filled(colours, tmp_path, config):
    """A cache of two views of the validation images, and how to fill it again."""
    keras.utils.set_random_seed(0)
    halves = halve(build_model("fine-tune", 3, 32, None, "vgg16-slim", head_units=4))
    images = ImageSet(colours.samples("valid"), colours.class_names, (32, 32))
    log, run_config = [], config(colours)

    def fill(precision="float32", **options):
        cache = FeatureCache(tmp_path / "features", log=log.append, **options)
        plan = cache.plan(halves, 2 * len(images), precision)
        return plan and cache.fill(halves, plan, [(images, [None, 3])], run_config)

    fill.halves, fill.images, fill.log, fill.folder = halves, images, log, tmp_path / "features"
    return fill


def rows(features, view=0):
    return np.concatenate([batch.numpy() for batch, _ in batches_in_order(features, 7, 3, view=view)])


def test_what_is_kept_is_what_the_frozen_part_gives(filled):
    [features] = filled()
    images = filled.images.images(np.arange(24)).astype(np.float32) / 255
    np.testing.assert_allclose(rows(features), filled.halves.frozen(images), atol=1e-6)
    assert np.abs(rows(features, 1) - rows(features)).max() > 1e-3
    np.testing.assert_array_equal(features.labels, filled.images.labels)


def test_it_is_computed_once_and_a_damaged_entry_anew(filled):
    [first] = filled()
    computed = []
    [repeated] = filled(progress=lambda done, total: computed.append(done))
    assert not computed
    np.testing.assert_array_equal(rows(first), rows(repeated))
    expected = rows(first).copy()
    for folder in filled.folder.iterdir():
        data = bytearray((folder / "features").read_bytes())
        data[100] ^= 255
        (folder / "features").write_bytes(data[: -8 if folder.name < "8" else None])
    [mended] = filled()
    np.testing.assert_array_equal(rows(mended), expected)
    assert sum("damaged" in text for text in filled.log) == 2


def test_a_full_disk_is_said_and_the_run_does_without(filled):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # No file may grow beyond a hundred bytes: on every system the nearest to a full disk that needs no rights.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        assert filled() is None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "could not be written" in filled.log[-1] and not list(filled.folder.rglob("features"))
    assert filled(max_bytes=1000) is None and "may be used" in filled.log[-1]


def test_the_bound_drops_what_was_unused_for_longest(filled):
    """Two entries are there; two of another model come into a room for three."""
    filled()
    size = sum(file.stat().st_size for file in filled.folder.glob("*/*"))
    before = {folder.name for folder in filled.folder.iterdir()}
    kernel, bias = filled.halves.frozen.layers[1].get_weights()
    filled.halves.frozen.layers[1].set_weights([kernel * 2, bias])
    filled(max_bytes=1.6 * size)
    left = {folder.name for folder in filled.folder.iterdir()}
    assert len(left & before) == 1 and len(left - before) == 2


def test_a_stop_ends_the_filling(filled):
    with pytest.raises(CacheStopped):
        filled(progress=lambda done, total: True)
    assert filled() is not None


def test_values_too_large_for_float16_are_kept_as_float32(filled):
    kernel, bias = filled.halves.frozen.layers[1].get_weights()
    filled.halves.frozen.layers[1].set_weights([kernel * 1e9, bias])
    [features] = filled("float16")
    assert np.isfinite(rows(features)).all() and rows(features).max() > 65504
    assert any("float32" in text and "too large" in text for text in filled.log)


def test_layers_that_augment_are_not_kept():
    image = keras.Input((8, 8, 3))
    x = L.Conv2D(3, 1, trainable=False)(L.RandomFlip()(image))
    assert halve(keras.Model(image, L.Dense(2)(L.Flatten()(x)))) is None


def test_what_is_kept_already_counts_as_room(filled, monkeypatch):
    filled()
    size = sum(file.stat().st_size for file in filled.folder.glob("*/*"))
    monkeypatch.setattr(ArrayCache, "_free", lambda self: LEAVE_FREE + 1000)
    assert filled(max_bytes=2 * size) is not None
