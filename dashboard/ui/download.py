"""Offering a file to download; it is made only when somebody asks for it."""

from collections.abc import Callable
from typing import Any

import streamlit as st

_MIME = {"png": "image/png", "csv": "text/csv", "zip": "application/zip", "npz": "application/octet-stream"}
_MIME |= {"json": "application/json", "html": "text/html"}


def download(label: str, make: Callable[[], bytes | str], file_name: str, **more: Any) -> None:
    """Offer a file whose kind its name ends in.

    Args:
        make: returns the file's content.
        more: further arguments of the button.
    """
    suffix = file_name.rsplit(".", 1)[-1]
    icon = {"png": ":material/image:", "html": ":material/description:"}.get(suffix, ":material/data_array:")
    look = {"icon": icon, "type": "tertiary", "on_click": "ignore", "mime": _MIME[suffix]}
    st.download_button(label, make, file_name, **(look | more))
