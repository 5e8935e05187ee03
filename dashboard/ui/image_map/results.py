"""The chosen images below the map, as a gallery: tags, notes, keys, large view, heatmaps."""

import pandas as pd
import streamlit as st

from ui.image_map import controls, sets
from ui.image_map.chosen import Chosen
from ui.image_map.spaces import Space
from ui.state import current, selection
from ui.state.i18n import _
from ui.widgets import gallery, gallery_page
from ui.widgets.paging import on_page


def show(rows: pd.DataFrame, chosen: Chosen, space: Space) -> None:
    """Show the chosen images, a page at a time.

    Args:
        rows: as ``spaces.rows`` returns them.
        chosen: which of them.
        space: the first model's.
    """
    gallery.basket()
    if chosen.rows is None:
        st.info(
            _("Draw a lasso around images, or choose a class, a cluster or a search: the images appear here."),
            icon=":material/gesture:",
        )
        return
    shown = rows[chosen.rows]
    controls.say_chosen(len(shown), len(rows))
    if shown.empty:
        st.info(_("No image matches the filters: relax them."), icon=":material/filter_alt_off:")
        return
    # The evaluation that the large view takes the probabilities from.
    table = f"{space.dataset}/{current.split()}/{space.model}"
    part = on_page(shown, gallery_page.PER_PAGE)
    with st.container(horizontal=True, vertical_alignment="center"):
        sets.offer_saving(shown["id"].tolist())
        if not selection.get().open:
            gallery.offer_one_by_one(table, part["id"].iloc[0])
    gallery_page.show(shown, part, table)
