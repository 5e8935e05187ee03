"""Every model that ``build_model`` makes: its layers, its numbers, what learns in it."""

import keras
import numpy as np
import pytest

from carvis.architectures import BACKBONES, backbone_of, build_model, fold_batch_norm
from carvis.architectures.backbones import backbone_name, preprocessing_for
from carvis.errors import ModelError

VGG16_LAYERS = [
    f"block{block}_{part}"
    for block, convolutions in enumerate((2, 2, 3, 3, 3), 1)
    for part in [f"conv{i}" for i in range(1, convolutions + 1)] + ["pool"]
]


def count(variables) -> int:
    return sum(int(np.prod(variable.shape)) for variable in variables)


def test_fine_tuned_vgg16_is_the_tutorials_model():
    model = build_model("fine-tune", 20, 256, weights=None)
    names = [layer.name for layer in model.layers]
    assert len(names) == 22
    assert names[1:19] == VGG16_LAYERS
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds[0] == "InputLayer"
    assert kinds[19:] == ["GlobalAveragePooling2D", "Dense", "Dense"]
    assert [layer.output.shape[1:] for layer in model.layers[18:]] == [(8, 8, 512), (512,), (1024,), (20,)]
    assert [layer.activation.__name__ for layer in model.layers[20:]] == ["relu", "softmax"]
    assert model.count_params() == 15_260_500
    assert count(model.trainable_variables) == 7_625_236
    assert count(model.non_trainable_variables) == 7_635_264
    learning = [layer.name for layer in model.layers if layer.trainable_variables]
    assert learning == ["block5_conv1", "block5_conv2", "block5_conv3", "dense", "dense_1"]


def test_transfer_freezes_all_thirteen_convolutions():
    model = build_model("transfer", 20, 256)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(convolutions) == 13
    assert not any(layer.trainable_variables for layer in convolutions)
    assert count(model.trainable_variables) == 512 * 1024 + 1024 + 1024 * 20 + 20


def test_the_own_cnn_has_four_convolutions_named_as_the_tutorials():
    model = build_model("own", 7, 64, width=4)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.name for layer in convolutions] == ["conv2d", "conv2d_1", "conv2d_2", "conv2d_3"]
    assert [layer.filters for layer in convolutions] == [4, 8, 16, 16]
    assert model.layers[-1].activation is keras.activations.softmax
    assert model.output_shape == (None, 7)
    # Four 3x3 convolutions, then 4x4 cells of 16 channels into 256 units and 7 classes.
    weights = 9 * (3 * 4 + 4 * 8 + 8 * 16 + 16 * 16) + (4 + 8 + 16 + 16) + (256 * 256 + 256) + (256 * 7 + 7)
    assert model.count_params() == count(model.trainable_variables) == weights


def test_the_slim_vgg16_has_the_same_layers_an_eighth_as_wide():
    model = build_model("fine-tune", 20, 64, backbone="vgg16-slim")
    assert [layer.name for layer in model.layers][1:19] == VGG16_LAYERS
    filters = [layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert filters == [8, 8, 16, 16, 32, 32, 32, 64, 64, 64, 64, 64, 64]


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_is_flat_and_opens_its_last_block_only(name):
    size = 71 if name == "xception" else 32
    model = build_model("fine-tune", 3, size, backbone=name, head_units=4)
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    base = model.layers[: [layer.name for layer in model.layers].index("global_average_pooling2d")]
    assert len(base) == len(model.layers) - 3
    known = BACKBONES[name]
    firsts = [next(i for i, layer in enumerate(base) if layer.name.startswith(block)) for block in known.blocks]
    assert firsts == sorted(set(firsts))
    first = firsts[-1]
    learning = [i for i, layer in enumerate(base) if layer.trainable_variables]
    assert learning, "the last block is open"
    assert min(learning) >= first > 0
    assert not any(layer.trainable for layer in base if isinstance(layer, keras.layers.BatchNormalization))
    open_convolutions = [layer for layer in base[first:] if isinstance(layer, keras.layers.Conv2D)]
    assert all(layer.trainable_variables for layer in open_convolutions)
    assert backbone_of(layer.name for layer in model.layers) == name.removesuffix("-bn").removesuffix("-slim")


def test_names_do_not_depend_on_what_was_built_before():
    first, second = (build_model("transfer", 3, 32, backbone="mobilenet_v3_small", head_units=4) for _ in range(2))
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]


@pytest.mark.parametrize("name", ["mobilenet_v2", "efficientnet_b0"])
def test_a_frozen_base_is_one_fixed_function(name):
    model = build_model("transfer", 3, 32, backbone=name, head_units=4)
    images = np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype(np.float32)
    before = [weight.copy() for weight in model.get_weights()]
    learning, answering = model(images, training=True), model(images, training=False)
    np.testing.assert_array_equal(learning, answering)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_batch_normalisation_stays_in_inference_mode_in_the_open_block_too():
    model = build_model("fine-tune", 3, 32, backbone="mobilenet_v2", head_units=4)
    images = np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype(np.float32)
    np.testing.assert_array_equal(model(images, training=True), model(images, training=False))


def test_open_from_opens_more():
    model = build_model("fine-tune", 3, 32, backbone="vgg16-slim", open_from="block4_conv3")
    learning = [layer.name for layer in model.layers if layer.trainable_variables]
    assert learning[0] == "block4_conv3" and len(learning) == 6
    with pytest.raises(ModelError, match="block9"):
        build_model("fine-tune", 3, 32, backbone="vgg16-slim", open_from="block9")


def test_own_with_a_backbone_learns_in_all_layers():
    model = build_model("own", 3, 32, backbone="vgg16-slim")
    assert count(model.trainable_variables) == model.count_params()


def test_a_saved_model_keeps_what_is_frozen(tmp_path):
    model = build_model("fine-tune", 3, 32, backbone="vgg16-slim")
    model.save(tmp_path / "m.keras")
    reloaded = keras.saving.load_model(tmp_path / "m.keras")
    learning, still_learning = ([w.path for w in m.trainable_variables] for m in (model, reloaded))
    assert learning == still_learning and len(learning) == 10


def test_grey_and_oblong_images():
    assert build_model("own", 3, (48, 64), channels=1).input_shape == (None, 48, 64, 1)
    assert build_model("transfer", 3, (48, 64), backbone="vgg16-slim").input_shape == (None, 48, 64, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recipe": "magic"}, "own, transfer, fine-tune"),
        ({"backbone": "vgg61"}, "choose one of vgg16"),
        ({"n_classes": 1}, "two classes"),
        ({"input_size": 8}, "too small"),
        ({"weights": "imagenet", "backbone": "vgg16-slim"}, "no ImageNet weights for vgg16-slim"),
        ({"weights": "imagenet", "recipe": "own"}, "no ImageNet weights for the own CNN"),
        ({"backbone": "xception", "input_size": 20}, "xception cannot be built"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_sentence(options, message):
    with pytest.raises(ModelError, match=message):
        build_model(**({"recipe": "transfer", "n_classes": 3, "input_size": 32} | options))


def test_backbones_are_known_by_the_names_of_keras_too():
    assert backbone_name("MobileNetV2") == "mobilenet_v2"
    assert backbone_name("EfficientNetV2B0") == "efficientnet_v2_b0"
    for name, known in BACKBONES.items():
        if known.application:
            assert backbone_name(known.application) == name
            assert hasattr(keras.applications, known.application)


@pytest.mark.parametrize(
    ("recipe", "backbone", "weights", "preprocessing"),
    [
        ("own", None, None, "unit"),
        ("transfer", "vgg16", "imagenet", "caffe"),
        ("transfer", "vgg16", None, "unit"),
        ("transfer", "vgg16", "somewhere.h5", "caffe"),
        ("transfer", "vgg16-slim", "somewhere.keras", "unit"),
        ("transfer", "mobilenet_v2", "imagenet", "tf"),
        ("fine-tune", "resnet50", "none", "caffe"),
        ("fine-tune", "densenet121", None, "torch"),
        ("fine-tune", "efficientnet_b0", None, "none"),
    ],
)
def test_preprocessing_is_what_the_weights_take(recipe, backbone, weights, preprocessing):
    assert preprocessing_for(recipe, backbone, weights) == preprocessing


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet50", "densenet121", "mobilenet_v3_small"])
def test_preprocessing_agrees_with_that_of_keras(name):
    from carvis.classifier import PREPROCESSING

    module = {"mobilenet_v3_small": "mobilenet_v3", "densenet121": "densenet"}.get(name, name)
    theirs = getattr(keras.applications, module).preprocess_input
    image = np.random.default_rng(0).uniform(0, 255, (2, 4, 4, 3)).astype(np.float32)
    ours = PREPROCESSING[BACKBONES[name].preprocessing](image)
    np.testing.assert_allclose(ours, theirs(image.copy()), atol=1e-4)


def test_folded_batch_normalisation_predicts_alike():
    trained = build_model("own", 3, 32, backbone="vgg16-slim-bn", head_units=4)
    rng = np.random.default_rng(0)
    for layer in trained.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 2, weight.shape) for weight in layer.get_weights()])
    plain = fold_batch_norm(trained, build_model("own", 3, 32, backbone="vgg16-slim", head_units=4))
    assert [layer.name for layer in plain.layers][1:19] == VGG16_LAYERS
    images = rng.uniform(0, 1, (2, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(plain(images), trained(images), atol=1e-5)
