from .choices import ALPHAS, ORIENTATIONS, RESIZE_METHODS, Alpha, Orientation, ResizeMethod
from .colour import COLORMAPS, DIVERGING, ColorMap, colorize, crossed_tile, overlay, overlay_difference
from .dataset_depth import Depth, depth_of
from .decode_limits import MAX_PIXELS
from .files import encode_image, thumbnail, write_image
from .formats import IMAGE_SUFFIXES, why_not_read
from .orientation import place_upright, turned_as_stored, turned_upright
from .reader import (
    KERAS,
    USUAL,
    Reading,
    header_traits,
    image_size,
    load_batch,
    read_for,
    read_image,
    turn_of,
)
from .resampling import SHOWN_SIDE, fitted, resize

__all__ = [
    "ALPHAS",
    "COLORMAPS",
    "DIVERGING",
    "IMAGE_SUFFIXES",
    "KERAS",
    "MAX_PIXELS",
    "ORIENTATIONS",
    "RESIZE_METHODS",
    "SHOWN_SIDE",
    "USUAL",
    "Alpha",
    "ColorMap",
    "Depth",
    "Orientation",
    "Reading",
    "ResizeMethod",
    "colorize",
    "crossed_tile",
    "depth_of",
    "encode_image",
    "fitted",
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
