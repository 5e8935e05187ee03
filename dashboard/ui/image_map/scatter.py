"""The scatter of the map: a component of ours, which the browser draws by WebGL.

Plotly's scattergl draws 100,000 points several times slower, draws anew, unzoomed, whenever a colour changes, and
Streamlit hands a lasso of all of them back in 13 MB with every later click. This one is sent 18 bytes a point, keeps
the view, and hands back the keys of a lasso once.
"""

import base64
import binascii
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ui.state.widget_values import careful

_FOLDER = Path(__file__).parent
_KEY_BYTES = 8


@cache
def _file(suffix: str) -> str:
    return (_FOLDER / f"scatter.{suffix}").read_text(encoding="utf-8")


def packed(
    header: dict[str, Any],
    keys: NDArray[np.float64],
    places: NDArray[np.float32],
    groups: NDArray[np.uint8],
    chosen: NDArray[np.uint8],
) -> bytes:
    """Return the points of a map as ``scatter.js`` reads them.

    Args:
        header: the groups, words, titles and lines.
        keys: (n,) numbers that stand for the images' ids.
        places: (n, 2).
        groups: (n,) places of the points' groups in the header.
        chosen: (n,) 1 where a point stands out, else 0.
    """
    text = json.dumps(header | {"points": len(keys)}, allow_nan=False).encode()
    little = keys.astype("<f8").tobytes(), places.astype("<f4").tobytes(), groups.tobytes(), chosen.tobytes()
    return b"".join([len(text).to_bytes(4, "little"), text, *little])


def draw(content: bytes, key: str, take: Callable[[NDArray[np.float64], bool], None]) -> None:
    """Draw a map.

    Args:
        content: as ``packed`` returns it.
        key: of the component.
        take: called with the keys of the points that a person chose, and whether they are added to those before.
    """

    def chosen() -> None:
        value = st.session_state[key].get("chosen")
        if value is not None:
            take(unpacked(value.get("keys")), value.get("add") is True)

    component = st.components.v2.component("carvis_image_map", html=_file("html"), css=_file("css"), js=_file("js"))
    component(key=key, data=content, on_chosen_change=careful(chosen))


def unpacked(text: object) -> NDArray[np.float64]:
    """Return the keys that the browser hands over; none where they are damaged."""
    try:
        content = base64.b64decode(text if isinstance(text, str) else "", validate=True)
    except (binascii.Error, ValueError):
        return np.empty(0)
    return np.frombuffer(content[: len(content) // _KEY_BYTES * _KEY_BYTES], "<f8")
