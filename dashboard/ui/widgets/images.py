"""Images and colour scales as a browser shows them well."""

import numpy as np

from carvis.images import colorize, encode_image, fitted

_SIDE = 640


def shown(image: np.ndarray, side: int = _SIDE) -> np.ndarray:
    """Bring an image to a size that a browser shows well: its longer side ``side`` pixels."""
    return fitted(image, side, enlarge=True)


def legend(colours: str) -> bytes:
    """Draw the colour scale, from no evidence to the most."""
    return encode_image(np.repeat(colorize(np.linspace(0, 1, 256)[None], colours), 14, axis=0), "PNG")
