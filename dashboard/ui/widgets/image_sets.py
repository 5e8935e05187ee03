"""Named sets of images as a choice: the link holds the name of one, whose images a page then shows."""

import streamlit as st

from carvis.tags import ImageSets
from ui.state import current, selection, unreadable, workspace
from ui.state.i18n import _, shown_as
from ui.widgets import tag_editor


def store() -> ImageSets:
    """Return the workspace's sets.

    Raises:
        TagError: their file, which holds the tags, too, could not be read a moment ago.
    """
    tag_editor.check_readable()
    return ImageSets.of(workspace.get())


def counts() -> dict[str, int]:
    """Return how many images each saved set of the data set holds; none where the file cannot be read."""
    with unreadable.item("tags", tag_editor.FILE):
        return store().counts(current.dataset_name())
    return {}


def choose_set(counts: dict[str, int]) -> None:
    """Offer the saved sets of the data set.

    Args:
        counts: as ``counts`` returns them.
    """
    name = selection.get().image_set
    words = {each: f"{each} ({n:,})" for each, n in counts.items()}
    st.selectbox(
        _("Saved set"),
        list(dict.fromkeys([*counts, *([name] if name else [])])),
        index=None,
        placeholder=_("None") if counts else _("None saved yet"),
        format_func=shown_as(words),
        **selection.control("image_set", name or None),
    )


def ids_of(name: str) -> tuple[str, ...] | None:
    """Return the images of a saved set of the data set; None where there is no such set."""
    with unreadable.item("tags", tag_editor.FILE):
        return store().ids(current.dataset_name(), name)
    return None
