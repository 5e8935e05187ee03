"""Netpbm images whose brightest value is neither 255 nor 65535, which Pillow decodes pixel by pixel in Python."""

from typing import cast

import numpy as np
from PIL import Image, ImageFile

from carvis.images.strips import strips


def decode(image: ImageFile.ImageFile) -> None:
    """Decode an opened PGM or PPM with ``codec`` "ppm" as Pillow does, but quickly; leave others alone.

    Raises:
        ValueError: the file ends before its pixels do.
    """
    if not image.tile or image.tile[0][0] != "ppm" or image.fp is None:
        return
    _, _, offset, arguments = image.tile[0]
    maximum = cast(int, arguments[-1] if isinstance(arguments, tuple) else arguments)
    wide, white = maximum > 255, 65535 if image.mode == "I" else 255
    kind = np.dtype(">u2" if wide else "u1")
    shades = np.minimum(np.rint(np.arange(65536 if wide else 256) / maximum * white), white)
    shades = shades.astype(np.int32 if image.mode == "I" else np.uint8)
    channels = len(image.getbands())
    pixels = np.empty((image.height, image.width, channels), shades.dtype)
    image.fp.seek(offset)
    for rows in strips(image.height, image.width):
        part = pixels[rows]
        data = image.fp.read(part.size * kind.itemsize)
        if len(data) < part.size * kind.itemsize:
            raise ValueError("image file is truncated")
        pixels[rows] = shades[np.frombuffer(data, kind)].reshape(part.shape)
    image.im = Image.fromarray(pixels if channels > 1 else pixels[..., 0]).im
    image.tile = []
