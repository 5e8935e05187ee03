"""Why a model predicts what it does: the images nearest to the one above, shown when a person asks."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from ui.heatmaps.heatmap_row import HeatmapRow
from ui.state import current, workspace
from ui.state.i18n import _
from ui.widgets import why


def show(row: HeatmapRow, models: Sequence[str]) -> None:
    """Offer the images nearest to a row's image in each model's features.

    A click on one compares the heatmaps of both for the class that is explained here.
    """
    data = current.dataset_name()
    if isinstance(row.sample.source, Path) and data not in workspace.datasets():
        return
    key = f"why_{row.number}"
    box = st.expander(
        _("Why? The images nearest to it"), icon=":material/help:", key=key, on_change="rerun", type="compact"
    )
    if not box.open:
        return
    with box:
        if not isinstance(row.sample.source, Path):
            st.page_link("app_pages/try_it.py", label=_("Page Try it compares new images with the training images."))
            return
        targets = {name: heatmap.target_name for name, heatmap in row.heatmaps.items()}
        why.show(data, row.sample.id, models, f"row_{row.number}", targets)
