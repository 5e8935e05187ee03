"""Drawn boxes as a COCO file, to take them elsewhere and back."""

import tempfile
from pathlib import Path

import streamlit as st

from carvis.dataset.parts import DrawnParts, Imported
from carvis.errors import CarvisError
from carvis.language import message_of, replaced
from carvis.workspace import atomic_write
from ui.state.i18n import _, of_library
from ui.widgets import error_message
from ui.widgets.download import download
from ui.widgets.text import plain

_TAKEN = "_boxes_taken"


def show(kept: DrawnParts) -> None:
    """Offer the boxes as a file, and take one back."""
    with st.popover(_("Boxes as a file"), icon=":material/swap_vert:"):
        st.caption(
            _(
                "Every box is saved as you draw, in `data/parts/`. The COCO file takes them to other tools; the boxes "
                "of a file are added to those that are here."
            )
        )
        download(_("Download COCO"), lambda: kept.coco().encode(), f"{kept.data.name}-parts.json", key="boxes_coco")
        file = st.file_uploader(_("Import a COCO file"), type="json", key="boxes_upload")
        if file is None:
            return
        if st.session_state.get(_TAKEN, ("",))[0] != file.file_id:
            with tempfile.TemporaryDirectory() as folder:
                path = atomic_write(Path(folder) / "boxes.json", file.getvalue())
                try:
                    result: Imported | CarvisError = kept.take(path)
                except CarvisError as problem:
                    # Kept, too: the file would be read again in every run of the page.
                    words = replaced(replaced(message_of(problem), str(path), file.name), path.name, file.name)
                    result = CarvisError(words)
            st.session_state[_TAKEN] = (file.file_id, result)
            st.rerun()
        result = st.session_state[_TAKEN][1]
        if isinstance(result, CarvisError):
            error_message.show(result)
            return
        words = _("Added: {boxes} boxes, {absent} marks of parts that are not visible.")
        st.success(words.format(boxes=f"{result.boxes:,}", absent=f"{result.absent:,}"))
        for sentence in result.notes[:10]:
            st.caption(plain(of_library(sentence)))
