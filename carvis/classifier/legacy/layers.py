"""``translate_layer``: a layer of Keras 1 or 2 as a layer of Keras 3.

What matters only before or during training (initialisers, regularisers, constraints) is ignored: the weights come
from the file. A setting that Keras 3 does not know and that could change a prediction is an error, never dropped.
"""

import inspect
from collections.abc import Callable
from typing import Any

import keras
from keras.src.applications import convnext, inception_resnet_v2

from carvis.classifier.files.scope_names import scope_name
from carvis.classifier.legacy import keras2_layers
from carvis.errors import ModelError
from carvis.language import Message

_RENAMED = {
    "AtrousConvolution2D": "Conv2D",
    "Deconvolution2D": "Conv2DTranspose",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "ThresholdedReLU": "ReLU",
    # Outside training, what it cuts at random is the largest window of the output's shape, resized.
    "RandomCrop": "ImageResize",
    # They stretch images in training only.
    "RandomHeight": "Identity",
    "RandomWidth": "Identity",
}
# Keras 1 names of settings; of a pair, the values become one tuple.
_KERAS_1 = {
    "nb_filter": "filters",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "stride": "strides",
    "filter_length": "kernel_size",
    "pool_length": "pool_size",
    "dim_ordering": "data_format",
    "bias": "use_bias",
    "output_dim": "units",
    "inner_activation": "recurrent_activation",
    "atrous_rate": "dilation_rate",
    "p": "rate",
    "sigma": "stddev",
}
_KERAS_1_VALUES = {"tf": "channels_last", "th": "channels_first", "default": "channels_last"}
_TRAINING_ONLY = (
    "_initializer", "_regularizer", "_constraint", "init", "W_regularizer", "b_regularizer", "W_constraint",
    "b_constraint", "gamma_init", "beta_init", "W_learning_rate_multiplier", "b_learning_rate_multiplier",
)  # fmt: skip
_WITHOUT_EFFECT = """
    batch_input_shape batch_shape input_shape input_dim input_length input_dtype sparse ragged optional implementation
    fused rng_type force_generator vectorized renorm_clipping renorm_momentum experimental_sharding synchronized
    build_input_shape is_graph_network quantization_config query_shape key_shape value_shape
"""
# No effect outside training, whatever their settings.
_RANDOM = frozenset(
    ["RandomFlip", "RandomTranslation", "RandomRotation", "RandomZoom", "RandomContrast", "RandomBrightness"]
)  # fmt: skip
_NESTED = ("layer", "backward_layer", "cell")
_OWN = ("LocallyConnected1D", "LocallyConnected2D", "RandomFourierFeatures", "ImageResize")
_OF_APPLICATIONS = {
    "LayerScale": convnext.LayerScale,
    "StochasticDepth": convnext.StochasticDepth,
    "CustomScaleLayer": inception_resnet_v2.CustomScaleLayer,
}


def translate_layer(
    kind: str, config: dict[str, Any], where: Message, build: Callable[[dict[str, Any]], keras.Layer]
) -> keras.Layer:
    """Build the Keras 3 layer that does what a layer of Keras 1 or 2 did.

    Args:
        kind: its class name.
        config: its settings, as the file holds them.
        where: the file and layer, for errors.
        build: builds a layer that this one wraps, from ``{"class_name": ..., "config": ...}``.

    Raises:
        ModelError: Keras 3 has nothing that does the same.
    """
    settings = {key: _plain(value) for key, value in config.items() if not key.endswith(_TRAINING_ONLY)}
    settings |= {"dtype": _dtype(settings.get("dtype"))}
    if settings.get("name"):
        settings["name"] = layer_name(settings["name"], kind)
    kind = kind.rpartition(">")[2]
    new_kind = _RENAMED.get(kind, kind)
    layer_class = _class(new_kind, where)
    settings = _from_keras_1(settings, _parameters(layer_class))
    if settings.get("data_format") == "channels_first":
        raise ModelError(
            Message(
                "{where} uses channels first, which TensorFlow computes only on GPUs: convert the model to"
                " channels last.",
                where=where,
            )
        )
    for key in ("activation", "recurrent_activation"):
        if key in settings:
            settings[key] = _activation(settings[key], build)
    for key in _NESTED:
        if isinstance(settings.get(key), dict):
            settings[key] = build(settings[key])
    if isinstance(settings.get("cells"), list):
        settings["cells"] = [build(entry) for entry in settings["cells"]]
    adapt = _SPECIAL.get(kind) or _SPECIAL.get(new_kind)
    layer_class = (adapt and adapt(settings)) or layer_class
    if kind in _RANDOM:
        settings = {key: value for key, value in settings.items() if key in _parameters(layer_class)}
    return layer_class(**_accepted(layer_class, settings, where))


def layer_name(name: str | None, kind: str = "layer") -> str | None:
    """Return a layer's name as Keras 3 and TensorFlow allow it: without slashes, spaces and foreign letters."""
    return scope_name(name.replace("/", "_"), kind) if name else None


def _class(kind: str, where: Message) -> type:
    if kind in _OWN:
        return getattr(keras2_layers, kind)
    layer_class = _OF_APPLICATIONS.get(kind) or getattr(keras.layers, kind, None)
    if layer_class is None or kind == "Lambda":
        raise ModelError(
            Message(
                "{where} is a {kind} layer, which cannot be converted to Keras 3: open the model with the"
                " Keras that wrote it and save it again without this layer.",
                where=where,
                kind=kind,
            )
        )
    return layer_class


def _plain(value: Any) -> Any:
    """Unwrap numbers that Keras 2 wrote as arrays: ``{"dtype": ..., "value": 0.3}`` and the like."""
    if isinstance(value, dict):
        if "value" in value and set(value) <= {"value", "dtype", "type"}:
            return value["value"]
        if value.get("class_name") in ("__numpy__", "__tensor__"):
            return value["config"]["value"]
        if value.get("class_name") in ("__tuple__", "TensorShape"):
            return value.get("items")
    return value


def _dtype(dtype: Any) -> str:
    if isinstance(dtype, dict):
        config = dtype.get("config")
        dtype = config.get("name") if isinstance(config, dict) else None
    # Up to TensorFlow 2.0 a policy could be inferred from the input.
    return "float32" if not dtype or "infer" in dtype else str(dtype)


def _activation(activation: Any, build: Callable[[dict[str, Any]], keras.Layer]) -> Any:
    """Return an activation's name, its function where Keras 3 gave the name to another, or the layer that it is."""
    if isinstance(activation, dict):
        inner = activation.get("config")
        if activation.get("class_name") != "function":
            return build({"class_name": activation["class_name"], "config": inner or {}})
        activation = inner
    if activation == "hard_sigmoid":
        return keras2_layers.hard_sigmoid
    return activation or "linear"


def _parameters(layer_class: type) -> set[str]:
    """List the arguments of a layer's constructor, those of its bases included where it passes settings on."""
    names: set[str] = set()
    for base in layer_class.__mro__:
        if base is keras.Layer:
            return names | {"name", "dtype", "trainable"}
        if "__init__" in vars(base):
            parameters = inspect.signature(vars(base)["__init__"]).parameters
            names.update(set(parameters) - {"self", "args", "kwargs"})
            if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
                break
    return names


def _accepted(layer_class: type, settings: dict[str, Any], where: Message) -> dict[str, Any]:
    parameters = _parameters(layer_class)
    accepted = {}
    for key, value in settings.items():
        if key in parameters:
            # What is frozen is marked once the weights are in: their order depends on it.
            if key != "trainable":
                accepted[key] = value
        elif value is not None and value is not False and key not in (*_WITHOUT_EFFECT.split(), "trainable"):
            raise ModelError(
                Message(
                    "{where} has the setting {key}={value}, which Keras 3 does not have: open the model"
                    " with the Keras that wrote it and save it again without this layer.",
                    where=where,
                    key=key,
                    value=value,
                )
            )
    return accepted


def _from_keras_1(settings: dict, parameters: set[str]) -> dict:
    renamed = {}
    for key, value in settings.items():
        new = _KERAS_1.get(key)
        renamed[new if new in parameters and key not in parameters else key] = value
    if "data_format" in renamed:
        renamed["data_format"] = _KERAS_1_VALUES.get(renamed["data_format"], renamed["data_format"])
    if "nb_row" in renamed:
        renamed["kernel_size"] = (renamed.pop("nb_row"), renamed.pop("nb_col"))
    return renamed


def _batch_normalization(settings: dict) -> None:
    if isinstance(settings.get("axis"), list):
        (settings["axis"],) = settings["axis"]
    # Modes 0 and 2 of Keras 1 and the two of Keras 2 differ in training alone: the moving statistics predict.
    for key in ("renorm", "virtual_batch_size", "mode"):
        settings.pop(key, None)


def _relu(settings: dict) -> None:
    if "theta" in settings:
        settings["threshold"] = settings.pop("theta")
    for key in ("negative_slope", "threshold"):
        settings[key] = settings.get(key) or 0.0


def _leaky_relu(settings: dict) -> None:
    if "alpha" in settings:
        settings["negative_slope"] = settings.pop("alpha")


def _without_groups(settings: dict) -> None:
    # Written because Conv2D has it; these layers never used it.
    settings.pop("groups", None)
    settings.pop("filters", None) if settings.get("filters") is None else None


def _gru(settings: dict) -> None:
    # Keras before 2.1.3 had no choice, and Keras 3 begins with the other one.
    settings.setdefault("reset_after", False)


def _identity(settings: dict) -> None:
    for key in set(settings) - {"name", "dtype"}:
        del settings[key]


def _random_crop(settings: dict) -> None:
    settings.pop("seed", None)
    settings["crop_to_aspect_ratio"] = True


def _resizing(settings: dict) -> type:
    return keras2_layers.ImageResize


def _up_sampling(settings: dict) -> type | None:
    if settings.get("interpolation") not in ("gaussian", "mitchellcubic"):
        return None
    settings["scale"] = settings.pop("size")
    return keras2_layers.ImageResize


def _locally_connected(settings: dict) -> None:
    # Channels first are refused before.
    settings.pop("data_format", None)


def _random_fourier_features(settings: dict) -> None:
    # Initialisers.
    for key in ("kernel_initializer", "scale"):
        settings.pop(key, None)


_SPECIAL: dict[str, Callable[[dict[str, Any]], type | None]] = {
    "BatchNormalization": _batch_normalization,
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "GRU": _gru,
    "GRUCell": _gru,
    "Identity": _identity,
    "RandomCrop": _random_crop,
    "Resizing": _resizing,
    "UpSampling2D": _up_sampling,
    "RandomFourierFeatures": _random_fourier_features,
    "LocallyConnected1D": _locally_connected,
    "LocallyConnected2D": _locally_connected,
}
_SPECIAL |= dict.fromkeys(
    (
        *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
        *("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
    ),
    _without_groups,
)
