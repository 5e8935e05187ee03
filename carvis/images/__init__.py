"""Reading, resizing, colouring and writing pictures."""

from carvis.images.colour import DIVERGING, colorize, overlay, overlay_difference
from carvis.images.dataset_depth import Depth, depth_of
from carvis.images.decode_limits import MAX_PIXELS
from carvis.images.files import encode_image, thumbnail, write_image
from carvis.images.formats import IMAGE_SUFFIXES, why_not_read
from carvis.images.orientation import place_upright, turned_as_stored, turned_upright
from carvis.images.reader import (
    ALPHAS,
    KERAS,
    ORIENTATIONS,
    USUAL,
    Alpha,
    Orientation,
    Reading,
    has_alpha,
    header_traits,
    image_size,
    load_batch,
    read_for,
    read_image,
    turn_of,
)
from carvis.images.resampling import RESIZE_METHODS, SHOWN_SIDE, ResizeMethod, fitted, resize

__all__ = [
    "ALPHAS",
    "DIVERGING",
    "IMAGE_SUFFIXES",
    "KERAS",
    "MAX_PIXELS",
    "ORIENTATIONS",
    "RESIZE_METHODS",
    "SHOWN_SIDE",
    "USUAL",
    "Alpha",
    "Depth",
    "Orientation",
    "Reading",
    "ResizeMethod",
    "colorize",
    "depth_of",
    "encode_image",
    "fitted",
    "has_alpha",
    "header_traits",
    "image_size",
    "load_batch",
    "overlay",
    "overlay_difference",
    "place_upright",
    "read_for",
    "read_image",
    "resize",
    "thumbnail",
    "turn_of",
    "turned_as_stored",
    "turned_upright",
    "why_not_read",
    "write_image",
]
