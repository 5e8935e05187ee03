"""The darkest, brightest and blurriest images."""

import streamlit as st

from carvis.dataset.health import Health
from ui.data_health import tiles
from ui.data_health.selection import DataHealthSelection
from ui.state import selection
from ui.state.i18n import N_, _
from ui.widgets.paging import choose_page, on_page
from ui.widgets.pickers import segments
from ui.widgets.text import SPLIT, plain

LIGHT = {
    "darkest": (N_("Darkest"), "brightness", True),
    "brightest": (N_("Brightest"), "brightness", False),
    "blurriest": (N_("Blurriest"), "sharpness", True),
}


def show(health: Health) -> None:
    """Show the darkest, brightest or blurriest images."""
    chosen = selection.get(DataHealthSelection).light
    segments("light", _("Show"), {name: text for name, (text, _column, _up) in LIGHT.items()}, chosen)
    _label, column, ascending = LIGHT[chosen]
    # One image per group of duplicates.
    readable = health.images[health.images["reason"] == ""].drop_duplicates("group")
    rows = readable.sort_values(column, ascending=ascending, kind="stable")
    st.caption(
        _("Brightness is the mean luminance, from 0 (black) to 255 (white).")
        if column == "brightness"
        else _("Sharpness is the variance of the Laplacian: a low value means a blurred image.")
    )
    part = on_page(rows, tiles.SHEET)
    captions = [
        f"**{value:.0f}** · {_(SPLIT[split])}  \n{plain(label)}"
        for value, split, label in zip(part[column], part["split"], part["label"], strict=True)
    ]
    tiles.sheet(part, captions)
    choose_page(len(rows), tiles.SHEET)
    table = health.images[
        ["id", "split", "label", "width", "height", "size", "brightness", "contrast", "sharpness", "group", "reason"]
    ]
    tiles.save(_("Download the table of all images"), table, f"{health.name}-images.csv")
