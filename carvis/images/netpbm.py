"""Netpbm images whose brightest value is neither 255 nor 65535, which Pillow decodes pixel by pixel in Python."""

from typing import cast

import numpy as np
from PIL import Image, ImageFile

from carvis.images.strips import strips


def decode(opened: ImageFile.ImageFile) -> None:
    """Decode an opened PGM or PPM with ``codec`` "ppm" as Pillow does, but quickly; leave others alone.

    Raises:
        ValueError: the file ends before its pixels do.
    """
    if not opened.tile or opened.tile[0][0] != "ppm" or opened.fp is None:
        return
    _, _, offset, arguments = opened.tile[0]
    maximum = cast(int, arguments[-1] if isinstance(arguments, tuple) else arguments)
    wide, white = maximum > 255, 65535 if opened.mode == "I" else 255
    kind = np.dtype(">u2" if wide else "u1")
    shades = np.minimum(np.rint(np.arange(65536 if wide else 256) / maximum * white), white)
    shades = shades.astype(np.int32 if opened.mode == "I" else np.uint8)
    channels = len(opened.getbands())
    made = np.empty((opened.height, opened.width, channels), shades.dtype)
    opened.fp.seek(offset)
    for rows in strips(opened.height, opened.width):
        part = made[rows]
        data = opened.fp.read(part.size * kind.itemsize)
        if len(data) < part.size * kind.itemsize:
            raise ValueError("image file is truncated")
        made[rows] = shades[np.frombuffer(data, kind)].reshape(part.shape)
    opened.im = Image.fromarray(made if channels > 1 else made[..., 0]).im
    opened.tile = []
