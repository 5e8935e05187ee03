"""Where a map lies whose places were moved by padding, by another input, or into the batch: worked out by hand."""

import keras
import numpy as np
import pytest
from keras import ops

from carvis.classifier import Classifier
from carvis.classifier.geometry.frame import Frame
from carvis.classifier.geometry.receptive_field import exact_frame, usual_or_exact
from carvis.errors import ModelError
from carvis.explain import activations, heatmaps

L = keras.layers
SIDE = 32
RED = np.zeros((SIDE, SIDE, 3), np.uint8)
RED[4:12, 20:28, 0] = 255


def spotting(image, x, name="look", kernel=1):
    """A model that answers red by how much red there is."""
    middle = np.zeros((kernel, kernel, 3, 3), np.float32)
    middle[kernel // 2, kernel // 2] = np.eye(3)
    features = L.Conv2D(3, kernel, use_bias=False, name=name, kernel_initializer=keras.initializers.Constant(middle))(x)
    pooled = L.GlobalAveragePooling2D()(L.AveragePooling2D(2)(features))
    return keras.Model(image, L.Dense(3, "softmax", use_bias=False, kernel_initializer="identity")(pooled))


def classifier(model):
    return Classifier(model, ["red", "green", "blue"], preprocessing="unit", name="net")


def middle_of(heatmap):
    values = heatmap.normalised
    rows, columns = (np.arange(side) + 0.5 for side in values.shape)
    share = values.sum()
    return values.sum(1) @ rows / share / values.shape[0] * SIDE, values.sum(0) @ columns / share / len(columns) * SIDE


def in_the_corner(image):
    return L.ZeroPadding2D(((16, 0), (24, 8)))(image)


def by_operation(image):
    return ops.pad(image, ((0, 0), (0, 16), (16, 0), (0, 0)))


def twice(image):
    return L.ZeroPadding2D(8)(L.ZeroPadding2D(((0, 16), (0, 0)))(image))


@pytest.mark.parametrize("padding", [in_the_corner, by_operation, twice])
@pytest.mark.parametrize("method", ["grad-cam", "score-cam"])
def test_a_wide_border_moves_the_map_back(padding, method):
    image = keras.Input((SIDE, SIDE, 3))
    (heatmap,) = heatmaps(classifier(spotting(image, padding(image))), RED[None], method, target="red")
    assert middle_of(heatmap) == pytest.approx((8, 24), abs=0.6)


def test_unpadded_convolutions_that_drop_much_of_the_border():
    """Four 5x5 windows drop 8 cells a side: what is left is the middle 16 of 32, and the corner is not looked at."""
    image, x = keras.Input((SIDE, SIDE, 3)), None
    x = image
    for _ in range(3):
        kernel = np.zeros((5, 5, 3, 3), np.float32)
        kernel[2, 2] = np.eye(3)
        x = L.Conv2D(3, 5, use_bias=False, kernel_initializer=keras.initializers.Constant(kernel))(x)
    clf = classifier(spotting(image, x, kernel=5))
    assert clf.layer_frame("look", (SIDE, SIDE)) == Frame(0.25, 0.75, 0.25, 0.75)
    red = np.zeros_like(RED)
    red[10:14, 18:22, 0] = 255
    (heatmap,) = heatmaps(clf, red[None], target="red")
    assert middle_of(heatmap) == pytest.approx((12, 20), abs=0.1)


def test_edges_by_hand():
    """A 3x3 window without padding drops a cell a side; with stride 2 over 9 cells it goes from 0.5 to 8.5."""
    assert exact_frame(L.Conv2D(1, 3), (10, 5), (8, 3)) == Frame(0.1, 0.9, 0.2, 0.8)
    assert exact_frame(L.Conv2D(1, 3, 2), (9, 9), (4, 4)) == Frame(*[0.5 / 9, 8.5 / 9] * 2)
    assert exact_frame(L.Conv2D(1, 3, 1, "same"), (10, 5), (10, 5)) == Frame()
    assert exact_frame(L.Conv2D(1, 3, dilation_rate=2), (10, 10), (6, 6)) == Frame(0.2, 0.8, 0.2, 0.8)
    assert exact_frame(L.MaxPooling2D(2), (10, 10), (5, 5)) == Frame()
    assert exact_frame(L.ZeroPadding2D(((1, 2), (0, 5))), (10, 5), (13, 10)) == Frame(-0.1, 1.2, 0, 2)


def test_little_that_is_dropped_changes_no_map():
    """As in the tutorial's own model and in ResNet: borders of some hundredths, or of a cell."""
    assert usual_or_exact(Frame(), Frame(0.06, 0.94, 0.06, 0.94), (28, 28)) == Frame()
    assert usual_or_exact(Frame(), Frame(-0.2, 1.2, 0, 1), (4, 4)) == Frame()
    far = Frame(-0.2, 1.2, 0, 1)
    assert usual_or_exact(Frame(), far, (28, 28)) is far


def transformed(image):
    """What a spatial transformer does: another part of the model says how the image is moved."""
    parameters = L.Dense(8)(L.Flatten()(L.AveragePooling2D(8)(image)))
    return ops.image.affine_transform(image, parameters * 0 + ops.array([1, 0, 8, 0, 1, 8, 0, 0], "float32"))


def rolled(image):
    weights = L.Dense(1)(L.GlobalAveragePooling2D()(image))
    return L.Lambda(lambda x: ops.roll(x[0], 8, axis=1) + 0 * ops.sum(x[1]), output_shape=(SIDE, SIDE, 3))(
        [image, weights]
    )


@pytest.mark.parametrize("move", [transformed, rolled])
def test_what_another_input_moves_lies_nowhere_in_particular(move):
    image = keras.Input((SIDE, SIDE, 3))
    clf = classifier(spotting(image, move(image)))
    assert clf.default_layer is None and "occlusion" in clf.layer_graph.why_no_default
    (heatmap,) = heatmaps(clf, RED[None], layer="look")
    assert any("cannot be located on the image" in note for note in heatmap.notes)


def gated(image):
    weight = L.Dense(3)(L.GlobalAveragePooling2D()(image))
    shape = (SIDE, SIDE, 3)
    return L.Lambda(lambda x: x[0] * ops.sigmoid(x[1])[:, None, None, :], output_shape=shape)([image, weight])


def masked(image):
    return ops.where(image > 0.1, image, 0.5 * image)


@pytest.mark.parametrize("gate", [gated, masked])
def test_what_another_input_only_weighs_stays(gate):
    image = keras.Input((SIDE, SIDE, 3))
    clf = classifier(spotting(image, gate(image)))
    assert clf.default_layer == "look" and clf.layer_graph.frame_of("look") == Frame()


def mirrored_too(image):
    return ops.concatenate([image, ops.flip(image, axis=2)], axis=0)


def darker_too(image):
    return ops.concatenate([image, image * 0.8], axis=0)


def tiled(image):
    return ops.tile(image, (2, 1, 1, 1))


@pytest.mark.parametrize("fold", [mirrored_too, darker_too, tiled])
def test_versions_of_an_image_in_the_batch(fold):
    """Augmentation at test time in one batch: each map is of one version only, so none is shown."""
    image = keras.Input((SIDE, SIDE, 3))
    both = spotting(image, fold(image)).outputs[0]
    first, second = ops.split(both, 2, axis=0)
    clf = classifier(keras.Model(image, (first + second) / 2))
    assert clf.default_layer is None
    assert len(heatmaps(clf, np.stack([RED] * 3), "smoothgrad")) == 3
    for images in (RED[None], np.stack([RED] * 3)):
        with pytest.raises(ModelError, match=r"look .*2 versions of each image"):
            heatmaps(clf, images, layer="look")
    with pytest.raises(ModelError, match="2 versions of each image"):
        activations(clf, RED, "look")


def test_attention_that_only_pools_mixes_no_places():
    image = keras.Input((8, 8, 3))
    x = L.Conv2D(4, 1, name="look")(image)
    tokens, weights = L.Reshape((64, 4))(x), L.Softmax(axis=1)(L.Reshape((64, 1))(L.Conv2D(1, 1)(x)))
    pooled = L.Flatten()(ops.matmul(ops.transpose(tokens, (0, 2, 1)), weights))
    clf = classifier(keras.Model(image, L.Dense(3, "softmax")(pooled)))
    assert clf.default_layer == "look" and clf.layer_graph.notes("look") == ()
