"""Buttons and keys for the previous and the next image."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from ui.state.i18n import _
from ui.state.widget_values import careful


def steps(ids: pd.Series, position: int, key: str, go: Callable[[str], None]) -> None:
    """Offer the previous image (K) and the next one (J), and show the position of the present one.

    Args:
        ids: of the images, in order.
        position: of the present one.
        key: prefix of the buttons' keys.
        go: called with the id to open.
    """
    for step, label, icon, shortcut in (
        (-1, _("Previous"), "chevron_left", "K"),
        (1, _("Next"), "chevron_right", "J"),
    ):
        target = position + step
        exists = 0 <= target < len(ids)
        st.button(
            label,
            icon=f":material/{icon}:",
            key=f"{key}_{step}",
            shortcut=shortcut,
            disabled=not exists,
            on_click=careful(go),
            args=(ids.iloc[target] if exists else "",),
        )
    st.markdown(f"{position + 1:,} / {len(ids):,}", width="content")
