"""Sheets of small images, and tables to save."""

import pandas as pd
import streamlit as st

from carvis.tables import to_csv
from ui.state.thumbnails import thumbnails
from ui.widgets.download import download
from ui.widgets.text import plain

SHEET = 48


def tile(image: bytes | str, alt: str) -> None:
    """Show a thumbnail, or the sentence why there is none."""
    if isinstance(image, bytes):
        st.image(image, width="stretch", alt=alt)
    else:
        st.caption(f":material/broken_image: {plain(image)}")


def sheet(rows: pd.DataFrame, captions: list[str] | None = None) -> None:
    """Show the images of some rows side by side, each with its caption."""
    small = thumbnails(rows["path"].tolist(), 160)
    with st.grid("auto", min_column_width=104, gap="xsmall"):
        for row, image, caption in zip(rows.itertuples(), small, captions or [""] * len(rows), strict=True):
            with st.container(gap="xxsmall"):
                tile(image, row.label)
                if caption:
                    st.caption(caption)


def save(label: str, table: pd.DataFrame, name: str) -> None:
    """Offer a table as a CSV file."""
    download(label, lambda: to_csv(table).encode("utf-8-sig"), name, key=f"save_{name}")
