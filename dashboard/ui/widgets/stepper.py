"""Going from one picture to the next, by button or by key."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from ui.state.i18n import _
from ui.state.widget_values import careful


def steps(ids: pd.Series, position: int, key: str, go: Callable[[str], None]) -> None:
    """Offer the picture before (K) and the next one (J), and say which of how many this one is.

    Args:
        ids: of the pictures, in order.
        position: of the present one.
        key: begins the buttons' keys.
        go: called with the id to open.
    """
    for step, label, icon, shortcut in (
        (-1, _("Previous"), "chevron_left", "K"),
        (1, _("Next"), "chevron_right", "J"),
    ):
        to = position + step
        there = 0 <= to < len(ids)
        st.button(
            label,
            icon=f":material/{icon}:",
            key=f"{key}_{step}",
            shortcut=shortcut,
            disabled=not there,
            on_click=careful(go),
            args=(ids.iloc[to] if there else "",),
        )
    st.markdown(f"{position + 1:,} / {len(ids):,}", width="content")
