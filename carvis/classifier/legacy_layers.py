"""Translating one layer of Keras 1 or 2 into layers of Keras 3.

What matters only before or during training (initialisers, regularisers, constraints) is left out: the weights come
from the file. A setting that Keras 3 does not know and that could change an answer is an error, never dropped.
"""

import inspect

import keras

from carvis.errors import ModelError

_RENAMED = {
    "AtrousConvolution2D": "Conv2D",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "ThresholdedReLU": "ReLU",
    # They stretch pictures in training only.
    "RandomHeight": "Identity",
    "RandomWidth": "Identity",
}
# Keras 1 names of settings; of a pair, the values become one tuple.
_KERAS_1 = {
    "nb_filter": "filters",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "dim_ordering": "data_format",
    "bias": "use_bias",
    "output_dim": "units",
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
    build_input_shape is_graph_network quantization_config
"""


def translate_layer(kind: str, config: dict, where: str) -> list[keras.Layer]:
    """Build the Keras 3 layers, one after the other, that do what a layer of Keras 1 or 2 did.

    Args:
        kind: its class name.
        config: its settings, as the file holds them.
        where: the file and layer, for errors.

    Raises:
        ModelError: Keras 3 has nothing that does the same.
    """
    settings = {key: _plain(value) for key, value in config.items() if not key.endswith(_TRAINING_ONLY)}
    settings = _from_keras_1(kind, settings)
    name = layer_name(settings.get("name"))
    settings |= {"name": name, "dtype": _dtype(settings.get("dtype"))}
    if settings.get("data_format") == "channels_first":
        raise ModelError(f"{where} puts channels first, which processors cannot compute: convert it to channels last.")
    chain: list[keras.Layer] = []
    if _activation(settings.get("activation")) == "hard_sigmoid":
        # Keras 3 gave this name to another function: the one of Keras 2 is clip(0.2 x + 0.5, 0, 1).
        chain = [keras.layers.Rescaling(0.2, 0.5), keras.layers.ReLU(max_value=1.0)]
        if kind == "Activation":
            return [keras.Sequential(chain, name=name)]
        settings["activation"] = "linear"
        chain = [keras.Sequential(chain, name=f"{name}_hard_sigmoid")]
    if "activation" in settings:
        settings["activation"] = _activation(settings["activation"]) or _activation_layer(settings, where)
    kind = _RENAMED.get(kind, kind)
    adapt = _SPECIAL.get(kind)
    if adapt:
        adapt(settings)
    layer_class = getattr(keras.layers, kind, None)
    if layer_class is None or kind in ("TimeDistributed", "Bidirectional", "RNN", "Lambda"):
        raise ModelError(f"{where} is a {kind} layer, which cannot be brought to Keras 3: {_CONVERT}.")
    return [layer_class(**_accepted(layer_class, settings, where)), *chain]


_CONVERT = "open the model with the Keras that wrote it and save it anew without this layer"


def layer_name(name: str | None) -> str | None:
    """Return a layer's name as Keras 3 allows it: without slashes."""
    return name.replace("/", "_") if name else None


def _plain(value):
    """Unwrap numbers that Keras 2 wrote as arrays: ``{"dtype": ..., "value": 0.3}`` and the like."""
    if isinstance(value, dict):
        if "value" in value and set(value) <= {"value", "dtype", "type"}:
            return value["value"]
        if value.get("class_name") in ("__numpy__", "__tensor__"):
            return value["config"]["value"]
        if value.get("class_name") in ("__tuple__", "TensorShape"):
            return value.get("items")
    return value


def _dtype(dtype) -> str:
    if isinstance(dtype, dict):
        config = dtype.get("config")
        dtype = config.get("name") if isinstance(config, dict) else None
    # Up to TensorFlow 2.0 a policy could be inferred from the input.
    return "float32" if not dtype or "infer" in dtype else str(dtype)


def _activation(activation) -> str | None:
    """Return the name of an activation, or None where it is a layer of its own."""
    if isinstance(activation, dict):
        inner = activation.get("config")
        return inner if activation.get("class_name") == "function" else None
    return activation or "linear"


def _activation_layer(settings: dict, where: str) -> keras.Layer:
    activation = settings["activation"]
    return translate_layer(activation["class_name"], activation.get("config") or {}, where)[0]


def _accepted(layer_class: type, settings: dict, where: str) -> dict:
    known = {"name", "dtype", "trainable"}
    for base in layer_class.__mro__:
        if base is keras.Layer:
            break
        if "__init__" in vars(base):
            known.update(inspect.signature(base.__init__).parameters)
    kept = {}
    for key, value in settings.items():
        if key in known - {"self", "args", "kwargs"}:
            kept[key] = value
        elif value is not None and value is not False and key not in _WITHOUT_EFFECT.split():
            raise ModelError(f"{where} has the setting {key}={value}, which Keras 3 does not know: {_CONVERT}.")
    return kept


def _from_keras_1(kind: str, settings: dict) -> dict:
    settings = {_KERAS_1.get(key, key): value for key, value in settings.items()}
    if "data_format" in settings:
        settings["data_format"] = _KERAS_1_VALUES.get(settings["data_format"], settings["data_format"])
    if "nb_row" in settings:
        settings["kernel_size"] = (settings.pop("nb_row"), settings.pop("nb_col"))
    if kind == "BatchNormalization" and "mode" in settings:
        # Modes 0 and 2 differ in training alone.
        settings.pop("mode")
    return settings


def _batch_normalization(settings: dict) -> None:
    if isinstance(settings.get("axis"), list):
        (settings["axis"],) = settings["axis"]
    # It changes training alone: answers are given with the moving statistics.
    settings.pop("renorm", None)
    settings.pop("virtual_batch_size", None)


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


def _identity(settings: dict) -> None:
    for key in set(settings) - {"name", "dtype"}:
        del settings[key]


_SPECIAL = {
    "BatchNormalization": _batch_normalization,
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "DepthwiseConv2D": _without_groups,
    "SeparableConv2D": _without_groups,
    "Identity": _identity,
}
