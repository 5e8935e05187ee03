"""A layer or nested model that is called more than once: each call is a place of its own, and lies on the image."""

import keras
import numpy as np
import pytest
from keras import ops

from carvis.classifier import Classifier
from carvis.errors import ModelError
from carvis.explain import METHODS, Heatmap, activations, faithfulness, filter_patterns, heatmaps
from carvis.explain.filters.objective import channel_maps
from carvis.explain.keras.submodel import submodel_to
from carvis.language import speaking
from carvis.workspace import Cache

L = keras.layers
EYE = np.eye(3, dtype=np.float32)
# How much each call counts for the class "red": what comes first is not what counts most.
WEIGHTS = (1.0, 3.0)


def tower(open_size=False):
    image = keras.Input((None, None, 3) if open_size else (4, 4, 3))
    return keras.Model(image, L.Conv2D(3, 1, use_bias=False, activation="relu", name="conv")(image), name="tower")


def mirrored(image):
    return image[:, :, ::-1, :]


def upside_down(image):
    return ops.flip(image, axis=1)


def by_lambda(image):
    return L.Lambda(lambda x: x[:, :, ::-1])(image)


def turned(image):
    return ops.rot90(image, axes=(1, 2))


def transposed(image):
    return L.Permute((2, 1, 3))(image)


def top_left(image):
    return image[:, :2, :2, :]


def cropped(image):
    return L.Cropping2D(((0, 2), (2, 0)))(image)


def smaller(image):
    return L.Resizing(2, 2, interpolation="nearest")(image)


SEEN = [mirrored, upside_down, by_lambda, turned, transposed, top_left, cropped, smaller]


def shared(other, other_first=False, depth=0):
    """A model that looks with one tower at the image and at something made of it."""
    image = keras.Input((4, 4, 3))
    look = tower(open_size=other in (top_left, cropped, smaller))
    for level in range(depth):
        inner = keras.Input(look.inputs[0].shape[1:])
        look = keras.Model(inner, look(inner), name=f"around{level}")
    if other_first:
        second = look(other(image))
        first = look(image)
    else:
        first = look(image)
        second = look(other(image))
    pooled = [L.GlobalAveragePooling2D()(item) for item in (first, second)]
    model = keras.Model(image, L.Dense(3, use_bias=False, activation="softmax")(L.Concatenate()(pooled)))
    model.set_weights([EYE.reshape(1, 1, 3, 3), np.concatenate([EYE * weight for weight in WEIGHTS])])
    return Classifier(model, ["red", "green", "blue"], preprocessing="unit", name="shared")


IMAGE = np.zeros((4, 4, 3), np.uint8)
IMAGE[0, 0] = IMAGE[1, 0] = (255, 0, 0)
RED = IMAGE[..., 0] / 255.0


@pytest.mark.parametrize("other_first", [False, True])
@pytest.mark.parametrize("depth", [0, 2])
def test_the_maps_of_both_calls_lie_on_the_image(other_first, depth):
    """Of each call, red's weight is its share of the score over 16 cells; the maps add up where the red is."""
    clf = shared(mirrored, other_first, depth)
    outer, inside = ("tower", "") if depth == 0 else ("around1", "around0/tower/")
    assert clf.default_layer == f"{outer}#*/{inside}conv"
    heatmap = heatmaps(clf, IMAGE[None])[0]
    np.testing.assert_allclose(heatmap.raw, RED * sum(WEIGHTS) / 16, atol=1e-6)
    assert heatmap.status == "ok" and heatmap.layer == clf.default_layer
    assert "2 calls" in heatmap.notes[0]
    image_call, other_call = (2, 1) if other_first else (1, 2)
    for call, weight in ((image_call, WEIGHTS[0]), (other_call, WEIGHTS[1])):
        path = f"{outer}{'#2' if call == 2 else ''}/{inside}conv"
        alone = heatmaps(clf, IMAGE[None], layer=path)[0]
        np.testing.assert_allclose(alone.raw, RED * weight / 16, atol=1e-6)
        assert alone.layer == path and "one of several branches" in alone.notes[0]


@pytest.mark.parametrize("other", SEEN, ids=[item.__name__ for item in SEEN])
@pytest.mark.parametrize("method", ["grad-cam", "hirescam", "layercam", "score-cam", "eigen-cam", "grad-cam++"])
def test_what_a_call_sees_is_laid_where_it_is(other, method):
    clf = shared(other)
    heatmap = heatmaps(clf, IMAGE[None], method, layer="tower#2/conv")[0]
    if other in (cropped, smaller):
        # The crop sees none of the red; of every other cell the smaller image takes one.
        assert heatmap.status != "ok" or heatmap.normalised[:2, 2:].max() == 0
        return
    assert heatmap.status == "ok"
    np.testing.assert_allclose(heatmap.normalised, RED, atol=1e-6)
    np.testing.assert_allclose(heatmaps(clf, IMAGE[None], method)[0].normalised, RED, atol=1e-6)


def test_a_crop_is_laid_on_the_part_of_the_image_that_it_is():
    clf = shared(top_left)
    assert activations(clf, IMAGE, "tower#2/conv")["tower#2/conv"].shape == (2, 2, 3)
    heatmap = heatmaps(clf, IMAGE[None], layer="tower#2/conv")[0]
    # A weight of 3 over 4 cells.
    np.testing.assert_allclose(heatmap.raw, RED * 3 / 4, atol=1e-6)


def rolled(image):
    return L.Lambda(lambda x: ops.roll(x, 1, axis=2))(image)


def test_a_call_whose_place_is_not_known_is_refused_by_default_and_marked_when_chosen():
    clf = shared(rolled)
    assert clf.default_layer is None
    with pytest.raises(ModelError, match="whose feature map can be located on the image: choose a layer"):
        heatmaps(clf, IMAGE[None])
    notes = heatmaps(clf, IMAGE[None], layer="tower#2/conv")[0].notes
    assert any(note.startswith("The feature map of tower#2/conv cannot be located on the image") for note in notes)
    assert heatmaps(clf, IMAGE[None], "occlusion")[0].normalised[0, 0] > 0


def test_towers_merged_to_one_map_are_explained_there():
    image, look = keras.Input((4, 4, 3)), tower()
    both = L.Add(name="both")([look(image), mirrored(look(mirrored(image)))])
    model = keras.Model(image, L.Dense(3, use_bias=False)(L.GlobalAveragePooling2D()(both)))
    model.set_weights([EYE.reshape(1, 1, 3, 3), EYE])
    clf = Classifier(model, ["red", "green", "blue"], preprocessing="unit", name="merged")
    assert clf.default_layer == "both"
    np.testing.assert_allclose(heatmaps(clf, IMAGE[None])[0].raw, RED * 2 / 16, atol=1e-6)


def test_merged_without_mirroring_back_no_map_can_lie_right():
    image, look = keras.Input((4, 4, 3)), tower()
    mixed = L.Add(name="mixed")([look(image), look(mirrored(image))])
    model = keras.Model(image, L.Dense(3, use_bias=False)(L.GlobalAveragePooling2D()(mixed)))
    model.set_weights([EYE.reshape(1, 1, 3, 3), EYE])
    clf = Classifier(model, ["red", "green", "blue"], preprocessing="unit", name="mixed")
    assert clf.default_layer == "tower#*/conv"
    np.testing.assert_allclose(heatmaps(clf, IMAGE[None])[0].raw, RED * 2 / 16, atol=1e-6)


def test_a_layer_called_twice_in_a_row():
    image, layer = keras.Input((4, 4, 3)), L.Conv2D(3, 1, use_bias=False, name="conv")
    model = keras.Model(image, L.Dense(3, use_bias=False)(L.GlobalAveragePooling2D()(layer(layer(image) * 2.0))))
    model.set_weights([EYE.reshape(1, 1, 3, 3), EYE])
    clf = Classifier(model, ["red", "green", "blue"], preprocessing="unit", name="twice")
    assert clf.default_layer == "conv#2" and clf.conv_layers == ["conv", "conv#2"]
    result = activations(clf, IMAGE, ["conv", "conv#2"])
    np.testing.assert_allclose(result["conv#2"], 2 * result["conv"])
    np.testing.assert_allclose(heatmaps(clf, IMAGE[None], layer=["conv", "conv#2"])[0].normalised, RED, atol=1e-6)
    assert [row["parameters"] for row in clf.layer_table().to_dict("records") if "conv" in row["name"]] == [9, 0]
    assert int(clf.layer_table()["parameters"].sum()) == model.count_params()


def test_activations_of_each_call():
    clf = shared(mirrored)
    assert clf.conv_layers == ["tower#2/conv", "tower/conv"] or clf.conv_layers == ["tower/conv", "tower#2/conv"]
    result = activations(clf, IMAGE, "default")
    assert set(result) == {"tower/conv", "tower#2/conv"}
    for values in result.values():
        np.testing.assert_allclose(values, IMAGE / 255.0, atol=1e-6)


def test_filters_of_each_call_and_their_cache(tmp_path):
    clf = shared(mirrored)
    image = np.random.default_rng(0).random((1, 4, 4, 3)).astype(np.float32)
    first, second = (submodel_to(clf.model, clf.map_layer(path))(image) for path in ("tower/conv", "tower#2/conv"))
    np.testing.assert_allclose(np.asarray(first), image, atol=1e-6)
    np.testing.assert_allclose(np.asarray(second), image[:, :, ::-1], atol=1e-6)
    maps = channel_maps(clf.model, clf.map_layer("tower#2/conv"))(np.array([1], np.int32))(image)
    np.testing.assert_allclose(maps, image[:, :, ::-1, 1], atol=1e-6)
    cache = Cache(tmp_path)
    for path in ("tower/conv", "tower#2/conv"):
        filter_patterns(clf, path, filters=[0], size=8, steps=1, cache=cache)
    assert len(list(tmp_path.rglob("*.npz"))) == 2
    with pytest.raises(ModelError, match=r"stands for 2 calls of shared: choose one of"):
        filter_patterns(clf, "tower#*/conv", filters=[0], size=8, steps=1)


def test_faithfulness_of_a_map_of_all_calls():
    clf = shared(mirrored)
    image = np.kron(IMAGE, np.ones((4, 4, 1), np.uint8))
    [maps] = faithfulness(clf, [image], heatmaps(clf, image[None]), steps=4)
    assert maps.randomisation is not None and maps.status == "ok"


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if method.family != "attention"])
def test_notes_are_saved_and_come_back_in_any_language(method, tmp_path):
    clf = shared(mirrored)
    heatmap = heatmaps(clf, IMAGE[None], method, layer="tower#2/conv")[0]
    loaded = Heatmap.load(heatmap.save(tmp_path / "map.npz"))
    assert loaded.notes == heatmap.notes
    if heatmap.layer == "input":
        assert heatmap.notes == ()
        return
    with speaking("ja"):
        assert loaded.notes[0].localised() == heatmap.notes[0].localised() != str(heatmap.notes[0])


def test_a_map_of_every_method_without_a_layer():
    """A net without any map still has occlusion, SmoothGrad and integrated gradients."""
    image = keras.Input((4, 4, 3))
    model = keras.Model(image, L.Dense(3, use_bias=False)(L.Flatten()(image)))
    weights = np.zeros((48, 3), np.float32)
    weights[0, 0] = weights[12, 0] = 1.0
    model.set_weights([weights])
    clf = Classifier(model, ["red", "green", "blue"], preprocessing="unit", name="flat")
    assert (clf.default_layer, clf.last_conv_layer, clf.conv_layers) == (None, None, [])
    for method in ("smoothgrad", "integrated-gradients"):
        np.testing.assert_allclose(heatmaps(clf, IMAGE[None], method)[0].normalised, RED, atol=1e-6)
    occluded = heatmaps(clf, IMAGE[None], "occlusion")[0].normalised
    assert occluded[0, 0] == occluded.max() > 0
    for layer in (None, "default", "last"):
        with pytest.raises(ModelError, match=r"occlusion, smoothgrad or integrated-gradients"):
            heatmaps(clf, IMAGE[None], layer=layer)
