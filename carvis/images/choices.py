"""How images can be read and resized: the names that the library, the command line and the dashboard share."""

from typing import Literal, get_args

Alpha = Literal["drop-alpha", "on-white", "on-black"]
Orientation = Literal["upright", "as-stored"]
ResizeMethod = Literal["nearest", "bilinear", "bicubic", "area"]

ALPHAS: tuple[Alpha, ...] = get_args(Alpha)
ORIENTATIONS: tuple[Orientation, ...] = get_args(Orientation)
RESIZE_METHODS: tuple[ResizeMethod, ...] = get_args(ResizeMethod)
