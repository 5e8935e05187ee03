"""Which part of an image a model sees where it resizes or crops images itself, before its first weights."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras
import numpy as np

from carvis.classifier.graph import flat_operations
from carvis.classifier.input_range import first_weights_input

_PROBES = ((96, 131), (141, 118))


@dataclass(frozen=True)
class Frame:
    """The rectangle of an image that a model's first weights see, in pixels of that image.

    Attributes:
        top, left, height, width: it may reach beyond the image where the model pads it.
        image: (height, width) of the image.
    """

    top: float
    left: float
    height: float
    width: float
    image: tuple[int, int]

    @property
    def whole(self) -> bool:
        """Whether it is the image, neither more nor less."""
        box = (self.top, self.left, self.height - self.image[0], self.width - self.image[1])
        return all(abs(side) < 1e-6 for side in box)


def model_frame(model: keras.Model, size: tuple[int, int], channels: int) -> Frame:
    """Return what a model sees of an image of a size, by its own resizing and cropping layers and operations."""
    steps: list[tuple] = []
    # A layer of the user's own may fail in any way; the frame found so far holds.
    with _recording(model, steps), contextlib.suppress(Exception):
        first_weights_input(model, np.zeros((1, *size, channels), np.float32))
    top, left, height, width = 0.0, 0.0, float(size[0]), float(size[1])
    for box, before in steps:
        # A box is in pixels of what goes into the step; that covers the frame found so far.
        down, across = height / before[0], width / before[1]
        top, left = top + box[0] * down, left + box[1] * across
        height, width = box[2] * down, box[3] * across
    return Frame(top, left, height, width, tuple(size))


def resizes_itself(model: keras.Model, channels: int) -> bool:
    """Tell whether images of any size reach a model's first weights at one size."""
    if tuple(model.inputs[0].shape[1:3]) != (None, None):
        return False
    shapes = []
    for size in _PROBES:
        try:
            seen = first_weights_input(model, np.zeros((1, *size, channels), np.float32))
        # An open size may be one that the model cannot take.
        except Exception:
            return False
        shapes.append(None if seen is None else seen.shape[1:])
    return None not in shapes and shapes[0] == shapes[1]


@contextlib.contextmanager
def _recording(model: keras.Model, steps: list) -> Iterator[None]:
    patched = [step for step in flat_operations(model) if type(step).__name__ in _BOXES]
    for step in patched:
        object.__setattr__(step, "call", _recorder(step, steps))
    try:
        yield
    finally:
        for step in patched:
            object.__delattr__(step, "call")


def _recorder(step: keras.Operation, steps: list) -> Callable:
    own = step.call

    def call(x, *args, **kwargs):
        made = own(x, *args, **kwargs)
        before, after = (tuple(one.shape[1:3]) for one in (x, made))
        box = _BOXES[type(step).__name__](step, before, after, *args)
        if len(x.shape) == 4 and box is not None:
            steps.append((box, before))
        return made

    return call


def _resized(step, before, after, *args) -> tuple:
    height, width = before
    if getattr(step, "crop_to_aspect_ratio", False):
        return _largest_window(before, after)
    if getattr(step, "pad_to_aspect_ratio", False):
        # As Keras: whole pixels, half of them on either side, rounded down.
        above = (max(height, int(width * after[0] / after[1])) - height) // 2
        beside = (max(width, int(height * after[1] / after[0])) - width) // 2
        return -above, -beside, height + 2 * above, width + 2 * beside
    return 0, 0, height, width


def _largest_window(before, after) -> tuple:
    height, width = before
    inner = max(min(height, int(width * after[0] / after[1])), 1), max(min(width, int(height * after[1] / after[0])), 1)
    return int((height - inner[0]) / 2), int((width - inner[1]) / 2), *inner


def _centre_crop(step, before, after, *args) -> tuple:
    if before[0] >= after[0] and before[1] >= after[1]:
        return (before[0] - after[0]) // 2, (before[1] - after[1]) // 2, *after
    return _largest_window(before, after)


def _cropped(step, before, after, *args) -> tuple:
    (top, _), (left, _) = step.cropping
    return top, left, *after


def _crop_images(step, before, after, *args) -> tuple:
    top, left = step.top_cropping, step.left_cropping
    top = before[0] - after[0] - (step.bottom_cropping or 0) if top is None else top
    left = before[1] - after[1] - (step.right_cropping or 0) if left is None else left
    return top, left, *after


def _padded_images(step, before, after, *args) -> tuple:
    top, left = step.top_padding, step.left_padding
    top = after[0] - before[0] - (step.bottom_padding or 0) if top is None else top
    left = after[1] - before[1] - (step.right_padding or 0) if left is None else left
    return -top, -left, *after


def _sliced(step, before, after, key=(), *args) -> tuple | None:
    slices = key if isinstance(key, tuple) else (key,)
    if before == after or len(slices) < 3 or not all(isinstance(one, slice) for one in slices[1:3]):
        return None
    starts = [one.indices(side)[0] for one, side in zip(slices[1:3], before)]
    return *starts, *after


# The box of what goes in that comes out, by the name of the layer or operation. Zero padding belongs to the
# convolution that follows it.
_BOXES: dict[str, Callable] = {
    "Resizing": _resized,
    "Resize": _resized,
    "CenterCrop": _centre_crop,
    "Cropping2D": _cropped,
    "CropImages": _crop_images,
    "PadImages": _padded_images,
    "GetItem": _sliced,
}
