"""Showing rows a page at a time; the page's number is in the selection."""

import pandas as pd
import streamlit as st

from ui.state import selection


def on_page(rows: pd.DataFrame, size: int) -> pd.DataFrame:
    """Return the rows of the chosen page, or of the last one where there are fewer.

    Args:
        rows: all rows, in order.
        size: how many a page shows.
    """
    first = (_page(len(rows), size) - 1) * size
    return rows.iloc[first : first + size]


def choose_page(n: int, size: int) -> None:
    """Offer the pages of ``n`` rows, where there are several."""
    if (pages := _pages(n, size)) > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, **selection.control("page", _page(n, size)))


def _pages(n: int, size: int) -> int:
    return max(1, -(-n // size))


def _page(n: int, size: int) -> int:
    return min(selection.get().page, _pages(n, size))
