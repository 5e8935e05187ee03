"""Heatmaps from attention weights as pure functions, for models whose layers attend to tokens.

To add a method, write one function of the same form and its entry in ``METHODS``. All take

    weights: for each layer, from the input to the output, the attention weights, float array (N, heads, T, T): row i
        holds how much token i attends to each token,
    gradients: for each layer the gradient of one score per image by these weights, (N, heads, T, T),
    read: bool (T,), the tokens behind the last layer that the head reads: of a class token that one alone,

and return the relevance of each token, float32 (N, T), the mean over the tokens that are read.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from carvis.explain.methods.method import Method
from carvis.language import Message

Arrays = Sequence[np.ndarray]


def attention_rollout(weights: Arrays, gradients: Arrays, read: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Multiply the attention of all layers, each averaged over heads and with half of each token kept as it is.

    Abnar and Zuidema, "Quantifying Attention Flow in Transformers" (ACL 2020), section 3: A = 0.5 W + 0.5 I for the
    residual connection, and equation 1, the product of these.
    """
    layers = [0.5 * layer.mean(axis=1, dtype=np.float64) + 0.5 * np.eye(len(read)) for layer in weights]
    return _products(layers, read).astype(np.float32)


def gradient_attention(weights: Arrays, gradients: Arrays, read: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Weigh attention by the positive gradient of the score, average over heads, and add up what tokens pass on.

    Chefer, Gur and Wolf, "Generic Attention-model Explainability" (ICCV 2021), equations 5 and 6: the mean over heads
    of the positive part of gradient times weight is A, and R = R + A R, starting from the identity. That identity, each
    token's share in itself, is taken off at the end: beside a class token it is zero on the grid.
    """
    pairs = zip(weights, gradients, strict=True)
    relevance = [np.maximum(gradient * weight, 0).mean(axis=1, dtype=np.float64) for weight, gradient in pairs]
    product = _products([np.eye(len(read)) + layer for layer in relevance], read)
    return (product - read / read.sum()).astype(np.float32)


def _products(layers: Arrays, read: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean of the rows that are read of the product of all layers (N, T, T), the last one first."""
    rows = np.broadcast_to(read / read.sum(), (len(layers[0]), len(read)))
    for layer in reversed(layers):
        # Row by matrix: the products of whole matrices would cost T times as much.
        rows = np.einsum("ni,nij->nj", rows, layer)
    return np.asarray(rows)


METHODS = (
    Method(
        "attention-rollout",
        attention_rollout,
        "attention",
        Message("Attention weights multiplied over all layers of a transformer: the same for every class."),
        "Abnar and Zuidema, Quantifying Attention Flow in Transformers (ACL 2020)",
        takes_layer=False,
        takes_class=False,
    ),
    Method(
        "gradient-attention",
        gradient_attention,
        "attention",
        Message("Attention weights of all layers of a transformer, each weighted by the score's positive gradient."),
        "Chefer, Gur and Wolf, Generic Attention-model Explainability (ICCV 2021)",
        takes_layer=False,
    ),
)
