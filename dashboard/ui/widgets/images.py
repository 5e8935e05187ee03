"""Images and colour scales as a browser shows them well, each encoded once for what it is made of."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import streamlit as st

from carvis.images import colorize, encode_image, fitted, overlay, read_image
from carvis.workspace import content_hash
from ui.state.models import stamp_of
from ui.state.samples import Sample

_SIDE = 640
_MOST = 1_000


def shown(image: np.ndarray, side: int = _SIDE) -> np.ndarray:
    """Bring an image to a size that a browser shows well: its longer side ``side`` pixels."""
    return fitted(image, side, enlarge=True)


def shown_image(sample: Sample) -> np.ndarray:
    """Return a person's image as a browser shows it well, read once; it is shared and not to be changed."""
    return _shown_image(stamp_of(sample), _source=sample.source)


@st.cache_resource(max_entries=64, show_spinner=False)
def _shown_image(stamp: object, *, _source: Path | bytes) -> np.ndarray:
    return shown(read_image(_source))


@lru_cache(16)
def legend(colours: str) -> bytes:
    """Draw the colour scale, from no evidence to the most."""
    return encode_image(np.repeat(colorize(np.linspace(0, 1, 256)[None], colours), 14, axis=0), "PNG")


def encoded_once(draw: Callable[[], bytes], *made_of: object) -> bytes:
    """Return an encoded image that is drawn once for all sessions.

    Args:
        draw: draws and encodes it.
        made_of: all that decides how it looks, as ``content_hash`` takes it.
    """
    return _encoded(content_hash(*made_of), _draw=draw)


@st.cache_data(max_entries=_MOST, show_spinner=False)
def _encoded(key: str, *, _draw: Callable[[], bytes]) -> bytes:
    return _draw()


def encoded(image: np.ndarray, stamp: object) -> bytes:
    """Return an image as it is shown.

    Args:
        stamp: tells whether it is still the same image.
    """
    return encoded_once(lambda: encode_image(image), "image", image.shape, stamp)


def overlaid(image: np.ndarray, stamp: object, values: np.ndarray, strength: int, colours: str) -> bytes:
    """Return an image with a heatmap over it.

    Args:
        stamp: tells whether it is still the same image.
        values: (h, w) from 0 to 1.
        strength: of the colours, in per cent.
    """
    return encoded_once(
        lambda: encode_image(overlay(image, values, strength / 100, colours)),
        "overlay", image.shape, stamp, np.ascontiguousarray(values), strength, colours,
    )  # fmt: skip
