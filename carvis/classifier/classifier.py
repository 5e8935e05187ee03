"""``Classifier``: a Keras model with its class names, input size and preprocessing bound to it."""

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from carvis.classifier.card import ModelCard
from carvis.classifier.fingerprint import fingerprint
from carvis.classifier.layer_access import LayerAccess
from carvis.classifier.memory_estimate import within_memory
from carvis.classifier.model_call import (
    call_model,
    computes_alike_on_floats,
    copes_with_batches,
    input_dtype,
    takes_whole_numbers,
    traced,
)
from carvis.classifier.output import (
    changes_meaning,
    check_output,
    decide_output,
    probabilities,
    probe_images,
    score_kind,
)
from carvis.classifier.preprocessing import PREPROCESSING
from carvis.classifier.shapes import fitting_size, image_input, n_classes, resizes_itself
from carvis.classifier.variant import variant_of
from carvis.errors import ImageError, ModelError
from carvis.images import RESIZE_METHODS, USUAL, Reading, read_for, resize
from carvis.images.strips import by_strips
from carvis.language import Message

_CHUNK = 32
# The size of what a model that takes any size is probed with.
PROBED_SIZE = (240, 320)
# Of an image that such a model is given: finding where its layers look takes 200 bytes a pixel.
MOST_NATIVE_PIXELS = 2_000_000
# Values that go into a model at once: 64 MB.
MOST_VALUES = 16_000_000


class Classifier(LayerAccess):
    """A Keras 3 model and what must be known to use it.

    Args:
        model: a Keras model with one input (N, H, W, 3) or (N, H, W, 1) and one output (N, classes).
        class_names: one name an output; two for a single sigmoid output (the second is the one it speaks for).
        preprocessing: a name in ``PREPROCESSING``.
        resize: a name in ``carvis.images.RESIZE_METHODS``.
        alpha, orientation: how image files are read, names in ``carvis.images.ALPHAS`` and ``ORIENTATIONS``.
        input_size: (height, width), needed where the model leaves it open and does not bring images to one size itself.
        output: what its output means, a name in ``OUTPUTS``; None decides by the graph, else by numbers.
        images: uint8 (H, W, 3) each, real ones where there are any, for what only numbers tell.
        name: shown wherever a result is shown.
        path, sha256, card, assumptions: where it came from, the hash of that file, and what had to be assumed, one
            sentence each.
        assumed: names of the facts (``class_names``, ``preprocessing``, ...) that nobody has told or confirmed.

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
        alpha: str = USUAL.alpha,
        orientation: str = USUAL.orientation,
        input_size: int | tuple[int, int] | None = None,
        output: str | None = None,
        images: Sequence[np.ndarray] = (),
        name: str | None = None,
        path: str | Path | None = None,
        sha256: str | None = None,
        card: ModelCard | None = None,
        assumptions: Iterable[str] = (),
        assumed: Iterable[str] = (),
    ):
        self.model = model
        self.name = name or model.name
        self.path = Path(path) if path else None
        self.sha256 = sha256
        self.card = card
        self.assumptions = list(assumptions)
        self.assumed = frozenset(assumed)
        self.class_names = [str(name) for name in class_names]
        self.preprocessing = preprocessing
        self.resize = resize
        self.alpha, self.orientation = alpha, orientation
        height, width, self.channels = image_input(model, self.name)
        input_size = None if input_size == (None, None) else input_size
        # Images go in as they are where the model resizes them itself and nobody asked for a size.
        self.native_size = input_size is None and resizes_itself(model, self.channels)
        self.input_size = (None, None) if self.native_size else fitting_size((height, width), input_size, self.name)
        self._check()
        self.output = output or self._decided_output(images)
        check_output(self.output, self.name)

    def _decided_output(self, images: Sequence[np.ndarray]) -> str:
        """Say what the output means, and note what was assumed."""
        found, said = decide_output(self.model, self.name)
        if not found:
            seen = Message("images of the data set") if len(images) else Message("images of noise and plain colours")
            images = images if len(images) else probe_images(self.probe_size, self.channels)
            found, said = decide_output(self.model, self.name, self._raw(images), seen)
        if said:
            self.assumptions.append(said)
        return found

    @property
    def open_size(self) -> bool:
        """Whether the model itself leaves its input size open."""
        return None in self.model.inputs[0].shape[1:3]

    def score_kind(self, asked: str = "logit") -> str:
        """Return the score that is explained where ``logit`` or ``probability`` is asked for.

        A mixture, such as the mean of several softmaxes, has no logit: its log-probability is explained.
        """
        return score_kind(self.model, self.output, asked)

    @property
    def probe_size(self) -> tuple[int, int]:
        """The input size, or the size to try a model with that takes images of any size."""
        return PROBED_SIZE if self.native_size else self.input_size

    def _check(self) -> None:
        if self.preprocessing not in PREPROCESSING:
            raise ModelError(
                Message(
                    "{preprocessing} is no preprocessing: choose one of {choices}.",
                    preprocessing=self.preprocessing,
                    choices=", ".join(PREPROCESSING),
                )
            )
        if self.resize not in RESIZE_METHODS:
            raise ModelError(
                Message(
                    "{resize} is no resize method: choose one of {choices}.",
                    resize=self.resize,
                    choices=", ".join(RESIZE_METHODS),
                )
            )
        try:
            Reading(self.alpha, self.orientation)
        except ValueError as error:
            raise ModelError(Message("{reason}.", reason=error)) from None
        if self.channels == 1 and self.preprocessing in ("caffe", "torch"):
            raise ModelError(
                Message(
                    "{name} takes grey pictures: {preprocessing} needs colour, choose unit or tf.",
                    name=self.name,
                    preprocessing=self.preprocessing,
                )
            )
        if takes_whole_numbers(self.model) and self.preprocessing != "none":
            raise ModelError(
                Message(
                    "{name} takes whole numbers ({dtype}), 0 to 255: its preprocessing must be none, not {given}.",
                    name=self.name,
                    dtype=input_dtype(self.model),
                    given=self.preprocessing,
                )
            )
        if not copes_with_batches(self.model, (*self.probe_size, self.channels)):
            raise ModelError(
                Message(
                    "{name} takes exactly {n} images at once: save it with an open batch size (keras.Input without"
                    " batch_size).",
                    name=self.name,
                    n=self.model.inputs[0].shape[0],
                )
            )
        expected = n_classes(self.model)
        if len(self.class_names) != expected:
            raise ModelError(
                Message(
                    "{name} tells {expected} classes apart, but {n} names were given: give one name a class, in the "
                    "model's order.",
                    name=self.name,
                    expected=expected,
                    n=len(self.class_names),
                )
            )

    def __repr__(self) -> str:
        size = "of any size" if self.native_size else "x".join(map(str, (*self.input_size, self.channels)))
        return f"Classifier({self.name!r}, {len(self.class_names)} classes, input {size}, {self.preprocessing})"

    def variant(self, **changes) -> "Classifier":
        """Return a classifier that shares this one's Keras model under other facts.

        Args:
            changes: any argument of ``Classifier`` but the model: ``class_names``, ``preprocessing``, ``resize``, ...
        """
        return variant_of(self, changes)

    @property
    def reading(self) -> Reading:
        """How this model reads image files."""
        return Reading(self.alpha, self.orientation)

    @property
    def input_words(self) -> str:
        """What is done to an image before the model sees it: ``unit, on-white, upright``."""
        return f"{self.preprocessing}, {self.reading}"

    def read_image(self, source: str | Path | bytes) -> np.ndarray:
        """Read an image file, or its bytes, as this model takes it: uint8 (H, W, channels).

        Raises:
            ImageError: as ``carvis.images.read_image``.
        """
        return read_for(self.reading, source, self.channels)

    def _repr_html_(self) -> str | None:
        from carvis.classifier.html_repr import classifier_html

        return classifier_html(self)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the weights and of everything that changes a prediction: equal after saving and loading."""
        facts = {
            "input": [*self.input_size, self.channels],
            "preprocessing": self.preprocessing,
            "resize": self.resize,
        }
        if changes_meaning(self.model, self.output):
            facts["output"] = self.output
        # The usual reading adds nothing, so that models keep the fingerprint that their evaluations know.
        return fingerprint(self.model, facts | self.reading.facts())

    @cached_property
    def passes_floats(self) -> bool:
        """Tell whether a gradient can be had at the input: of whole numbers only where floats give the same output."""
        images = np.stack(probe_images(self.probe_size, self.channels))
        return not takes_whole_numbers(self.model) or computes_alike_on_floats(self.model, images)

    def preprocess(self, images: np.ndarray) -> np.ndarray:
        """Bring pictures of the model's size to its range: uint8 or float (N, h, w, c) to float32."""
        return np.asarray(PREPROCESSING[self.preprocessing](images.astype(np.float32)), np.float32)

    def black_image(self, size: tuple[int, int] | None = None) -> np.ndarray:
        """Return a black image as the model takes it, float32 (h, w, c), of the input size or of another."""
        return self.preprocess(np.zeros((1, *(size or self.probe_size), self.channels), np.uint8))[0]

    def fit(self, image: np.ndarray) -> np.ndarray:
        """Bring an image to the input size: uint8 (H, W, 3) or (H, W, 1) to uint8 (h, w, c).

        Raises:
            ImageError: the array is no image.
        """
        image = self._with_channels(image)
        return image if self.native_size else resize(image, self.input_size, self.resize)

    def too_large(self, image: np.ndarray) -> bool:
        """Tell whether ``prepare`` makes an image smaller than the model takes it, for the sake of memory."""
        return self.native_size and image.shape[0] * image.shape[1] > MOST_NATIVE_PIXELS

    def _within_memory(self, image: np.ndarray) -> np.ndarray:
        if not self.too_large(image):
            return image
        height, width = image.shape[:2]
        scale = math.sqrt(MOST_NATIVE_PIXELS / (height * width))
        return resize(image, (max(int(height * scale), 1), max(int(width * scale), 1)), "area")

    def prepare(self, images: Iterable[np.ndarray]) -> np.ndarray:
        """Resize and preprocess pictures of any size: uint8 (H, W, 3) or (H, W, 1) each, to float32 (N, h, w, c).

        For explanations, whose gradients would take gigabytes for a photograph at its own size: where the model takes
        any size, an image has at most ``MOST_NATIVE_PIXELS``.

        Raises:
            ImageError: an array is no image, or the model takes images as they are and these differ in size.
        """
        fitted = [self._within_memory(self.fit(image)) for image in images]
        if not fitted:
            return np.zeros((0, *self.probe_size, self.channels), np.float32)
        if len({image.shape for image in fitted}) > 1:
            raise ImageError(
                Message(
                    "{name} takes images as they are, so only images of one size can be prepared together: prepare them"
                    " one by one, or give input_size.",
                    name=self.name,
                )
            )
        return self.preprocess(np.stack(fitted))

    def _with_channels(self, image: np.ndarray) -> np.ndarray:
        if image.ndim != 3 or image.shape[2] not in (1, 3):
            raise ImageError(
                Message("A picture must be (height, width, 3) or (height, width, 1), not {shape}.", shape=image.shape)
            )
        if image.shape[2] == self.channels:
            return image
        if self.channels == 3:
            return np.repeat(image, 3, axis=2)
        # The weights of ITU-R 601, as Pillow's conversion to grey.
        grey = np.array([0.299, 0.587, 0.114])
        return by_strips(lambda part: (part @ grey).round().astype(np.uint8)[..., None], image)

    @cached_property
    def _forward(self):
        def forward(images):
            return call_model(self.model, images)

        # Keras' cropping layers decide by the size; traced with an open one they go wrong for small images.
        if self.native_size:
            return within_memory(self.model, forward, self.path or self.name)
        signature = [tf.TensorSpec([None, *self.input_size, self.channels], tf.float32)]
        return within_memory(self.model, traced(self.model, forward, signature), self.path or self.name)

    def _raw(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Return the model's output, float32 (N, k), for images of any size, those of one size together."""
        parts: list[list[np.ndarray]] = []
        for image in map(self.fit, images):
            full = min(_CHUNK, max(MOST_VALUES // image.size, 1))
            if not parts or len(parts[-1]) >= full or parts[-1][0].shape != image.shape:
                parts.append([])
            parts[-1].append(image)
        width = int(self.model.outputs[0].shape[1])
        found = [np.asarray(self._forward(self.preprocess(np.stack(part)))) for part in parts]
        return np.concatenate(found) if found else np.zeros((0, width), np.float32)

    def predict(self, images: Iterable[np.ndarray]) -> np.ndarray:
        """Return the probabilities, float32 (N, classes), of pictures of any size."""
        return self.probabilities(self._raw(images))

    def predict_prepared(self, batch: np.ndarray) -> np.ndarray:
        """Return the probabilities, float32 (N, classes), of a batch that ``prepare`` made."""
        return self.probabilities(np.asarray(self._forward(batch)))

    def probabilities(self, output: np.ndarray) -> np.ndarray:
        """Turn the model's output (N, k) into probabilities (N, classes), as ``Classifier.output`` says."""
        return probabilities(output, self.output)
