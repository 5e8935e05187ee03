"""The channels of a layer's activations: which are dead, their order, their mean, and a grid of them.

All functions take float arrays (h, w, c), as ``activations`` returns them.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from carvis.images import colorize, crossed_tile, resize
from carvis.language import Message
from carvis.workspace import json_text

# A channel whose values differ by less than this share of the largest one is constant.
CONSTANT = 1e-5
# What shares a colour scale: each channel has its own, or all of the layer.
Range = Literal["channel", "layer"]
RANGES: tuple[Range, ...] = get_args(Range)
RANGE_SENTENCES: dict[Range, Message] = {
    "channel": Message("Each channel has its own colour scale: compare positions, not strengths."),
    "layer": Message("All channels of the layer share a colour scale: dark channels respond weakly."),
}
_LABEL, _PAPER, _INK = 12, 255, 96


def dead_channels(activation: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Tell which channels are constant for this image: bool (c,).

    Behind a ReLU these are the channels that nothing in the image activates. A channel with NaN counts as dead.
    """
    low, high = activation.min(axis=(0, 1)), activation.max(axis=(0, 1))
    with np.errstate(invalid="ignore"):
        return ~(high - low > CONSTANT * np.maximum(np.abs(low), np.abs(high)))


def by_largest(activation: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return the channels' indices, int (c,), the one with the largest activation first, the dead ones last."""
    return np.lexsort((-activation.max(axis=(0, 1)), dead_channels(activation)))


def mean_map(activation: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the mean of all channels at each position: float32 (h, w)."""
    return activation.mean(axis=2, dtype=np.float64).astype(np.float32)


def stretched(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Bring values to [0, 1], their lowest to 0 and their highest to 1; all 0 where they are constant."""
    low, high = float(values.min()), float(values.max())
    if not high - low > CONSTANT * max(abs(low), abs(high)):
        return np.zeros_like(values, np.float32)
    return ((values.astype(np.float64) - low) / (high - low)).astype(np.float32)


def last_of_each_size(maps: Mapping[str, NDArray]) -> list[str]:
    """List the last layer at each size of map: a handful of layers from the input to the output of a model.

    Lin et al., "Feature Pyramid Networks for Object Detection" (CVPR 2017), section 3, take the last layer of each
    such stage likewise.

    Args:
        maps: the activations of layers by path, in execution order.
    """
    return list({activation.shape[:2]: path for path, activation in maps.items()}.values())


def channel_grid(
    activation: NDArray[np.floating],
    columns: int = 16,
    largest_first: bool = False,
    *,
    channels: Sequence[int] | None = None,
    scale: Range = "channel",
    side: int = 64,
    margin: int = 4,
    labels: bool = False,
    colormap: str = "viridis",
) -> NDArray[np.uint8]:
    """Draw a layer's channels row by row, the dead ones crossed out: uint8 (H, W, 3).

    Args:
        activation: float (h, w, c).
        columns: channels a row.
        largest_first: those with the largest activation first, instead of by index.
        channels: the indices to draw, in this order; None for all.
        scale: ``channel`` colours each channel from its own lowest value to its own highest, ``layer`` all of them
            from the lowest to the highest of the layer.
        side: longer side of a channel in pixels. Smaller maps are enlarged by a whole number to about that.
        margin: white pixels around each channel.
        labels: write each channel's index above it.
        colormap: a matplotlib name.

    Raises:
        ValueError: no such scale.
    """
    if scale not in RANGES:
        raise ValueError(f"unknown scale {scale!r}: one of {', '.join(RANGES)}")
    dead = dead_channels(activation)
    if channels is not None:
        order = list(channels)
    else:
        order = by_largest(activation).tolist() if largest_first else list(range(activation.shape[2]))
    live = activation[..., ~dead]
    low, high = (float(live.min()), float(live.max())) if live.size else (0.0, 1.0)
    size = _tile_size(activation.shape[:2], side)
    cross = resize(crossed_tile(max(size)), size, "nearest")
    head = _LABEL if labels else 0
    step = np.array([size[0] + head + margin, size[1] + margin])
    columns = max(1, min(columns, len(order)))
    rows = -(-len(order) // columns)
    canvas = np.full((*(step * (rows, columns) + margin), 3), _PAPER, np.uint8)
    corners = [step * divmod(place, columns) + margin for place in range(len(order))]
    for index, (top, left) in zip(order, corners, strict=True):
        tile = cross
        if not dead[index]:
            values = activation[..., index]
            values = stretched(values) if scale == "channel" else (values - low) / (high - low)
            tile = _sized(colorize(values, colormap), size)
        canvas[top + head : top + head + size[0], left : left + size[1]] = tile
    return _labelled(canvas, order, corners) if labels else canvas


def _tile_size(shape: tuple[int, int], side: int) -> tuple[int, int]:
    longer = max(shape)
    factor = max(1, round(side / longer)) if longer <= side else side / longer
    return max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))


def _sized(tile: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    return resize(tile, size, "area" if size[0] < tile.shape[0] else "nearest")


def _labelled(canvas: NDArray[np.uint8], channels: Sequence[int], corners: Sequence[NDArray]) -> NDArray[np.uint8]:
    image = Image.fromarray(canvas)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(10)
    for index, (top, left) in zip(channels, corners, strict=True):
        pen.text((left, top), str(index), fill=(_INK,) * 3, font=font)
    return np.asarray(image)


def activation_file(maps: Mapping[str, NDArray], **facts: object) -> bytes:
    """Return the content of an ``.npz`` file with each layer's activations by its path, and ``facts`` as JSON."""
    buffer = io.BytesIO()
    # A layer may be named as NumPy's own argument is: the archive is written name by name.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, values in {**maps, "facts": np.array(json_text(facts))}.items():
            with archive.open(f"{path}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(values), allow_pickle=False)
    return buffer.getvalue()
