"""Reading, resizing, colouring and writing pictures."""

from carvis.images.files import encode_image, thumbnail, write_image
from carvis.images.overlay import DIVERGING, colorize, overlay, overlay_difference
from carvis.images.reader import IMAGE_SUFFIXES, MAX_PIXELS, load_batch, read_image
from carvis.images.resize import RESIZE_METHODS, resize

__all__ = [
    "DIVERGING",
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "RESIZE_METHODS",
    "colorize",
    "encode_image",
    "load_batch",
    "overlay",
    "overlay_difference",
    "read_image",
    "resize",
    "thumbnail",
    "write_image",
]
