"""Models nested in models, in both styles of config that Keras 2 had, with the names of their weights."""

import json

import h5py
import keras
import numpy as np
import pytest
import tf_keras

from carvis.classifier import load_classifier
from carvis.classifier.model_builder import open_model
from carvis.errors import ModelError, UntrustedModelError
from tests.compatibility.trial import WRITERS, inputs_of, predictions, randomise, try_model

SIDE = (12, 12, 3)


def block(library, channels: int, shape):
    """A Sequential of a convolution, a normalisation and an activation."""
    L = library.layers
    return library.Sequential([*first(library, L.Conv2D, channels, 3, shape=shape), L.BatchNormalization(), L.ReLU()])


def first(library, make, *settings, shape):
    """The layers that begin a Sequential: Keras 2 told the shape to the first one."""
    if library is keras:
        return [library.Input(shape), make(*settings)]
    return [make(*settings, input_shape=shape)]


def net(library, shape, channels: int = 4):
    """A functional model with a shortcut."""
    L = library.layers
    image = library.Input(shape)
    x = L.Conv2D(channels, 3, padding="same")(image)
    return library.Model(image, L.Add()([x, L.BatchNormalization()(x)]))


def head(library):
    L = library.layers
    return [L.GlobalAveragePooling2D(), L.Dense(3, activation="softmax")]


def sequential_in_sequential(library):
    return library.Sequential([block(library, 4, SIDE), *head(library)])


def several_in_sequential(library):
    L = library.layers
    return library.Sequential(
        [block(library, 4, SIDE), L.MaxPooling2D(), block(library, 5, (5, 5, 4)), L.Dropout(0.1), *head(library)]
    )


def functional_in_sequential(library):
    return library.Sequential([net(library, SIDE), *head(library)])


def functional_in_the_middle(library):
    L = library.layers
    return library.Sequential([library.Input(SIDE), L.Conv2D(2, 3), net(library, (10, 10, 2)), *head(library)])


def sequential_in_functional(library):
    image = library.Input(SIDE)
    x = block(library, 4, SIDE)(image)
    for layer in head(library):
        x = layer(x)
    return library.Model(image, x)


def functional_in_functional(library):
    image = library.Input(SIDE)
    x = net(library, SIDE)(image)
    for layer in head(library):
        x = layer(x)
    return library.Model(image, x)


def two_deep(library):
    inner = library.Sequential([block(library, 4, SIDE), library.layers.MaxPooling2D()])
    return library.Sequential([inner, *head(library)])


def two_deep_mixed(library):
    image = library.Input(SIDE)
    x = library.layers.Conv2D(4, 3)(block(library, 3, SIDE)(image))
    return library.Sequential([library.Model(image, x), *head(library)])


def three_deep(library):
    inner = library.Sequential([net(library, SIDE), library.layers.ReLU()])
    middle = library.Sequential([inner, library.layers.Conv2D(3, 3)])
    return library.Sequential([middle, *head(library)])


def frozen_inside(library):
    base = net(library, SIDE)
    base.trainable = False
    return library.Sequential([base, block(library, 4, (12, 12, 4)), *head(library)])


def augmentation_first(library):
    L = library.layers
    augmentation = library.Sequential([*first(library, L.RandomFlip, "horizontal", shape=SIDE), L.RandomRotation(0.1)])
    return library.Sequential([augmentation, L.Rescaling(0.5), block(library, 4, SIDE), *head(library)])


NESTINGS = [
    sequential_in_sequential, several_in_sequential, functional_in_sequential, functional_in_the_middle,
    sequential_in_functional, functional_in_functional, two_deep, two_deep_mixed, three_deep, frozen_inside,
    augmentation_first,
]  # fmt: skip


@pytest.mark.parametrize("build", NESTINGS, ids=lambda build: build.__name__)
@pytest.mark.parametrize("writer", WRITERS)
def test_nested_models(build, writer):
    for kind, outcome in try_model(build, writer).items():
        assert outcome.verdict == "equal", f".{kind} of {writer}: {outcome}"


def listed(entry: dict) -> None:
    """Bring every Sequential of an architecture to the bare list of Keras before 2.2.3, which names no model."""
    config = entry["config"]
    inner = config.get("layers", []) if isinstance(config, dict) else config
    for layer in inner:
        listed(layer)
    if entry["class_name"] == "Sequential":
        layers = [layer for layer in inner if layer["class_name"] != "InputLayer"]
        shape = next(
            (layer["config"]["batch_input_shape"] for layer in inner if layer["class_name"] == "InputLayer"), None
        )
        if shape and isinstance(layers[0]["config"], dict) and "layers" not in layers[0]["config"]:
            layers[0]["config"]["batch_input_shape"] = shape
        entry["config"] = layers


def in_list_style(path) -> None:
    """Rewrite an ``.h5`` file as Keras 2.1 wrote it."""
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        listed(config)
        file.attrs["model_config"] = json.dumps(config).encode()
        for holder in (file, file["model_weights"]):
            holder.attrs["keras_version"] = b"2.1.6"
            holder.attrs["backend"] = b"tensorflow"


@pytest.mark.parametrize("build", NESTINGS, ids=lambda build: build.__name__)
def test_nested_models_in_bare_lists(build, tmp_path):
    if build is augmentation_first:
        pytest.skip("Keras before 2.2.3 had no layers that augment")
    model = build(tf_keras)
    randomise(model)
    path = tmp_path / "old.h5"
    model.save(path)
    in_list_style(path)
    values = inputs_of(model)
    np.testing.assert_allclose(predictions(open_model(path), values), predictions(model, values), atol=1e-5)


def test_a_nested_model_takes_the_name_of_its_weights(tmp_path):
    several_in_sequential(tf_keras).save(tmp_path / "old.h5")
    in_list_style(tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5") as file:
        names = [str(name) for name in file["model_weights"].attrs["layer_names"] if "sequential" in str(name)]
    model = open_model(tmp_path / "old.h5")
    assert [layer.name for layer in model.layers if isinstance(layer, keras.Sequential)] == names


def test_what_is_frozen_stays_marked(tmp_path):
    frozen_inside(tf_keras).save(tmp_path / "old.h5")
    model = open_model(tmp_path / "old.h5")
    assert not model.layers[0].trainable and not model.layers[0].trainable_weights
    assert model.layers[1].trainable_weights


def shared_layers(library):
    L = library.layers
    image = library.Input(SIDE)
    tower = L.Conv2D(4, 3, activation="relu")
    x = L.Concatenate()([tower(image), tower(L.ReLU(0.4)(image)), tower(L.Rescaling(-1.0)(image))])
    for layer in head(library):
        x = layer(x)
    return library.Model(image, x)


def shared_model(library):
    L = library.layers
    image = library.Input(SIDE)
    tower = net(library, SIDE)
    x = L.Subtract()([tower(image), tower(L.Rescaling(-0.5)(image))])
    for layer in head(library):
        x = layer(x)
    return library.Model(image, x)


def several_outputs(library):
    L = library.layers
    image = library.Input(SIDE)
    rows = L.Reshape((12, 36))(image)
    sequence, state, cell = L.LSTM(4, return_sequences=True, return_state=True)(rows)
    x = L.Concatenate()([L.GlobalMaxPooling1D()(sequence), cell, state])
    return library.Model(image, L.Dense(3, activation="softmax")(x))


def attention_with_scores(library):
    L = library.layers
    image = library.Input(SIDE)
    places = L.Reshape((36, 12))(image)
    mixed, scores = L.MultiHeadAttention(2, 4)(places, places, return_attention_scores=True)
    x = L.Concatenate()([L.GlobalAveragePooling1D()(mixed), L.GlobalMaxPooling2D()(scores)])
    return library.Model(image, L.Dense(3, activation="softmax")(x))


def explicit_mask(library):
    L = library.layers
    series, mask = library.Input((5, 4)), library.Input((5,), dtype="bool")
    return library.Model([series, mask], L.LSTM(3)(series, mask=mask))


def masked_attention(library):
    L = library.layers
    series = library.Input((5, 4))
    x = L.Masking(0.0)(L.ReLU()(series))
    x = L.Bidirectional(L.GRU(3, return_sequences=True))(L.MultiHeadAttention(2, 3)(x, x))
    return library.Model(series, L.GlobalAveragePooling1D()(x))


def initial_state(library):
    L = library.layers
    series, hidden, cell = library.Input((5, 4)), library.Input((3,)), library.Input((3,))
    return library.Model([series, hidden, cell], L.LSTM(3)(series, initial_state=[hidden, cell]))


def model_with_two_outputs(library):
    L = library.layers
    image, inner = library.Input(SIDE), library.Input(SIDE)
    model = library.Model(inner, [L.Conv2D(2, 3)(inner), L.Conv2D(2, 3, padding="same")(inner)])
    small, large = model(image)
    return library.Model(image, L.Concatenate()([L.Flatten()(small), L.Flatten()(large)]))


def activation_layers_inside(library):
    L = library.layers
    image = library.Input(SIDE)
    stack = library.Sequential([L.Conv2D(2, 3, activation=L.LeakyReLU(0.3)), L.PReLU()])
    return library.Model(image, stack(image))


GRAPHS = [
    shared_layers, shared_model, several_outputs, attention_with_scores, explicit_mask, masked_attention, initial_state,
    model_with_two_outputs, activation_layers_inside,
]  # fmt: skip


@pytest.mark.parametrize("build", GRAPHS, ids=lambda build: build.__name__)
@pytest.mark.parametrize("writer", WRITERS)
def test_graphs(build, writer):
    for kind, outcome in try_model(build, writer).items():
        assert outcome.verdict == "equal", f".{kind} of {writer}: {outcome}"


@pytest.mark.parametrize("layer", ["BatchNormalization", "Dropout", "RandomFlip", "RandomCrop"])
def test_what_predicts_as_in_training_is_refused(layer, tmp_path):
    L = tf_keras.layers
    image = tf_keras.Input(SIDE)
    settings = {"Dropout": {"rate": 0.5}, "RandomCrop": {"height": 5, "width": 5}}.get(layer, {})
    x = getattr(L, layer)(**settings, name="odd")(image, training=True)
    tf_keras.Model(image, L.Dense(3)(L.Flatten()(x))).save(tmp_path / "random.h5")
    with pytest.raises(ModelError, match="layer odd is always called in training mode"):
        open_model(tmp_path / "random.h5")


def test_names_with_slashes_that_become_equal(tmp_path):
    L = tf_keras.layers
    image = tf_keras.Input(SIDE, name="a/image")
    x = L.Conv2D(4, 3, name="block/conv")(image)
    x = L.Conv2D(4, 3, name="block_conv")(x)
    x = L.BatchNormalization(name="block/conv/norm")(x)
    model = tf_keras.Model(image, L.Dense(3, name="out/softmax", activation="softmax")(L.Flatten()(x)))
    randomise(model)
    values = inputs_of(model)
    for name in ("old.h5", "old.keras"):
        model.save(tmp_path / name)
        clf = load_classifier(tmp_path / name)
        np.testing.assert_allclose(predictions(clf.model, values), predictions(model, values), atol=1e-5)
        names = [layer.name for layer in clf.model.layers]
        assert len(set(names)) == len(names) and not any("/" in name for name in names)


class OwnLoss(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return keras.ops.mean(y_pred)


@pytest.mark.parametrize("writer", WRITERS)
def test_what_a_model_was_trained_with_is_not_asked_for(writer):
    def build(library):
        def own_metric(y_true, y_pred):
            return y_pred[:, 0]

        def own_loss(y_true, y_pred):
            return y_pred[:, 0]

        model = functional_in_sequential(library)
        loss = own_loss if library is tf_keras else OwnLoss()
        model.compile(library.optimizers.Adam(0.01), loss=loss, metrics=[own_metric, "accuracy"])
        model.fit(np.zeros((2, *SIDE), np.float32), np.eye(3, dtype=np.float32)[:2], verbose=0)
        return model

    for kind, outcome in try_model(build, writer).items():
        assert outcome.verdict == "equal", f".{kind} of {writer}: {outcome}"


@keras.saving.register_keras_serializable("somebody")
class OwnModel(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.flat, self.dense = keras.layers.Flatten(), keras.layers.Dense(3)

    def call(self, inputs):
        return self.dense(self.flat(inputs))


class OwnModelOfKeras2(tf_keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.flat, self.dense = tf_keras.layers.Flatten(), tf_keras.layers.Dense(3)

    def call(self, inputs):
        return self.dense(self.flat(inputs))

    def get_config(self):
        return {}


@pytest.mark.parametrize("kind", [OwnModel, OwnModelOfKeras2])
def test_a_model_of_its_authors_own_class_is_refused_in_one_sentence(kind, tmp_path):
    model = kind()
    model(np.zeros((1, *SIDE), np.float32))
    model.save(tmp_path / "own.keras")
    with pytest.raises(UntrustedModelError, match=r"custom class .*whose code is not in the file") as caught:
        open_model(tmp_path / "own.keras")
    assert "get the file again" not in str(caught.value)
