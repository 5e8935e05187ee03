"""Properties of the images that give their class away: what a model may learn in place of the object."""

import pandas as pd
import streamlit as st

from carvis.dataset import Dataset
from carvis.dataset.health import Health
from carvis.subgroups import Shortcuts, property_name, shortcuts
from carvis.workspace import content_hash
from ui.data_health import tiles
from ui.state import workspace
from ui.state.i18n import _, of_library
from ui.widgets.text import plain

_SHOWN = 12


def show(dataset: Dataset, health: Health) -> None:
    """List the shortcuts, each with images that it holds for."""
    key = content_hash("shortcuts", str(dataset.root), dataset.fingerprint, workspace.image_times(dataset))
    with st.spinner(_("Looking for shortcuts …")):
        found = _found(key, dataset, health)
    st.markdown(plain(of_library(found.finding)))
    st.caption(
        _(
            "A shallow decision tree predicts the class from one property alone, cross-validated; balanced accuracy is "
            "the mean recall of the classes. p is against permuted labels, corrected for the number of properties "
            "(Holm). Near-duplicates count once. Properties of the object itself may belong to the class."
        )
    )
    for note in found.notes:
        st.caption(plain(of_library(note)))
    images = health.images[(health.images["split"] == found.split) & (health.images["reason"] == "")]
    for one in found.shortcuts:
        with st.container(border=True):
            st.markdown(plain(of_library(one.sentence)))
            if one.example is not None and one.example.key in images.columns:
                tiles.sheet(images[one.example.holds(images)].drop_duplicates("group").head(_SHOWN))
    tested = pd.DataFrame({_("Tested properties"): [of_library(property_name(key)) for key in found.tested]})
    if len(tested):
        with st.expander(_("Tested properties")):
            st.dataframe(tested, hide_index=True, alt=_("Tested properties"))


@st.cache_resource(max_entries=8, show_spinner=False)
def _found(key: str, _dataset: Dataset, _health: Health) -> Shortcuts:
    return shortcuts(_dataset, health=_health, cache_dir=workspace.get().cache_dir)
