"""Every public layer of Keras 2 and 3, written in both formats: the same predictions, or one true sentence."""

import json
import zipfile

import keras
import numpy as np
import pytest
import tf_keras

from carvis.classifier.model_builder import open_model
from carvis.errors import ModelError, UntrustedModelError
from tests.compatibility import layers as table
from tests.compatibility.trial import WRITERS, try_model

PUBLIC = {writer: set(table.public_layers(library.layers)) for writer, library in WRITERS.items()}
NAMES = [(writer, name) for writer, names in PUBLIC.items() for name in sorted(names) if name in table.CASES]


def test_every_public_layer_has_a_line_in_the_table():
    public = PUBLIC["keras 2"] | PUBLIC["keras 3"]
    assert public - table.ABSTRACT == (set(table.CASES) | set(table.REFUSED)) & public
    # What only a later or an earlier Keras has may stand in the table, too.
    assert not set(table.CASES) & set(table.REFUSED)


@pytest.mark.parametrize(("writer", "name"), NAMES, ids=lambda value: value.replace(" ", "-"))
def test_a_layer_predicts_as_the_keras_that_wrote_it(writer, name):
    for number, case in enumerate(table.CASES[name]):
        if writer not in case.writers:
            continue
        for kind, outcome in try_model(case.build, writer).items():
            expected = "equal"
            if (writer, name) in table.NOT_BUILT:
                expected = "not built"
            elif (writer, kind, name) in table.NOT_WRITTEN:
                expected = "not written"
            assert outcome.verdict == expected, f"{name} {number} as .{kind} of {writer}: {outcome}"


def changed_file(library, kind: str, path):
    """Write a model of which one layer is then named as another class, as a file that holds it would."""
    model = library.Sequential([library.Input((8, 8, 3)), library.layers.Flatten(name="odd"), library.layers.Dense(2)])
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    layer = next(entry for entry in config["config"]["layers"] if entry["config"].get("name") == "odd")
    layer |= {"class_name": kind, "registered_name": None}
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("name", table.REFUSED)
@pytest.mark.parametrize("library", [keras, tf_keras], ids=["keras-3", "keras-2"])
def test_a_layer_for_text_or_with_code_is_refused_with_its_reason(name, library, tmp_path):
    path = changed_file(library, name, tmp_path / "model.keras")
    with pytest.raises(UntrustedModelError, match=table.REFUSED[name]) as caught:
        open_model(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path} contains a {name} layer") and "(layer odd)" in sentence
    assert "get the file again" not in sentence and "\n" not in sentence
    # Trust opens files of Keras 3 alone.
    assert ("--trust" in sentence) == (library is keras)


@pytest.mark.parametrize("kind", ["CuDNNLSTM", "MaxoutDense"])
def test_a_layer_of_keras_that_has_no_successor_is_named(kind, tmp_path):
    path = changed_file(tf_keras, kind, tmp_path / "model.keras")
    with pytest.raises(ModelError, match=f"layer odd is a {kind} layer, which cannot be converted to Keras 3"):
        open_model(path)


@pytest.mark.parametrize("name", ["Lambda", "StringLookup", "SomebodysLayer"])
def test_trust_opens_no_code_of_keras_2_and_says_what_to_do(name, tmp_path):
    path = changed_file(tf_keras, name, tmp_path / "model.keras")
    with pytest.raises(ModelError, match="save") as caught:
        open_model(path, trust=True)
    assert "get the file again" not in str(caught.value)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("policy", ["mixed_float16", "float16", "mixed_bfloat16"])
def test_half_precision(writer, policy):
    def build(library):
        L = library.layers
        layers = [
            library.Input((8, 8, 3)),
            L.Rescaling(0.5, dtype=policy),
            L.Conv2D(4, 3, activation="relu", dtype=policy),
            L.BatchNormalization(dtype=policy),
            L.Activation("swish", dtype=policy),
            L.GlobalAveragePooling2D(dtype=policy),
            L.Dense(3, activation="softmax", dtype="float32"),
        ]
        return library.Sequential(layers)

    for kind, outcome in try_model(build, writer, tolerance=1e-2 if "bfloat" in policy else 1e-3).items():
        assert outcome.verdict == "equal", f".{kind}: {outcome}"


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("sequential", [False, True])
def test_pixels_of_whole_numbers(writer, sequential):
    def build(library):
        L = library.layers
        if sequential:
            start = library.Input((9, 9, 3), dtype="uint8")
            return library.Sequential([start, L.CenterCrop(7, 7), L.Rescaling(1 / 255), L.Flatten(), L.Dense(3)])
        image = library.Input((9, 9, 3), dtype="uint8")
        x = L.RandomFlip()(L.Resizing(6, 5)(image))
        x = L.Conv2D(4, 3)(L.Rescaling(1 / 127.5, offset=-1)(x))
        return library.Model(image, L.Dense(3, activation="softmax")(L.Flatten()(x)))

    for kind, outcome in try_model(build, writer).items():
        assert outcome.verdict == "equal", f".{kind}: {outcome}"


@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
def test_quantised_weights(mode, tmp_path):
    model = keras.Sequential(
        [keras.Input((6, 6, 3)), keras.layers.Flatten(), keras.layers.Dense(8), keras.layers.Dense(3)]
    )
    model.quantize(mode)
    model.save(tmp_path / "quantised.keras")
    images = np.random.default_rng(0).uniform(0, 1, (2, 6, 6, 3)).astype(np.float32)
    np.testing.assert_allclose(
        open_model(tmp_path / "quantised.keras")(images, training=False), model(images, training=False), atol=1e-5
    )


def test_an_adapted_dense_layer(tmp_path):
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, name="first"), keras.layers.Dense(3)])
    model.get_layer("first").enable_lora(2)
    model.set_weights([np.random.default_rng(i).normal(size=w.shape) for i, w in enumerate(model.get_weights())])
    model.save(tmp_path / "lora.keras")
    values = np.random.default_rng(0).uniform(-1, 1, (2, 6)).astype(np.float32)
    np.testing.assert_allclose(open_model(tmp_path / "lora.keras")(values), model(values), atol=1e-5)


def test_a_map_of_policies(tmp_path):
    policies = keras.dtype_policies.DTypePolicyMap("float32", {"attention/query": keras.DTypePolicy("mixed_float16")})
    image = keras.Input((6, 4))
    x = keras.layers.MultiHeadAttention(2, 3, name="attention", dtype=policies)(image, image)
    model = keras.Model(image, keras.layers.Dense(3)(x))
    model.save(tmp_path / "map.keras")
    values = np.random.default_rng(0).uniform(-1, 1, (2, 6, 4)).astype(np.float32)
    np.testing.assert_allclose(open_model(tmp_path / "map.keras")(values), model(values), atol=1e-3)
