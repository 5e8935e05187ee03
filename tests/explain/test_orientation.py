"""What is made of an image lies on it as people see it, upright, also by a model that reads it as it is stored."""

import keras
import numpy as np
import pytest
from PIL import Image

from carvis.classifier import Classifier
from carvis.dataset import Dataset
from carvis.dataset.parts import read_parts
from carvis.explain import (
    Contrast,
    activation_maps,
    activations,
    attention_on_parts,
    evidence_swap,
    faithfulness,
    heatmaps,
    top_images,
)
from carvis.explain.units.fine_tuning import activation_changes, matching_layers
from carvis.images import read_image

L = keras.layers
METHODS = ["grad-cam", "grad-cam++", "hirescam", "layercam", "eigen-cam", "score-cam", "occlusion", "smoothgrad",
           "integrated-gradients"]  # fmt: skip


def model_of(orientation: str, side=(8, 8)) -> Classifier:
    """The mean of red against a bias: a red patch is the only evidence there is."""
    image = keras.Input((*side, 3))
    x = L.Conv2D(1, 1, use_bias=False, name="conv")(image)
    model = keras.Model(image, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    kernel = np.array([1, 0, 0], np.float32).reshape(1, 1, 3, 1)
    model.set_weights([kernel, np.array([[90.0, 0]], np.float32), np.array([0, 1], np.float32)])
    return Classifier(model, ["red", "other"], resize="nearest", orientation=orientation, name=orientation)


@pytest.fixture(scope="module")
def models():
    return {name: model_of(name) for name in ("upright", "as-stored")}


def corner(orientation: int, size=(8, 8)) -> tuple[Image.Image, Image.Exif]:
    """An image whose red patch lies at the top left of the file, wherever that is once it stands upright."""
    image = np.zeros((*size, 3), np.uint8)
    image[:2, :2, 0] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    return Image.fromarray(image), exif


@pytest.fixture(params=[1, 2, 3, 4, 5, 6, 7, 8])
def image_file(tmp_path, request):
    image, exif = corner(request.param, (8, 16))
    path = tmp_path / "test" / "red" / "a.png"
    path.parent.mkdir(parents=True)
    image.save(path, exif=exif)
    return path


def middle(values: np.ndarray) -> tuple[float, float]:
    """The centre of a map's positive evidence as shares of its height and width."""
    values = np.maximum(values, 0)
    return tuple(
        (np.arange(n) + 0.5) @ values.sum(axis=1 - axis) / values.sum() / n for axis, n in enumerate(values.shape)
    )


@pytest.mark.parametrize("reader", ["upright", "as-stored"])
def test_each_overlay_has_its_peak_on_the_object(models, image_file, reader):
    image = read_image(image_file)
    red = middle(image[..., 0].astype(float))
    for source in (image_file, image_file.read_bytes()):
        [heatmap] = heatmaps(models[reader], [source], target=Contrast(0, 1))
        laid = heatmap.overlay(image, alpha=1.0).astype(int) - image
        assert heatmap.status == "ok" and middle(heatmap.raw) == pytest.approx(red, abs=0.02)
        place = np.unravel_index(heatmap.normalised.argmax(), heatmap.raw.shape)
        assert (place[0] < 4) == (red[0] < 0.5) and (place[1] < 4) == (red[1] < 0.5)
        assert laid.shape == image.shape


@pytest.mark.parametrize("method", METHODS)
def test_every_method_lies_on_the_upright_image(models, tmp_path, method):
    image, exif = corner(6)
    image.save(tmp_path / "a.png", exif=exif)
    maps = [next(heatmaps(model, [tmp_path / "a.png"], method, target=0)).normalised for model in models.values()]
    # Noise, and the grid of an occluding square, need not be the same turned.
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-5 if method not in ("smoothgrad", "occlusion") else 1)
    if method != "smoothgrad":  # The gradient of so plain a model is the same everywhere.
        assert np.unravel_index(maps[1].argmax(), maps[1].shape)[1] >= 4


def test_a_model_that_reads_as_stored_sees_its_own_pixels(models, tmp_path):
    image, exif = corner(6, (8, 16))
    image.save(tmp_path / "a.png", exif=exif)
    stored = models["as-stored"].read_image(tmp_path / "a.png")
    assert stored.shape == (8, 16, 3) and stored[0, 0, 0] == 255
    assert models["upright"].read_image(tmp_path / "a.png").shape == (16, 8, 3)
    [of_path] = heatmaps(models["as-stored"], [tmp_path / "a.png"])
    [of_array] = heatmaps(models["as-stored"], stored[None])
    assert (of_path.turn, of_array.turn, of_path.orientation) == (6, 1, "as-stored")
    np.testing.assert_allclose(of_path.as_seen().raw, of_array.raw)
    assert "as-stored" in of_path.input_words


def test_a_turned_map_is_kept_whole(models, image_file, tmp_path):
    [heatmap] = heatmaps(models["as-stored"], [image_file])
    reloaded = type(heatmap).load(heatmap.save(tmp_path / "map.npz"))
    assert (reloaded.turn, reloaded.alpha, reloaded.orientation) == (heatmap.turn, heatmap.alpha, heatmap.orientation)
    np.testing.assert_array_equal(reloaded.raw, heatmap.raw)


def test_faithfulness_and_swap_ask_each_model_with_its_own_pixels(models, image_file):
    maps = {name: next(heatmaps(model, [image_file], target=0)) for name, model in models.items()}
    results = [
        faithfulness(models[name], [image_file], [maps[name]], randomise=False, fill="black")[0] for name in models
    ]
    gains = [item.own.curves.gain for item in results]
    assert gains[0] == pytest.approx(gains[1], abs=1e-3)
    # The upright image as an array, with the map that lies on it, means the same.
    [same] = faithfulness(
        models["as-stored"], [read_image(image_file)], [maps["as-stored"]], randomise=False, fill="black"
    )
    np.testing.assert_allclose(same.own.curves.deletion, results[1].own.curves.deletion, atol=1e-5)
    swap = evidence_swap(models, image_file, maps, fill="black")
    np.testing.assert_allclose(swap.loc["upright", "as-stored"], swap.loc["as-stored", "as-stored"], atol=0.05)


def test_activations_and_their_places_lie_on_the_upright_image(models, image_file):
    red = middle(read_image(image_file)[..., 0].astype(float))
    for model in models.values():
        assert middle(activations(model, image_file)["conv"][..., 0]) == pytest.approx(red, abs=0.02)
        [where] = activation_maps(model, [str(image_file)], "conv", 0)
        assert middle(where) == pytest.approx(red, abs=0.02)
        row = top_images(model, Dataset(image_file.parents[2]), "test", "conv").of(0).iloc[0]
        assert (row["x"] < 0.5) == (red[1] < 0.5) and (row["y"] < 0.5) == (red[0] < 0.5)


def test_channels_are_compared_place_by_place_on_the_upright_image(models, image_file):
    pair = matching_layers(models["upright"], models["as-stored"])[0]
    assert activation_changes(models["upright"], models["as-stored"], pair, [image_file]).max() < 0.02


def test_upright_masks_meet_the_image_that_the_model_sees(models, image_file):
    root = image_file.parents[2]
    mask = (read_image(image_file)[..., 0] > 0).astype(np.uint8)
    place = root / "masks" / "test" / "red" / "a.png"
    place.parent.mkdir(parents=True)
    Image.fromarray(mask).save(place)
    (root / "masks" / "parts.json").write_text('["ground", "patch"]')
    data = Dataset(root)
    for name, model in models.items():
        row = attention_on_parts(model, data, "test", read_parts(root / "masks", data, "test")).table.iloc[0]
        assert row["share:patch"] == pytest.approx(1, abs=1e-3), name
        assert row["point:patch"] == 1 and row["fall:patch"] > 0.4


def right_half(orientation: str) -> Classifier:
    """A model that crops the left half of its image away, so that its map covers the right half only."""
    image = keras.Input((8, 16, 3))
    x = L.Conv2D(1, 1, use_bias=False, name="conv")(L.Cropping2D(((0, 0), (8, 0)))(image))
    model = keras.Model(image, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    kernel = np.array([1, 0, 0], np.float32).reshape(1, 1, 3, 1)
    model.set_weights([kernel, np.array([[90.0, 0]], np.float32), np.array([0, 1], np.float32)])
    return Classifier(model, ["red", "other"], preprocessing="unit", resize="nearest", orientation=orientation)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_map_is_placed_in_the_crop_and_then_turned(tmp_path, orientation):
    image = np.zeros((8, 16, 3), np.uint8)
    image[1:3, 9:11, 0] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(image).save(tmp_path / "a.png", exif=exif)
    upright = read_image(tmp_path / "a.png")
    for method in ("grad-cam", "eigen-cam", "score-cam", "integrated-gradients"):
        [heatmap] = heatmaps(right_half("as-stored"), [tmp_path / "a.png"], method, target=0)
        assert heatmap.raw.shape == upright.shape[:2]
        np.testing.assert_allclose(heatmap.normalised, upright[..., 0] / 255, atol=1e-3, err_msg=method)
