"""One or more tiny models for every public layer of Keras 2 and Keras 3, and why the rest is refused.

``CASES`` is compared with the public names of both: a layer that a new Keras brings fails the test until it has a line.
"""

import inspect

import keras
import numpy as np
import tensorflow
import tf_keras

from tests.compatibility.cases import IMAGE, SERIES, VECTOR, Case, interpolated, on, variants
from tests.compatibility.preprocessing_layers import PREPROCESSING

_FILM = (3, 6, 6, 2)

# Classes to build upon, not layers; InputLayer stands in every model.
ABSTRACT = {"Layer", "Wrapper", "InputSpec", "AbstractRNNCell", "InputLayer"}

# The words that the sentence must hold.
REFUSED = {
    "Lambda": "runs code",
    "TFSMLayer": "runs code",
    "TorchModuleWrapper": "runs code",
    "JaxLayer": "runs code",
    "FlaxLayer": "runs code",
    "StringLookup": "text or categories",
    "TextVectorization": "text or categories",
    "IntegerLookup": "text or categories",
    "Hashing": "text or categories",
    "HashedCrossing": "text or categories",
    "DenseFeatures": "text or categories",
    "DynamicEmbedding": "text or categories",
    "DynamicLookup": "text or categories",
}


def public_layers(layers) -> dict[str, type]:
    """The public layer classes of a Keras, each under its own name (``Convolution2D`` is ``Conv2D``)."""
    found = {}
    for space in (layers, getattr(layers, "experimental", None), getattr(layers, "preprocessing", None)):
        for name, item in vars(space).items() if space else ():
            if inspect.isclass(item) and not name.startswith("_"):
                found[item.__name__] = item
    return found


def _merge(name: str, **settings) -> list[Case]:
    return [Case(IMAGE, IMAGE, call=lambda L, a, b: getattr(L, name)(**settings)([a, b]))]


CASES: dict[str, list[Case]] = {name: _merge(name) for name in ("Add", "Average", "Maximum", "Minimum", "Multiply")}
CASES |= {
    "Subtract": _merge("Subtract"),
    "Concatenate": [*_merge("Concatenate"), *_merge("Concatenate", axis=1)],
    "Dot": [
        Case(SERIES, SERIES, call=lambda L, a, b: L.Dot(axes=-1)([a, b])),
        Case(VECTOR, VECTOR, call=lambda L, a, b: L.Dot(axes=1, normalize=True)([a, b])),
    ],
}

# Activations
_ACTIVATIONS = [
    "elu",
    "exponential",
    "gelu",
    "hard_sigmoid",
    "linear",
    "relu",
    "selu",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]
CASES |= {
    "Activation": [on(IMAGE, lambda L, name=name: L.Activation(name)) for name in _ACTIVATIONS],
    "ReLU": variants(
        IMAGE, "ReLU", {}, {"max_value": 0.4}, {"negative_slope": 0.2, "threshold": 0.1, "max_value": 0.5}
    ),
    "ThresholdedReLU": variants(IMAGE, "ThresholdedReLU", {"theta": 0.3}),
    "LeakyReLU": variants(IMAGE, "LeakyReLU", {}, positional=(0.15,)),
    "PReLU": variants(IMAGE, "PReLU", {}, {"shared_axes": [1, 2]}),
    "ELU": variants(IMAGE, "ELU", {"alpha": 0.7}),
    "Softmax": variants(IMAGE, "Softmax", {}, {"axis": 1}, {"axis": [1, 2]}),
}

# Convolutions
for rank, shape in ((1, (12, 4)), (2, IMAGE), (3, (6, 6, 6, 2))):
    CASES[f"Conv{rank}D"] = variants(
        shape,
        f"Conv{rank}D",
        {"padding": "same", "strides": 2, "activation": "relu"},
        {"dilation_rate": 2, "use_bias": False},
        {"activation": "hard_sigmoid"},
        positional=(4, 3),
    ) + variants(shape, f"Conv{rank}D", {"groups": shape[-1]}, positional=(12, 2))
    CASES[f"Conv{rank}DTranspose"] = variants(
        shape,
        f"Conv{rank}DTranspose",
        {},
        {"padding": "same", "strides": 2},
        {"strides": 2, "padding": "same", "output_padding": 1, "use_bias": False},
        {"strides": 3, "padding": "valid"},
        positional=(3, 3),
    )
CASES["Conv2DTranspose"] += variants(IMAGE, "Conv2DTranspose", {"dilation_rate": 2}, positional=(3, 3))
CASES["Conv1D"] += variants((12, 4), "Conv1D", {"padding": "causal"}, positional=(3, 3))
for rank, shape in ((1, (12, 4)), (2, IMAGE)):
    CASES[f"SeparableConv{rank}D"] = variants(
        shape,
        f"SeparableConv{rank}D",
        {"depth_multiplier": 2},
        {"padding": "same", "strides": 2},
        {"dilation_rate": 2, "activation": "relu", "use_bias": False},
        positional=(5, 3),
    )
    CASES[f"DepthwiseConv{rank}D"] = variants(
        shape,
        f"DepthwiseConv{rank}D",
        {"depth_multiplier": 2},
        {"padding": "same", "strides": 2},
        {"dilation_rate": 2},
        positional=(3,),
    )
CASES |= {
    "LocallyConnected1D": variants(
        (12, 4),
        "LocallyConnected1D",
        *({"implementation": number, "strides": 2, "activation": "tanh"} for number in (1, 2, 3)),
        {"use_bias": False},
        {"implementation": 2, "padding": "same"},
        {"implementation": 3, "padding": "same"},
        positional=(3, 3),
    ),
    "LocallyConnected2D": variants(
        IMAGE,
        "LocallyConnected2D",
        *({"implementation": number, "strides": (1, 2), "activation": "relu"} for number in (1, 2, 3)),
        {"use_bias": False},
        {"implementation": 2, "padding": "same"},
        {"implementation": 3, "padding": "same"},
        positional=(4, (2, 3)),
    ),
}

# Dense and its kin
CASES |= {
    "Dense": variants(VECTOR, "Dense", {"activation": "relu"}, {"use_bias": False}, positional=(4,))
    + variants(SERIES, "Dense", {"activation": "hard_sigmoid"}, positional=(4,)),
    "EinsumDense": [
        on(SERIES, lambda L: L.EinsumDense("abc,cd->abd", output_shape=(None, 7), bias_axes="d")),
        on(SERIES, lambda L: L.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3), activation="relu")),
    ],
    "Embedding": [
        on((5,), lambda L: L.Embedding(6, 3), dtype="int32"),
        on((5,), lambda L: _chain(L.Embedding(6, 3, mask_zero=True), L.LSTM(4)), dtype="int32"),
    ],
    "RandomFourierFeatures": [
        on(VECTOR, lambda L: L.experimental.RandomFourierFeatures(8, scale=2.0)),
        on(VECTOR, lambda L: L.experimental.RandomFourierFeatures(8, "laplacian")),
    ],
    "ReversibleEmbedding": [on((5,), lambda L: L.ReversibleEmbedding(6, 3), dtype="int32")],
}  # fmt: skip


def _chain(*layers):
    def call(x):
        for layer in layers:
            x = layer(x)
        return x

    return call


# Pooling, reshaping
for rank, shape in ((1, (12, 4)), (2, IMAGE), (3, (6, 6, 6, 2))):
    for kind in ("Max", "Average"):
        CASES[f"{kind}Pooling{rank}D"] = variants(
            shape, f"{kind}Pooling{rank}D", {"pool_size": 2}, {"pool_size": 3, "strides": 2, "padding": "same"}
        )
        CASES[f"Global{kind}Pooling{rank}D"] = variants(shape, f"Global{kind}Pooling{rank}D", {}, {"keepdims": True})
        CASES[f"Adaptive{kind}Pooling{rank}D"] = variants(shape, f"Adaptive{kind}Pooling{rank}D", positional=(2,))
    CASES[f"UpSampling{rank}D"] = variants(shape, f"UpSampling{rank}D", {"size": 2})
    CASES[f"ZeroPadding{rank}D"] = variants(shape, f"ZeroPadding{rank}D", {"padding": 2})
    CASES[f"Cropping{rank}D"] = variants(shape, f"Cropping{rank}D", {"cropping": 1})
    CASES[f"SpatialDropout{rank}D"] = variants(shape, f"SpatialDropout{rank}D", positional=(0.3,))
CASES["UpSampling2D"] += interpolated("UpSampling2D", size=(2, 3))
CASES["ZeroPadding2D"] += variants(IMAGE, "ZeroPadding2D", {"padding": ((1, 0), (2, 3))})
CASES["Cropping2D"] += variants(IMAGE, "Cropping2D", {"cropping": ((1, 0), (2, 3))})
CASES |= {
    "Flatten": variants(IMAGE, "Flatten"),
    "Reshape": variants(IMAGE, "Reshape", positional=((-1, 3),)),
    "Permute": variants(IMAGE, "Permute", positional=((3, 1, 2),)),
    "RepeatVector": variants(VECTOR, "RepeatVector", positional=(3,)),
    "Identity": variants(IMAGE, "Identity"),
    "Masking": [on(SERIES, lambda L: _chain(L.ReLU(), L.Masking(0.0), L.LSTM(3)))],
}

# Normalisation, regularisation
CASES |= {
    "BatchNormalization": [
        *variants(IMAGE, "BatchNormalization", {}, {"axis": 1, "epsilon": 0.1}, {"center": False}, {"scale": False}),
        on(IMAGE, lambda L: L.BatchNormalization(renorm=True), writers=("keras 2",)),
    ],
    "SyncBatchNormalization": [on(IMAGE, lambda L: L.experimental.SyncBatchNormalization())],
    "LayerNormalization": variants(
        IMAGE, "LayerNormalization", {}, {"axis": [1, 2], "epsilon": 1e-6}, {"center": False}, {"scale": False}
    ),
    "GroupNormalization": variants((8, 8, 4), "GroupNormalization", {"groups": 2}, {"groups": -1, "scale": False}),
    "RMSNormalization": variants(SERIES, "RMSNormalization"),
    "UnitNormalization": variants(IMAGE, "UnitNormalization", {}, {"axis": (1, 2)}),
    "SpectralNormalization": [
        on(IMAGE, lambda L: _spectral(L)(L.Conv2D(3, 3))),
        on(VECTOR, lambda L: _spectral(L)(L.Dense(3), power_iterations=2)),
    ],
    "Normalization": [
        Case(IMAGE, call=lambda L, x: _adapted(L.Normalization(), IMAGE)(x)),
        Case(IMAGE, call=lambda L, x: _adapted(L.Normalization(axis=None), IMAGE)(x)),
        Case(IMAGE, call=lambda L, x: _adapted(L.Normalization(axis=(1, 3)), IMAGE)(x)),
        Case(IMAGE, call=lambda L, x: _adapted(L.Normalization(invert=True), IMAGE)(x)),
        *variants(IMAGE, "Normalization", {"mean": [0.1, 0.2, 0.3], "variance": [1.0, 2.0, 3.0]}),
        *variants(IMAGE, "Normalization", {"mean": 0.4, "variance": 4.0, "axis": None}),
    ],
    "Dropout": variants(IMAGE, "Dropout", positional=(0.4,)),
    "AlphaDropout": variants(IMAGE, "AlphaDropout", positional=(0.4,)),
    "GaussianDropout": variants(IMAGE, "GaussianDropout", positional=(0.4,)),
    "GaussianNoise": variants(IMAGE, "GaussianNoise", positional=(0.4,)),
    "ActivityRegularization": variants(IMAGE, "ActivityRegularization", {"l1": 0.1}),
}  # fmt: skip


def _adapted(layer, shape):
    layer.adapt(np.random.default_rng(5).normal(2, 3, (16, *shape)).astype(np.float32))
    return layer


def _spectral(L):
    if L is tf_keras.layers:
        # It asks tf.keras for a class, which is Keras 3's wherever both are installed.
        module = inspect.getmodule(L.SpectralNormalization)
        module.tf = _TensorFlowOfKeras2()
    return L.SpectralNormalization


class _TensorFlowOfKeras2:
    keras = tf_keras

    def __getattr__(self, name):
        return getattr(tensorflow, name)


# Recurrent layers, wrappers, attention
CASES |= {
    "SimpleRNN": variants(SERIES, "SimpleRNN", {}, {"return_sequences": True, "go_backwards": True}, positional=(3,)),
    "LSTM": [
        *variants(
            SERIES, "LSTM", {}, {"recurrent_activation": "hard_sigmoid"}, {"unroll": True, "use_bias": False},
            positional=(3,),
        ),
        on(SERIES, lambda L: L.LSTM(3, return_state=True)),
    ],
    "GRU": variants(
        SERIES, "GRU", {}, {"reset_after": False, "recurrent_activation": "hard_sigmoid"},
        {"return_sequences": True, "activation": "relu"}, positional=(3,),
    ),
    "SimpleRNNCell": [on(SERIES, lambda L: L.RNN(L.SimpleRNNCell(3)))],
    "LSTMCell": [on(SERIES, lambda L: L.RNN(L.LSTMCell(3), return_sequences=True))],
    "GRUCell": [on(SERIES, lambda L: L.RNN(L.GRUCell(3, reset_after=False)))],
    "StackedRNNCells": [on(SERIES, lambda L: L.RNN(L.StackedRNNCells([L.LSTMCell(3), L.GRUCell(2)])))],
    "RNN": [on(SERIES, lambda L: L.RNN([L.LSTMCell(3), L.LSTMCell(2)]))],
    "Bidirectional": [
        on(SERIES, lambda L: L.Bidirectional(L.LSTM(3))),
        on(SERIES, lambda L: L.Bidirectional(L.GRU(3, return_sequences=True), merge_mode="sum")),
        on(SERIES, lambda L: L.Bidirectional(L.LSTM(3), backward_layer=L.GRU(3, go_backwards=True))),
        on(SERIES, lambda L: L.Bidirectional(L.RNN(L.LSTMCell(3)), merge_mode="ave")),
    ],
    "TimeDistributed": [
        on(_FILM, lambda L: L.TimeDistributed(L.Conv2D(3, 3, activation="relu"))),
        on(_FILM, lambda L: L.TimeDistributed(L.BatchNormalization())),
        on(_FILM, lambda L: L.TimeDistributed(_small_model(L))),
    ],
    "ConvLSTM1D": variants((3, 6, 2), "ConvLSTM1D", positional=(3, 3)),
    "ConvLSTM2D": variants(
        _FILM, "ConvLSTM2D", {}, {"recurrent_activation": "sigmoid", "padding": "same", "return_sequences": True},
        positional=(3, 3),
    ),
    "ConvLSTM3D": variants((2, 4, 4, 4, 2), "ConvLSTM3D", positional=(2, 3)),
    "Attention": [
        Case(SERIES, SERIES, call=lambda L, a, b: L.Attention(use_scale=True)([a, b])),
        Case(SERIES, SERIES, call=lambda L, a, b: L.Attention(score_mode="concat")([a, b])),
    ],
    "AdditiveAttention": [Case(SERIES, SERIES, call=lambda L, a, b: L.AdditiveAttention()([a, b]))],
    "MultiHeadAttention": [
        Case(SERIES, call=lambda L, x: L.MultiHeadAttention(2, 3)(x, x)),
        Case(SERIES, SERIES, call=lambda L, a, b: L.MultiHeadAttention(2, 3, value_dim=5, use_bias=False)(a, b, key=a)),
        Case(SERIES, call=lambda L, x: L.MultiHeadAttention(2, 3, output_shape=6, dropout=0.1)(
            x, x, return_attention_scores=True)),
        Case(SERIES, call=lambda L, x: L.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True)),
        Case((3, 4, 5), call=lambda L, x: L.MultiHeadAttention(2, 3, attention_axes=(1, 2))(x, x)),
    ],
    "GroupedQueryAttention": [Case(SERIES, call=lambda L, x: L.GroupQueryAttention(3, 4, 2)(x, x))],
}  # fmt: skip


def _small_model(L):
    library = tf_keras if L is tf_keras.layers else keras
    return library.Sequential([library.Input(_FILM[1:]), L.Conv2D(3, 3), L.BatchNormalization(), L.Flatten()])


CASES |= PREPROCESSING

# What the writing Keras itself cannot build or write: nothing for carvis to open.
NOT_BUILT = {("keras 3", "Equalization")}
NOT_WRITTEN = {
    ("keras 3", "h5", name)
    for name in (
        *("RandomBrightness", "RandomColorDegeneration", "RandomPosterization", "RandomSaturation", "RandomSharpness"),
        "Solarization",
    )
}
