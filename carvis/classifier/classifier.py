"""``Classifier``: a Keras model with its class names, input size and preprocessing bound to it."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from carvis.classifier import layers as layer_tools
from carvis.classifier.card import ModelCard
from carvis.classifier.fingerprint import fingerprint
from carvis.classifier.graph import output_activation
from carvis.classifier.preprocessing import PREPROCESSING
from carvis.errors import ImageError, ModelError
from carvis.images import RESIZE_METHODS, resize

_CHUNK = 32


class Classifier:
    """A Keras 3 model and what must be known to use it.

    Args:
        model: a Keras model with one input (N, H, W, 3) or (N, H, W, 1) and one output (N, classes).
        class_names: one name an output; two for a single sigmoid output (the second is the one it speaks for).
        preprocessing: a name in ``PREPROCESSING``.
        resize: a name in ``carvis.images.RESIZE_METHODS``.
        input_size: (height, width), needed where the model leaves it open.
        name: shown wherever a result is shown.
        path, sha256, card, assumptions: where it came from, the hash of that file, and what had to be assumed, one
            sentence each.

    Raises:
        ModelError: the model is no image classifier, or the names do not fit it.
    """

    def __init__(
        self,
        model: keras.Model,
        class_names: Sequence[str],
        *,
        preprocessing: str = "unit",
        resize: str = "bilinear",
        input_size: int | tuple[int, int] | None = None,
        name: str | None = None,
        path: str | Path | None = None,
        sha256: str | None = None,
        card: ModelCard | None = None,
        assumptions: Iterable[str] = (),
    ):
        self.model = model
        self.name = name or model.name
        self.path = Path(path) if path else None
        self.sha256 = sha256
        self.card = card
        self.assumptions = list(assumptions)
        self.class_names = [str(name) for name in class_names]
        self.preprocessing = preprocessing
        self.resize = resize
        height, width, self.channels = image_input(model, self.name)
        self.input_size = fitting_size((height, width), input_size, self.name)
        self._check()

    def _check(self) -> None:
        if self.preprocessing not in PREPROCESSING:
            raise ModelError(f"{self.preprocessing} is no preprocessing: choose one of {', '.join(PREPROCESSING)}.")
        if self.resize not in RESIZE_METHODS:
            raise ModelError(f"{self.resize} is no resize method: choose one of {', '.join(RESIZE_METHODS)}.")
        if self.channels == 1 and self.preprocessing in ("caffe", "torch"):
            raise ModelError(f"{self.name} takes grey pictures: {self.preprocessing} needs colour, choose unit or tf.")
        expected = n_classes(self.model)
        if len(self.class_names) != expected:
            raise ModelError(
                f"{self.name} tells {expected} classes apart, but {len(self.class_names)} names were given:"
                " give one name a class, in the model's order."
            )

    def __repr__(self) -> str:
        size = "x".join(map(str, (*self.input_size, self.channels)))
        return f"Classifier({self.name!r}, {len(self.class_names)} classes, input {size}, {self.preprocessing})"

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the weights and of everything that changes an answer: equal after saving and loading."""
        facts = {
            "input": [*self.input_size, self.channels],
            "preprocessing": self.preprocessing,
            "resize": self.resize,
        }
        return fingerprint(self.model, facts)

    @cached_property
    def conv_layers(self) -> list[str]:
        """Paths of all convolutions with a map larger than 1x1, in execution order."""
        return layer_tools.conv_layers(self.model)

    @cached_property
    def last_conv_layer(self) -> str | None:
        """The layer explained by default, or None where there is no convolution."""
        return layer_tools.last_conv_layer(self.model)

    @cached_property
    def completed_layers(self) -> list[str]:
        """Paths of all convolutions, each after the batch normalisation and the activation that follow it directly."""
        return layer_tools.completed_layers(self.model)

    def layer(self, path: str) -> keras.Layer:
        """Return the layer at a path such as ``vgg16/block5_conv3``.

        Raises:
            ModelError: there is none.
        """
        return layer_tools.find_layer(self.model, path)

    def map_layer(self, path: str) -> keras.Layer:
        """Return the layer at a path whose output is a map (N, h, w, c).

        Raises:
            ModelError: there is none, or its output is no map.
        """
        found = self.layer(path)
        if len(getattr(found.output, "shape", ())) != 4:
            raise ModelError(f"{path} of {self.name} gives no map: choose one of {', '.join(self.conv_layers)}.")
        return found

    def layer_table(self):
        """Return one row a layer: name, type, output_shape, parameters, trainable, explainable."""
        return layer_tools.layer_table(self.model)

    def totals(self) -> layer_tools.Totals:
        """Count the model's layers and weights: layers, parameters, trainable, frozen."""
        return layer_tools.totals(self.model)

    def preprocess(self, images: np.ndarray) -> np.ndarray:
        """Bring pictures of the model's size to its range: uint8 or float (N, h, w, c) to float32."""
        return np.asarray(PREPROCESSING[self.preprocessing](images.astype(np.float32)), np.float32)

    def black_picture(self) -> np.ndarray:
        """Return a black picture as the model takes it: float32 (h, w, c)."""
        return self.preprocess(np.zeros((1, *self.input_size, self.channels), np.uint8))[0]

    def prepare(self, images: Iterable[np.ndarray]) -> np.ndarray:
        """Resize and preprocess pictures of any size: uint8 (H, W, 3) or (H, W, 1) each, to float32 (N, h, w, c)."""
        fitted = [resize(self._with_channels(image), self.input_size, self.resize) for image in images]
        if not fitted:
            return np.zeros((0, *self.input_size, self.channels), np.float32)
        return self.preprocess(np.stack(fitted))

    def _with_channels(self, image: np.ndarray) -> np.ndarray:
        if image.ndim != 3 or image.shape[2] not in (1, 3):
            raise ImageError(f"A picture must be (height, width, 3) or (height, width, 1), not {image.shape}.")
        if image.shape[2] == self.channels:
            return image
        if self.channels == 3:
            return np.repeat(image, 3, axis=2)
        # The weights of ITU-R 601, as Pillow's conversion to grey.
        return (image @ np.array([0.299, 0.587, 0.114])).round().astype(np.uint8)[..., None]

    @cached_property
    def _forward(self):
        @tf.function(input_signature=[tf.TensorSpec([None, *self.input_size, self.channels], tf.float32)])
        def forward(images):
            return tf.cast(self.model(images, training=False), tf.float32)

        return forward

    def predict(self, images: Iterable[np.ndarray]) -> np.ndarray:
        """Return the probabilities, float32 (N, classes), of pictures of any size."""
        images = list(images)
        parts = [self.prepare(images[i : i + _CHUNK]) for i in range(0, len(images), _CHUNK)]
        answers = [self.predict_prepared(part) for part in parts]
        return np.concatenate(answers) if answers else np.zeros((0, len(self.class_names)), np.float32)

    def predict_prepared(self, batch: np.ndarray) -> np.ndarray:
        """Return the probabilities, float32 (N, classes), of a batch that ``prepare`` made."""
        return self.probabilities(self._forward(batch).numpy())

    def probabilities(self, output: np.ndarray) -> np.ndarray:
        """Turn the model's output (N, k) into probabilities (N, classes)."""
        if output.shape[1] == 1:
            return np.concatenate([1 - output, output], axis=1)
        if gives_logits(self.model):
            powers = np.exp(output - output.max(axis=1, keepdims=True))
            return powers / powers.sum(axis=1, keepdims=True)
        return output


def image_input(model: keras.Model, name: str) -> tuple[int | None, int | None, int]:
    """Return (height, width, channels) of a model's input.

    Raises:
        ModelError: the model does not take one picture, or does not give one list of scores.
    """
    inputs, outputs = getattr(model, "inputs", None) or [], getattr(model, "outputs", None) or []
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(f"{name} has several inputs or outputs: carvis opens classifiers of one picture.")
    shape = inputs[0].shape
    if len(shape) == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3):
        raise ModelError(f"{name} puts channels first: convert it to channels last.")
    if len(shape) != 4 or shape[3] not in (1, 3):
        raise ModelError(f"{name} takes {shape[1:]}, which is no picture: carvis opens classifiers of pictures.")
    scores = outputs[0].shape
    if len(scores) != 2 or scores[1] is None:
        raise ModelError(f"{name} gives {scores[1:]}, not one score a class: it is no classifier.")
    if scores[1] == 1 and output_activation(model) != "sigmoid":
        raise ModelError(f"{name} gives one number without a sigmoid: it measures something and is no classifier.")
    return shape[1], shape[2], shape[3]


def fitting_size(fixed: tuple, asked: int | tuple[int, int] | None, name: str) -> tuple[int, int]:
    """Return the input size (height, width): the model's own, or the one asked for where the model leaves it open.

    Raises:
        ModelError: the two contradict, or neither says.
    """
    height, width = (asked, asked) if isinstance(asked, int) else asked or fixed
    if any(own not in (None, side) for own, side in zip(fixed, (height, width))):
        raise ModelError(f"{name} takes pictures of {fixed[0]}x{fixed[1]}, not {height}x{width}: leave input_size out.")
    if height is None or width is None:
        raise ModelError(f"{name} leaves its input size open: give input_size.")
    return int(height), int(width)


def n_classes(model: keras.Model) -> int:
    """Return how many classes a model tells apart: two for a single output."""
    return max(int(model.outputs[0].shape[1]), 2)


def gives_logits(model: keras.Model) -> bool:
    """Tell whether a model ends without softmax or sigmoid."""
    return output_activation(model) not in ("softmax", "sigmoid")
