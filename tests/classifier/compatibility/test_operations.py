"""TensorFlow functions in the graphs of Keras 2: the same values, or the sentence that names the function."""

import json

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from carvis.classifier.legacy.keras2_layers import LocallyConnected2D
from carvis.classifier.legacy.nodes import operation_of
from carvis.classifier.legacy.operations import apply_operation
from carvis.classifier.model_builder import open_model
from carvis.errors import ModelError
from tests.compatibility.trial import inputs_of, predictions, try_model

K = tf_keras.backend
SIDE = (8, 6, 3)
FUNCTIONS = {
    "x - 0.5": lambda x: x - 0.5,
    "1 - x": lambda x: 1 - x,
    "x / 2": lambda x: x / 2,
    "1 / (x + 2)": lambda x: 1 / (x + 2),
    "-x": lambda x: -x,
    "abs(x)": abs,
    "x ** 2": lambda x: x**2,
    "x // 0.3": lambda x: x // 0.3,
    "x % 0.3": lambda x: x % 0.3,
    "x * y": lambda x: x * tf.reduce_mean(x, axis=-1, keepdims=True),
    "x - mean": lambda x: x - tf.reduce_mean(x, axis=[1, 2], keepdims=True),
    "comparison": lambda x: tf.cast(x > 0, tf.float32) * x,
    "greater_equal": lambda x: tf.cast(tf.greater_equal(x, 0.2), "float32"),
    "where": lambda x: tf.where(x > 0, x, 0.1 * x),
    "maximum": lambda x: tf.maximum(x, 0.1) + tf.minimum(x, -0.1),
    "reduce_max": lambda x: tf.reduce_max(x, axis=[1, 2]),
    "reduce_min": lambda x: tf.reduce_min(x, axis=-1),
    "reduce_sum": lambda x: tf.reduce_sum(x, axis=1, keepdims=True),
    "reduce_prod": lambda x: tf.reduce_prod(x, axis=-1),
    "reduce_std": lambda x: tf.math.reduce_std(x, axis=[1, 2]),
    "reduce_variance": lambda x: tf.math.reduce_variance(x, axis=[1, 2]),
    "reduce_logsumexp": lambda x: tf.reduce_logsumexp(x, axis=-1),
    "K.mean": lambda x: K.mean(x, axis=[1, 2]),
    "K.std": lambda x: K.std(x, axis=[1, 2]),
    "exp, log, sqrt": lambda x: tf.exp(x) + tf.math.log(tf.square(x) + 1) + tf.sqrt(tf.abs(x) + 1),
    "rsqrt, sign, round": lambda x: tf.math.rsqrt(tf.abs(x) + 1) + tf.sign(x) + tf.round(3 * x),
    "floor, ceil": lambda x: tf.floor(3 * x) + tf.math.ceil(2 * x),
    "sin, erf, log1p": lambda x: tf.sin(x) + tf.math.erf(x) + tf.math.log1p(tf.abs(x)),
    "squared_difference": lambda x: tf.math.squared_difference(x, 0.3 * x),
    "divide_no_nan": lambda x: tf.math.divide_no_nan(x, tf.nn.relu(x)),
    "add_n": lambda x: tf.add_n([x, x, x]),
    "cumsum": lambda x: tf.cumsum(x, axis=1),
    "concat": lambda x: tf.concat([x, x * 2], -1),
    "stack": lambda x: tf.stack([x, -x], axis=1),
    "split": lambda x: tf.split(x, 3, axis=-1)[1],
    "unstack": lambda x: tf.unstack(x, axis=-1)[2],
    "split by sizes": lambda x: tf.split(x, [2, 1], axis=-1)[0],
    "slice": lambda x: x[:, 1:5, ::2, :],
    "mirror": lambda x: x[:, :, ::-1],
    "last channel first": lambda x: x[..., ::-1],
    "one row": lambda x: x[:, 0],
    "newaxis": lambda x: x[:, tf.newaxis],
    "tf.slice": lambda x: tf.slice(x, [0, 1, 1, 0], [-1, 3, 2, -1]),
    "reshape": lambda x: tf.reshape(x, (-1, 48, 3)),
    "reshape by shape": lambda x: tf.reshape(x, (tf.shape(x)[0], -1)),
    "transpose": lambda x: tf.transpose(x, [0, 2, 1, 3]),
    "K.permute_dimensions": lambda x: K.permute_dimensions(x, (0, 3, 1, 2)),
    "expand and squeeze": lambda x: tf.squeeze(tf.expand_dims(x, 1), axis=1),
    "pad": lambda x: tf.pad(x, [[0, 0], [1, 1], [2, 1], [0, 0]]),
    "pad by mirror": lambda x: tf.pad(x, [[0, 0], [1, 1], [2, 1], [0, 0]], mode="REFLECT"),
    "tile, repeat": lambda x: tf.repeat(tf.tile(x, [1, 1, 1, 2]), 2, axis=1),
    "reverse, roll": lambda x: tf.roll(tf.reverse(x, axis=[1]), 2, axis=2),
    "gather": lambda x: tf.gather(x, [2, 1, 0], axis=-1),
    "matmul": lambda x: tf.matmul(x, x, transpose_b=True),
    "tensordot": lambda x: tf.tensordot(x, np.eye(3, 2).astype("float32"), axes=[[3], [0]]),
    "K.batch_dot": lambda x: K.batch_dot(x[:, 0], x[:, 1], axes=(2, 2)),
    "l2_normalize": lambda x: tf.nn.l2_normalize(x, axis=-1),
    "K.l2_normalize": lambda x: K.l2_normalize(x, axis=1),
    "norm": lambda x: tf.norm(x, axis=-1),
    "clip": lambda x: tf.clip_by_value(x, -0.2, 0.4),
    "K.clip": lambda x: K.clip(x, 0, 1),
    "argmax": lambda x: tf.cast(tf.argmax(x, axis=-1), tf.float32),
    "top_k": lambda x: tf.math.top_k(tf.reduce_mean(x, [1, 2]), 2)[0],
    "relu": lambda x: tf.nn.relu(x),
    "relu6(x + 3) / 6": lambda x: x * tf.nn.relu6(x + 3) * (1 / 6),
    "leaky_relu": lambda x: tf.nn.leaky_relu(x, alpha=0.3),
    "elu, selu, softplus": lambda x: tf.nn.elu(x) + tf.nn.selu(x) + tf.nn.softplus(x),
    "gelu": lambda x: tf.nn.gelu(x) + tf.nn.gelu(x, approximate=True),
    "silu, swish": lambda x: tf.nn.silu(x) + tf_keras.activations.swish(x),
    "softmax over rows": lambda x: tf.nn.softmax(x, axis=1),
    "log_softmax": lambda x: tf.nn.log_softmax(x),
    "crelu": lambda x: tf.nn.crelu(x),
    "hard_sigmoid": lambda x: tf_keras.activations.hard_sigmoid(3 * x),
    "mish": lambda x: tf_keras.activations.mish(x),
    "max_pool": lambda x: tf.nn.max_pool2d(x, 2, 2, "SAME"),
    "avg_pool": lambda x: tf.nn.avg_pool(x, [3, 3], [2, 2], "VALID"),
    "max_pool of all axes": lambda x: tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID"),
    "conv2d": lambda x: tf.nn.conv2d(
        x, np.random.default_rng(0).normal(size=(3, 3, 3, 2)).astype("float32"), 1, "SAME"
    ),
    "moments": lambda x: tf.concat(tf.nn.moments(x, [1, 2]), axis=-1),
    "space_to_depth": lambda x: tf.nn.space_to_depth(x, 2),
    "depth_to_space": lambda x: tf.nn.depth_to_space(tf.concat([x, x, x, x], -1), 2),
    "image.resize": lambda x: tf.image.resize(x, (5, 9)),
    "image.resize antialias": lambda x: tf.image.resize(x, (4, 3), method="bicubic", antialias=True),
    "K.resize_images": lambda x: K.resize_images(x, 2, 2, "channels_last"),
    "image.per_image_standardization": lambda x: tf.image.per_image_standardization(x),
    "image.central_crop": lambda x: tf.image.central_crop(x, 0.5),
    "image.crop_to_bounding_box": lambda x: tf.image.crop_to_bounding_box(x, 1, 2, 4, 3),
    "image.flip": lambda x: tf.image.flip_left_right(x) + tf.image.flip_up_down(x),
    "image.rgb_to_grayscale": lambda x: tf.image.rgb_to_grayscale(x),
    "image.grayscale_to_rgb": lambda x: tf.image.grayscale_to_rgb(x[..., :1]),
    "image.adjust_contrast": lambda x: tf.image.adjust_contrast(x, 1.7),
    "image.convert_image_dtype": lambda x: tf.image.convert_image_dtype(x, tf.float32),
    "preprocess tf": lambda x: tf_keras.applications.mobilenet.preprocess_input(x),
    "preprocess caffe": lambda x: tf_keras.applications.vgg16.preprocess_input(x),
    "preprocess torch": lambda x: tf_keras.applications.densenet.preprocess_input(x),
    "several on one": lambda x: tf.concat([x * 2, x + 1, 3 - x, tf.nn.relu(x)], axis=-1) / 4,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    def build(library):
        image = library.Input(SIDE)
        return library.Model(image, FUNCTIONS[name](image))

    outcomes = try_model(build, "keras 2")
    assert outcomes["h5"].verdict == "equal", f"{name}: {outcomes['h5']}"
    # Keras 2 itself cannot write an ellipsis into a .keras file.
    ellipsis = "not written" if "llipsis" in outcomes["keras"].detail else "equal"
    assert outcomes["keras"].verdict == ellipsis, f"{name}: {outcomes['keras']}"


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda x: tf.image.random_flip_left_right(x), "random"),
        (lambda x: tf.signal.fft(tf.cast(x, tf.complex64)), "tf."),
        (lambda x: tf.image.adjust_hue(x, 0.2), "tf.image.adjust_hue"),
        # Keras 2 writes the equation and loses the tensors: it cannot open its own file.
        (lambda x: tf.einsum("bhwc,bijc->bhwij", x, x), "tf.einsum"),
    ],
)
def test_a_function_that_is_not_known_is_named(function, sentence, tmp_path):
    image = tf_keras.Input(SIDE)
    tf_keras.Model(image, function(image)).save(tmp_path / "odd.h5")
    with pytest.raises(ModelError, match=sentence) as caught:
        open_model(tmp_path / "odd.h5")
    assert "cannot be converted to Keras 3" in str(caught.value) and "get the file again" not in str(caught.value)


@pytest.mark.parametrize(
    ("function", "arguments", "settings"),
    [
        ("gather", [[[0, 1]]], {"axis": 1, "batch_dims": 1}),
        ("nn.space_to_depth", [2], {"data_format": "NCHW"}),
        ("nn.avg_pool2d", [2, 2, "VALID"], {"data_format": "NCHW"}),
    ],
)
def test_a_setting_that_would_change_the_values_is_never_dropped(function, arguments, settings):
    with pytest.raises(ModelError, match=rf"tf\.{function}, which cannot"):
        apply_operation(function, "step", [keras.Input((8, 8, 8)), *arguments], settings, "m.h5: layer step")


@pytest.mark.parametrize(
    ("operation", "constants", "attributes"),
    [
        ("GatherV2", {"1": [[0, 1]], "2": 1}, {"batch_dims": {"i": "1"}}),
        ("BiasAdd", {"1": [1.0, 2.0, 3.0]}, {"data_format": {"s": "TkNIVw=="}}),
    ],
)
def test_neither_is_an_attribute_of_an_old_node(operation, constants, attributes):
    config = node("step", operation, constants, "image", **attributes)["config"]
    function, arguments, settings = operation_of(config, [keras.Input((3, 3, 3))])
    with pytest.raises(ModelError, match="cannot be converted to Keras 3"):
        apply_operation(function, "step", arguments, settings, "m.h5: layer step")


def test_a_few_bytes_make_no_endless_list_of_connections():
    layer = LocallyConnected2D(1, 20, padding="same", implementation=3)
    with pytest.raises(ValueError, match="more connections than any model"):
        layer.build((None, 500, 500, 1))


def node(name: str, operation: str, constants: dict, source: str, **attributes) -> dict:
    """A ``TensorFlowOpLayer`` as TensorFlow 2.0 to 2.3 wrote it."""
    definition = {"name": name, "op": operation, "input": [], "attr": {"T": {"type": "DT_FLOAT"}, **attributes}}
    config = {"name": name, "trainable": True, "dtype": "float32", "node_def": json.dumps(definition)}
    entry = {"name": name, "class_name": "TensorFlowOpLayer", "config": config | {"constants": constants}}
    return entry | {"inbound_nodes": [[[source, 0, 0, {}]]]}


def test_nodes_of_tensorflow_2_0_to_2_3(tmp_path):
    image = tf_keras.Input(SIDE, name="image")
    model = tf_keras.Model(image, tf_keras.layers.Dense(2, name="dense")(tf_keras.layers.Flatten(name="flat")(image)))
    path = tmp_path / "nodes.h5"
    model.save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        layers = config["config"]["layers"]
        chain = [
            node("divide", "RealDiv", {"1": 127.5}, "image"),
            node("shift", "Sub", {"1": 1.0}, "divide"),
            node("mirrored", "ReverseV2", {"1": [2]}, "shift"),
            node("cut", "StridedSlice", {"1": [0, 1], "2": [0, 5], "3": [1, 1]}, "mirrored",
                 begin_mask={"i": "1"}, end_mask={"i": "1"}),
            node("padded", "Pad", {"1": [[0, 0], [2, 2], [0, 0], [0, 0]]}, "cut"),
            node("leaky", "LeakyRelu", {}, "padded", alpha={"f": 0.1}),
        ]  # fmt: skip
        flat = next(layer for layer in layers if layer["name"] == "flat")
        flat["inbound_nodes"] = [[["leaky", 0, 0, {}]]]
        config["config"]["layers"] = layers[:1] + chain + layers[1:]
        file.attrs["model_config"] = json.dumps(config).encode()
    values = inputs_of(model)
    x = values[0] / 127.5 - 1
    x = np.pad(x[:, :, ::-1][:, 1:5], ((0, 0), (2, 2), (0, 0), (0, 0)))
    x = np.where(x > 0, x, 0.1 * x)
    kernel, bias = model.get_layer("dense").get_weights()
    expected = x.reshape(2, -1) @ kernel + bias
    np.testing.assert_allclose(predictions(open_model(path), values)[0], expected, atol=1e-5)


def test_functions_survive_being_saved_anew(tmp_path):
    image = tf_keras.Input(SIDE)
    x = tf_keras.layers.RandomCrop(5, 5)(tf.image.resize(image, (9, 9), method="gaussian"))
    x = tf_keras.layers.LocallyConnected2D(2, 3, activation="hard_sigmoid")(x)
    model = tf_keras.Model(image, tf_keras.layers.Dense(2)(tf_keras.layers.Flatten()(x)))
    model.save(tmp_path / "old.h5")
    opened = open_model(tmp_path / "old.h5")
    opened.save(tmp_path / "new.keras")
    values = inputs_of(model)
    reopened = open_model(tmp_path / "new.keras")
    assert isinstance(reopened, keras.Model)
    np.testing.assert_allclose(predictions(reopened, values), predictions(model, values), atol=1e-5)
