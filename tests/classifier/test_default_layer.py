"""The layer explained by default: the last one that all of the signal passes."""

import keras
import numpy as np
import pytest
from keras import ops

from carvis.architectures import build_model
from carvis.classifier import Classifier, load_classifier
from carvis.classifier.dominators import dominator_chain, is_cut
from carvis.classifier.layer_graph import LayerGraph
from carvis.errors import ModelError

L = keras.layers
A = keras.applications


def conv(name=None, filters=4, **more):
    return L.Conv2D(filters, 3, padding="same", activation="relu", name=name, **more)


def ended(image, x, pooled=None):
    pooled = L.GlobalAveragePooling2D()(x) if pooled is None else pooled
    return keras.Model(image, L.Dense(3, activation="softmax")(pooled))


def classifier(model, name="net"):
    return Classifier(model, ["a", "b", "c"][: model.outputs[0].shape[1]], preprocessing="unit", name=name)


def test_dominators_of_a_graph_worked_by_hand():
    """0 forks to 1 and 2, which meet in 3; 3 forks to 4 and 5, which meet in 6; 7 takes 6 and a constant 9."""
    sources = {1: (0,), 2: (0,), 3: (1, 2), 4: (3,), 5: (3,), 6: (4, 5), 7: (6, 9)}
    assert dominator_chain(sources, 0, 7) == [7, 6, 3, 0]
    assert dominator_chain({**sources, 7: (6, 1)}, 0, 7) == [7, 0]
    assert dominator_chain(sources, 0, 8) == []
    assert is_cut(sources, 0, 7, {4, 5}) and is_cut(sources, 0, 7, {3}) and not is_cut(sources, 0, 7, {4})


def residual(x):
    y = L.BatchNormalization()(L.Conv2D(4, 3, padding="same")(x))
    return L.ReLU(name="joined")(L.Add()([x, y]))


def by_operators(x):
    y = L.Conv2D(4, 3, padding="same")(x)
    return ops.relu(x + y)


def inception(x):
    pooled = conv(filters=2)(L.MaxPooling2D(3, 1, padding="same")(x))
    return L.Concatenate(name="joined")([conv()(x), L.Conv2D(4, 1)(x), pooled])


def dense_block(x):
    for name in ("first", "joined"):
        x = L.Concatenate(name=name)([x, conv()(x)])
    return x


def gate(x):
    weight = L.Conv2D(1, 1, activation="sigmoid")(conv()(x))
    return L.Multiply(name="joined")([x, weight])


def squeeze_and_excite(x):
    weight = L.Dense(4, activation="sigmoid")(L.Dense(2, activation="relu")(L.GlobalAveragePooling2D(keepdims=True)(x)))
    return L.Multiply(name="joined")([x, weight])


def cbam(x):
    shared, back = L.Dense(2, activation="relu"), L.Dense(4)
    pooled = [back(shared(pool()(x))) for pool in (L.GlobalAveragePooling2D, L.GlobalMaxPooling2D)]
    x = x * L.Reshape((1, 1, 4))(L.Activation("sigmoid")(L.Add()(pooled)))
    flat = ops.concatenate([ops.mean(x, axis=-1, keepdims=True), ops.max(x, axis=-1, keepdims=True)], axis=-1)
    return L.Multiply(name="joined")([x, L.Conv2D(1, 7, padding="same", activation="sigmoid")(flat)])


def u_net(x):
    deep = conv(filters=8)(L.MaxPooling2D()(x))
    return conv("joined")(L.Concatenate()([x, L.UpSampling2D()(deep)]))


def u_net_trimmed(x):
    """Without padding, the skip connection is trimmed to the size of what comes from below."""
    deep = L.UpSampling2D()(L.Conv2D(8, 3)(L.MaxPooling2D()(x)))
    return conv("joined")(L.Concatenate()([L.Cropping2D(2)(x), deep]))


def shuffled(x):
    x = L.Reshape((8, 8, 4))(L.Permute((1, 2, 4, 3))(L.Reshape((8, 8, 2, 2))(x)))
    return L.DepthwiseConv2D(3, padding="same", name="joined")(x)


def shifted(x):
    """A pad and a crop that only move the map by a cell, as in NASNet."""
    moved = L.Cropping2D(((1, 0), (1, 0)))(L.ZeroPadding2D(((0, 1), (0, 1)))(x))
    return L.Concatenate(name="joined")([L.AveragePooling2D(1, 2)(x), L.AveragePooling2D(1, 2)(moved)])


def fire(x):
    x = L.Conv2D(2, 1, name="squeeze")(x)
    return ops.concatenate([conv()(x), L.Conv2D(4, 1)(x)], axis=-1)


BODIES = [
    (residual, "joined"), (by_operators, "relu"), (inception, "joined"), (dense_block, "joined"), (gate, "joined"),
    (squeeze_and_excite, "joined"), (cbam, "joined"), (u_net, "joined"), (u_net_trimmed, "joined"),
    (shuffled, "joined"), (shifted, "joined"), (fire, "concatenate"),
]  # fmt: skip


ENDS = ("flat", "by means", "nested twice")
CASES = [(*body, "pooled") for body in BODIES] + [(*BODIES[i], end) for i, end in enumerate(ENDS)]


@pytest.mark.parametrize(("body", "expected", "end"), CASES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_every_path_passes_it(body, expected, end):
    keras.utils.clear_session()
    image = keras.Input((16, 16, 3))
    x = body(L.MaxPooling2D()(conv()(image)))
    if end == "flat":
        model = ended(image, x, L.Flatten()(L.Dropout(0.2)(L.MaxPooling2D()(x))))
    elif end == "by means":
        model = ended(image, x, ops.mean(L.Reshape((-1, x.shape[-1]))(x), axis=1))
    elif end == "nested twice":
        inner = keras.Sequential([keras.Input((16, 16, 3)), keras.Model(image, x, name="base")], name="middle")
        outer = keras.Input((16, 16, 3))
        model, expected = ended(outer, inner(outer)), f"middle/base/{expected}"
    else:
        model = ended(image, x)
    clf = classifier(model)
    assert clf.default_layer == expected
    assert clf.layer_graph.passes_all(clf.default_layer) and clf.layer_graph.notes(clf.default_layer) == ()
    table = clf.layer_table().set_index("name")
    assert not table.loc[expected, "branch"] and table.loc[expected, "explainable"]


def test_with_maps_of_two_levels_pooled_the_place_before_they_part():
    image = keras.Input((16, 16, 3))
    x = conv("first")(image)
    deep = conv("deep")(L.MaxPooling2D()(x))
    clf = classifier(ended(image, x, L.Concatenate()([L.GlobalAveragePooling2D()(level) for level in (x, deep)])))
    assert (clf.default_layer, clf.last_conv_layer) == ("first", "deep")
    [note] = clf.layer_graph.notes("deep")
    assert note.startswith("deep is one of several branches")
    assert clf.layer_table().set_index("name")["branch"].to_dict()["deep"]


def test_maps_of_one_cell_are_passed_over():
    """At 8x8 the second half of the net works on single cells."""
    image = keras.Input((8, 8, 3))
    x = conv("wide")(image)
    for _ in range(3):
        x = conv(f"of {x.shape[1] // 2}", strides=2)(x)
    assert classifier(ended(image, conv("last")(x))).default_layer == "of 2"


def test_a_backbone_of_open_size_is_judged_at_the_size_that_it_takes():
    base = keras.Sequential([keras.Input((None, None, 3)), conv("one", strides=2), conv("two", strides=4)], name="base")
    image = keras.Input((8, 8, 3))
    assert classifier(ended(image, base(image))).default_layer == "base/one"


def test_what_only_scales_the_image_is_no_layer_to_explain():
    image = keras.Input((8, 8, 3))
    x = L.BatchNormalization()(L.Normalization(mean=0.4, variance=1.0)(L.Rescaling(2.0, -1)(image)))
    clf = classifier(ended(image, x, L.Dense(4)(L.Flatten()(x))))
    assert clf.default_layer is None
    assert "occlusion" in clf.layer_graph.why_no_default


def test_two_backbones_have_no_layer_in_common():
    image = keras.Input((8, 8, 3))
    pooled = [L.GlobalAveragePooling2D()(conv(name)(image)) for name in ("one", "two")]
    clf = classifier(ended(image, None, L.Concatenate()(pooled)))
    assert clf.default_layer is None
    assert clf.layer_graph.why_no_default.startswith("net has no layer that the whole signal passes")
    assert [clf.layer_graph.passes_all(name) for name in ("one", "two")] == [False, False]


def attention(x):
    return x + L.MultiHeadAttention(2, 4)(x, x)


def attention_by_operators(x):
    weights = ops.softmax(ops.matmul(L.Dense(4)(x), ops.transpose(L.Dense(4)(x), (0, 2, 1))))
    return x + ops.matmul(weights, x)


def mixer(x):
    return x + L.Permute((2, 1))(L.Dense(x.shape[1])(L.Permute((2, 1))(x)))


@pytest.mark.parametrize("mixing", [attention, attention_by_operators, mixer])
@pytest.mark.parametrize("patches", ["convolution", "reshape", "extract"])
def test_a_layer_before_places_are_mixed_says_so(mixing, patches):
    image = keras.Input((16, 16, 3))
    if patches == "convolution":
        x = L.Reshape((-1, 8))(L.Conv2D(8, 4, strides=4, name="patches")(image))
    elif patches == "extract":
        x = L.Dense(8)(L.Reshape((16, 48))(ops.image.extract_patches(image, 4)))
    else:
        x = L.Permute((1, 3, 2, 4, 5))(L.Reshape((4, 4, 4, 4, 3))(image))
        x = L.Dense(8)(L.Reshape((16, 48))(x))
    norm = L.LayerNormalization(name="norm")(mixing(x))
    clf = classifier(ended(image, None, L.GlobalAveragePooling1D()(norm)))
    # The tokens behind the mixing are what is explained; what comes before it can be asked for.
    assert clf.default_layer == "norm"
    [note] = clf.layer_graph.notes("norm")
    assert note == "The 16 tokens of norm lie on a grid of 4x4: read from the model's graph."
    if patches == "convolution":
        [note] = clf.layer_graph.notes("patches")
        assert note.startswith("patches comes before layers that mix positions")


def test_a_layer_behind_attention_says_nothing():
    image = keras.Input((8, 8, 3))
    tokens = L.Reshape((64, 4))(conv()(image))
    x = conv("behind")(L.Reshape((8, 8, 4))(tokens + L.MultiHeadAttention(2, 4)(tokens, tokens)))
    clf = classifier(ended(image, x))
    assert clf.default_layer == "behind" and clf.layer_graph.notes("behind") == ()


@pytest.mark.parametrize(
    ("recipe", "expected"), [("own", "conv2d_3"), ("transfer", "block5_conv3"), ("fine-tune", "block5_conv3")]
)
def test_the_tutorials_models_keep_their_layers(recipe, expected):
    keras.utils.clear_session()
    clf = classifier(build_model(recipe, 3, 64, weights=None))
    assert clf.default_layer == clf.last_conv_layer == expected


SMALLEST = {
    "VGG16": (32, "block5_conv3"),
    "ResNet50": (64, "conv5_block3_out"),
    "ResNet50V2": (64, "post_relu"),
    "DenseNet121": (64, "relu"),
    "InceptionV3": (139, "mixed10"),
    "MobileNetV2": (64, "out_relu"),
    "EfficientNetB0": (64, "top_activation"),
}


@pytest.mark.parametrize("family", SMALLEST)
def test_models_of_keras_applications(family):
    side, expected = SMALLEST[family]
    keras.utils.clear_session()
    model = getattr(A, family)(weights=None, input_shape=(side, side, 3), classes=3)
    places = LayerGraph(model, family)
    assert places.default == expected
    assert places.by_path[expected].shape[-1] == model.layers[-2].output.shape[-1] or family == "VGG16"


def test_saving_and_loading_changes_no_path(tmp_path):
    image = keras.Input((8, 8, 3))
    clf = classifier(ended(image, by_operators(conv("stem", filters=4)(image))))
    clf.model.save(tmp_path / "net.keras")
    loaded = load_classifier(tmp_path / "net.keras", class_names=["a", "b", "c"])
    assert loaded.default_layer == clf.default_layer and loaded.conv_layers == clf.conv_layers


def test_a_wrong_path_is_told():
    clf = classifier(ended(image := keras.Input((8, 8, 3)), conv("one")(image)))
    with pytest.raises(ModelError, match="net has no layer two"):
        clf.map_layer("two")
    assert clf.layer("one") is clf.model.get_layer("one")
    assert np.isscalar(clf.map_layer("one").shape[-1])


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "layer"), [("vgg16_nested_gap_keras220.h5", "vgg16/block5_conv3"), ("teachable_machine_a.h5", None)]
)
def test_old_files(real_data, name, layer):
    clf = load_classifier(real_data / "legacy_h5" / name)
    assert clf.default_layer == (layer or clf.last_conv_layer)
