"""Turning arrays between an image as it is stored and as it stands upright (EXIF orientation, 1 to 8)."""

import numpy as np
from PIL import Image

EXIF_ORIENTATION = 0x0112
SIDEWAYS = (5, 6, 7, 8)
# A quarter turn is undone by the one the other way; all others undo themselves.
_INVERSE = {6: 8, 8: 6}


def turned_upright(array: np.ndarray, orientation: int) -> np.ndarray:
    """Turn an image or a map, (h, w) or (h, w, c), from how it is stored to how it stands upright.

    Args:
        orientation: the EXIF orientation of the file; 1, or what is none, leaves the array as it is.
    """
    if orientation == 2:
        return array[:, ::-1]
    if orientation == 3:
        return array[::-1, ::-1]
    if orientation == 4:
        return array[::-1]
    if orientation == 5:
        return array.swapaxes(0, 1)
    if orientation == 6:
        return np.rot90(array, -1)
    if orientation == 7:
        return array[::-1, ::-1].swapaxes(0, 1)
    if orientation == 8:
        return np.rot90(array)
    return array


def turned_as_stored(array: np.ndarray, orientation: int) -> np.ndarray:
    """Turn an image or a map from upright to how it is stored: the inverse of ``turned_upright``."""
    return turned_upright(array, _INVERSE.get(orientation, orientation))


def place_upright(x: float, y: float, orientation: int) -> tuple[float, float]:
    """Turn a place, shares (x, y) of the width and height, from the stored image to the upright one."""
    turns = {
        2: (1 - x, y),
        3: (1 - x, 1 - y),
        4: (x, 1 - y),
        5: (y, x),
        6: (1 - y, x),
        7: (1 - y, 1 - x),
        8: (y, 1 - x),
    }
    return turns.get(orientation, (x, y))


def orientation_in(image: Image.Image) -> int:
    """Return the EXIF orientation that an opened Pillow image still needs to stand upright; 1 for none.

    TIFF images are turned by Pillow when their pixels are loaded, for Keras as for everyone, and then need none.
    """
    orientation = 1 if image.format == "TIFF" else image.getexif().get(EXIF_ORIENTATION, 1)
    return orientation if orientation in range(1, 9) else 1
