"""Named sets of images: saved from what is chosen, deleted."""

import streamlit as st

from carvis.errors import CarvisError
from carvis.tags import SetExistsError
from carvis.tags.image_sets import LONGEST_NAME
from ui.image_map import lasso
from ui.image_map.selection import ImageMapSelection
from ui.state import current, selection
from ui.state.i18n import _, n_
from ui.state.widget_values import careful, shelf
from ui.widgets.image_sets import store

_NAME, _TAKEN = "new_set_name", "_image_set_taken"


def offer_saving(ids: list[str]) -> None:
    """Offer to save the chosen images under a name, and to delete the open set.

    Args:
        ids: of the chosen images.
    """
    name = selection.get(ImageMapSelection).image_set
    with st.popover(_("Save as a set"), icon=":material/bookmark_add:", key="save_set"):
        st.caption(_("A set has a name, and a link that opens it again."))
        st.text_input(_("Name of the set"), key=_NAME, max_chars=LONGEST_NAME)
        taken = st.session_state.get(_TAKEN)
        if taken and taken == st.session_state.get(_NAME, "").strip():
            st.warning(_("There is a set of this name already."), icon=":material/warning:")
            st.button(_("Replace it"), key="replace_set", on_click=careful(_save), args=(ids, True))
        label = n_("Save {n} image", "Save {n} images", len(ids)).format(n=f"{len(ids):,}")
        st.button(label, type="primary", key="save_set_now", on_click=careful(_save), args=(ids, False))
        if name:
            st.button(
                _("Delete the open set"),
                icon=":material/delete:",
                type="tertiary",
                key="delete_set",
                on_click=careful(_delete),
                args=(name,),
            )


def _save(ids: list[str], replace: bool) -> None:
    text = st.session_state.get(_NAME, "").strip()
    try:
        name = store().save(current.dataset_name(), text, ids, replace=replace)
    except SetExistsError:
        st.session_state[_TAKEN] = text
        return
    except CarvisError as problem:
        shelf().append(problem)
        return
    st.session_state.pop(_TAKEN, None)
    st.session_state[_NAME] = ""
    lasso.clear()
    # The set stands for all that was chosen.
    selection.change(true="", pred="", find="", cluster="", moved="", image_set=name, page=1, open="")


def _delete(name: str) -> None:
    store().delete(current.dataset_name(), name)
    selection.change(image_set="", page=1, open="")
