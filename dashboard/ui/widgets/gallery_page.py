"""A page of a gallery whose images have tags: its tiles, the choice of the page, and the image opened large."""

import pandas as pd

from ui.state import selection
from ui.state.i18n import _
from ui.widgets import gallery, large_view, tag_editor
from ui.widgets.paging import choose_page

PER_PAGE = 24


def show(shown: pd.DataFrame, part: pd.DataFrame, table: str) -> None:
    """Show one page of the images.

    Args:
        shown: all images of the gallery, in order.
        part: those of the page, as ``on_page`` returns them.
        table: key of the table that they are of.
    """
    gallery.tiles(part, table, tag_editor.readable_on_rows(part))
    choose_page(len(shown), PER_PAGE)
    if selection.get().open:
        large_view.window(shown, table, _("Image"))
