"""``ModelInput``: how images become the input of a classifier's model."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from carvis.classifier.preprocessing import PREPROCESSING
from carvis.classifier.vocabulary import PreprocessingName
from carvis.dataset import Unreadable, pipeline
from carvis.errors import ImageError
from carvis.images import Alpha, Orientation, Reading, ResizeMethod, read_for, resize
from carvis.images.strips import by_strips
from carvis.language import Message

# The image size with which a model of any input size is probed.
PROBED_SIZE = (240, 320)
# Of an image that such a model is given: finding where its layers look takes 200 bytes a pixel.
MOST_NATIVE_PIXELS = 2_000_000


class ModelInput:
    """The part of a ``Classifier`` that reads, resizes and preprocesses images.

    Attributes:
        input_size: (height, width); (None, None) where images go in at their own size.
        native_size: whether they do.
        channels: 3, or 1 for grayscale images.
    """

    model: keras.Model
    name: str
    input_size: tuple[int, int] | tuple[None, None]
    native_size: bool
    channels: int
    preprocessing: PreprocessingName
    resize: ResizeMethod
    alpha: Alpha
    orientation: Orientation

    @property
    def open_size(self) -> bool:
        """Whether the model itself leaves its input size open."""
        return None in self.model.inputs[0].shape[1:3]

    @property
    def probe_size(self) -> tuple[int, int]:
        """The input size, or the size to try a model with that takes images of any size."""
        height, width = self.input_size
        return PROBED_SIZE if height is None or width is None else (height, width)

    @property
    def reading(self) -> Reading:
        """How this model reads image files."""
        return Reading(self.alpha, self.orientation)

    @property
    def input_words(self) -> str:
        """The steps from an image to the model's input: ``unit, on-white, upright``."""
        return f"{self.preprocessing}, {self.reading}"

    def read_image(self, source: str | Path | bytes) -> NDArray[np.uint8]:
        """Read an image file, or its bytes, as this model takes it: uint8 (H, W, channels).

        Raises:
            ImageError: as ``carvis.images.read_image``.
        """
        return read_for(self.reading, source, self.channels)

    def preprocess(self, images: np.ndarray) -> NDArray[np.float32]:
        """Bring images of the model's size to its range: uint8 or float (N, h, w, c) to float32."""
        return np.asarray(PREPROCESSING[self.preprocessing](images.astype(np.float32)), np.float32)

    def black_image(self, size: tuple[int, int] | None = None) -> NDArray[np.float32]:
        """Return a black image as the model takes it, float32 (h, w, c), of the input size or of another."""
        return self.preprocess(np.zeros((1, *(size or self.probe_size), self.channels), np.uint8))[0]

    def fit(self, image: np.ndarray) -> np.ndarray:
        """Bring an image to the input size: uint8 (H, W, 3) or (H, W, 1) to uint8 (h, w, c).

        Raises:
            ImageError: the array is no image.
        """
        image = self._with_channels(image)
        return image if self.native_size else resize(image, self.probe_size, self.resize)

    def too_large(self, image: np.ndarray) -> bool:
        """Tell whether ``prepare`` makes an image smaller than the model takes it, for the sake of memory."""
        return self.native_size and image.shape[0] * image.shape[1] > MOST_NATIVE_PIXELS

    def _within_memory(self, image: np.ndarray) -> np.ndarray:
        if not self.too_large(image):
            return image
        height, width = image.shape[:2]
        scale = math.sqrt(MOST_NATIVE_PIXELS / (height * width))
        return resize(image, (max(int(height * scale), 1), max(int(width * scale), 1)), "area")

    def prepare(self, images: Iterable[np.ndarray]) -> NDArray[np.float32]:
        """Resize and preprocess images of any size: uint8 (H, W, 3) or (H, W, 1) each, to float32 (N, h, w, c).

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
                    "{name} takes images at their own size, so only images of equal size can be prepared"
                    " together: prepare them one by one, or give input_size.",
                    name=self.name,
                )
            )
        return self.preprocess(np.stack(fitted))

    def prepared_batches(
        self, paths: Iterable[str], *, batch_size: int = 32, unreadable: Unreadable | None = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Read image files in parallel and yield them in batches, as the model takes them.

        Args:
            paths: image files.
            batch_size: images in a batch; one where images go in at their own size.
            unreadable: images that cannot be read are recorded there and ignored; None raises.

        Yields:
            The places of n images in ``paths``, int64 (n,), and the images, float32 (n, h, w, c).
        """
        batches = pipeline(
            list(paths),
            input_size=self.input_size,
            resize_method=self.resize,
            channels=self.channels,
            reading=self.reading,
            batch_size=batch_size,
            unreadable=unreadable,
        )
        for places, images in batches.as_numpy_iterator():
            yield places, self.preprocess(images)

    def _with_channels(self, image: np.ndarray) -> np.ndarray:
        if image.ndim != 3 or image.shape[2] not in (1, 3):
            raise ImageError(
                Message("An image must be (height, width, 3) or (height, width, 1), not {shape}.", shape=image.shape)
            )
        if image.shape[2] == self.channels:
            return image
        if self.channels == 3:
            return np.repeat(image, 3, axis=2)
        # The weights of ITU-R 601, as Pillow's conversion to grey.
        grey = np.array([0.299, 0.587, 0.114])
        return by_strips(lambda part: (part @ grey).round().astype(np.uint8)[..., None], image)
