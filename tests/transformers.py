"""Small vision transformers of plain Keras layers, and of classes of a person's own."""

import keras
import numpy as np
from keras import ops

from carvis.classifier import Classifier

L = keras.layers


def embedded(x, count, dim, name):
    """Learned vectors (N, count, dim) by plain layers: an embedding of the numbers 0 to count - 1."""
    numbers = ops.zeros_like(x[:, :1, 0], dtype="int32") + ops.arange(count)
    return L.Embedding(count, dim, name=name)(numbers)


def attention(name, dim, heads):
    return L.MultiHeadAttention(heads, dim // heads, name=name)


def block(x, name, dim, heads, attention=attention):
    y = L.LayerNormalization(name=f"{name}_norm1")(x)
    x = L.Add(name=f"{name}_mid")([x, attention(f"{name}_attention", dim, heads)(y, y)])
    y = L.LayerNormalization(name=f"{name}_norm2")(x)
    return L.Add(name=f"{name}_out")([x, L.Dense(dim)(L.Dense(2 * dim, activation="gelu")(y))])


def vit(side=16, patch=4, dim=8, heads=2, depth=2, head="class", registers=0, classes=3, attention=attention):
    """A vision transformer whose head reads the class token (``class``) or the mean of all tokens (``mean``)."""
    image = keras.Input((side, side, 3))
    x = L.Reshape((-1, dim))(L.Conv2D(dim, patch, patch, name="patches")(image))
    extra = registers + (head == "class")
    if extra:
        x = L.Concatenate(axis=1, name="with_extra")([embedded(x, extra, dim, "extra"), x])
    x = L.Add(name="placed")([x, embedded(x, x.shape[1], dim, "places")])
    for i in range(depth):
        x = block(x, f"b{i}", dim, heads, attention)
    x = L.LayerNormalization(name="norm")(x)
    pooled = x[:, 0] if head == "class" else L.GlobalAveragePooling1D()(x)
    return keras.Model(image, L.Dense(classes, activation="softmax")(pooled))


def swin(side=16, patch=2, dim=8, window=4, classes=3):
    """Two blocks of attention in windows, the second one's shifted, patches merged, and one block over all tokens."""
    image = keras.Input((side, side, 3))
    grid = side // patch
    x = L.Reshape((-1, dim))(L.Conv2D(dim, patch, patch, name="patches")(image))
    for i, shift in enumerate((0, window // 2)):
        y = L.Reshape((grid, grid, dim))(L.LayerNormalization()(x))
        y = ops.roll(y, (-shift, -shift), (1, 2)) if shift else y
        n = grid // window
        y = ops.transpose(ops.reshape(y, (-1, n, window, n, window, dim)), (0, 1, 3, 2, 4, 5))
        y = ops.reshape(y, (-1, window * window, dim))
        y = L.MultiHeadAttention(2, dim // 2, name=f"windows{i}")(y, y)
        y = ops.transpose(ops.reshape(y, (-1, n, n, window, window, dim)), (0, 1, 3, 2, 4, 5))
        y = ops.reshape(y, (-1, grid, grid, dim))
        y = ops.roll(y, (shift, shift), (1, 2)) if shift else y
        x = L.Add(name=f"w{i}_out")([x, L.Reshape((grid * grid, dim))(y)])
    y = L.Reshape((grid, grid, dim))(x)
    parts = [y[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]
    x = L.Reshape((-1, 4 * dim))(ops.concatenate(parts, axis=-1))
    x = block(L.Dense(dim, name="merged")(x), "last", dim, 2)
    pooled = L.GlobalAveragePooling1D()(L.LayerNormalization(name="norm")(x))
    return keras.Model(image, L.Dense(classes, activation="softmax")(pooled))


@keras.saving.register_keras_serializable("theirs")
class PatchesAndClass(keras.layers.Layer):
    """Patches, a class token and places in one layer, as libraries of transformers have."""

    def __init__(self, patch=4, dim=8, columns_first=False, class_last=False, mixing=False, **kwargs):
        super().__init__(**kwargs)
        self.facts = {"patch": patch, "dim": dim, "columns_first": columns_first, "class_last": class_last}
        self.facts["mixing"] = mixing
        self.conv = L.Conv2D(dim, patch, patch)

    def build(self, shape):
        self.conv.build(shape)
        self.token = self.add_weight(shape=(1, 1, self.facts["dim"]), name="token")

    def call(self, images):
        x = self.conv(images)
        if self.facts["columns_first"]:
            x = ops.transpose(x, (0, 2, 1, 3))
        x = ops.reshape(x, (-1, x.shape[1] * x.shape[2], self.facts["dim"]))
        token = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, self.facts["dim"]))
        if self.facts["mixing"]:
            return x + ops.mean(x, axis=1, keepdims=True)
        return ops.concatenate([x, token] if self.facts["class_last"] else [token, x], axis=1)

    def get_config(self):
        return super().get_config() | self.facts


@keras.saving.register_keras_serializable("theirs")
class Block(keras.layers.Layer):
    """A block of a transformer as one layer, whose attention no graph shows."""

    def __init__(self, dim=8, **kwargs):
        super().__init__(**kwargs)
        self.dim = dim
        self.norm, self.attention = L.LayerNormalization(), L.MultiHeadAttention(2, dim // 2)
        self.dense = L.Dense(dim)

    def build(self, shape):
        self.norm.build(shape)
        self.attention.build(shape, shape)
        self.dense.build(shape)

    def call(self, x):
        y = self.norm(x)
        x = x + self.attention(y, y)
        return x + self.dense(x)

    def get_config(self):
        return super().get_config() | {"dim": self.dim}


def of_own_classes(side=16, classes=3, **embedding):
    """A transformer of layers that are no part of Keras; its head reads the class token."""
    image = keras.Input((side, side, 3))
    x = PatchesAndClass(name="embedding", **embedding)(image)
    for i in range(2):
        x = Block(name=f"block{i}")(x)
    x = L.LayerNormalization(name="norm")(x)
    place = -1 if embedding.get("class_last") else 0
    return keras.Model(image, L.Dense(classes, activation="softmax")(x[:, place]))


def classifier(model, **facts):
    names = ["a", "b", "c"][: model.outputs[0].shape[1]]
    return Classifier(model, names, **{"preprocessing": "unit", "name": "net"} | facts)


def noise(n=3, side=16, channels=3):
    return np.random.default_rng(0).integers(0, 256, (n, side, side, channels), np.uint8)
