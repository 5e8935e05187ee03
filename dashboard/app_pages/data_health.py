"""Data: copies across splits, what each class holds, and what would mislead training or evaluation."""

import streamlit as st

from carvis.images import depth_of
from ui.data_health import check, sections
from ui.state import current, data, selection
from ui.state.i18n import N_, _, of_library, translated
from ui.widgets import commands
from ui.widgets.layout import empty, guarded, heading, stop
from ui.widgets.text import SPLIT, plain

SECTIONS = {
    "copies": N_("Copies"),
    "classes": N_("Pictures of each class"),
    "light": N_("Light and sharpness"),
    "problems": N_("Problems"),
}

heading(
    _("Data"),
    _("Can these pictures teach a model, and test it honestly?"),
    _(
        "A test is honest only with pictures that the model has never seen. Where a test picture is also among the "
        "training pictures, the model may simply remember it.\n\n"
        "- An **exact copy** has the same bytes or the same pixels. A **near copy** shows the same photograph: "
        "re-encoded, resized, cropped a little, mirrored, slightly recoloured, or with its background blacked out. "
        "**Apart** says how much the two differ, from 0 % (not at all) to 100 % (black and white).\n"
        "- Different cars before the same backdrop of a dealer are no copies. Where the cars are small before a plain "
        "backdrop, they may be taken for copies all the same: look at the pairs below.\n"
        "- A **leak-free split** deals the pictures out anew: all copies of a photograph come into the same split, and "
        "exact copies are kept once. The old pictures stay as they are.\n\n"
        "Dark, bright and blurred pictures are not wrong, but look at them: a model learns little from them."
    ),
)
name = current.dataset_name()
if not name:
    empty(
        _("No pictures yet"),
        _("Put pictures into `data/NAME/train/CLASS/`, `valid/CLASS/` and `test/CLASS/`."),
        commands.carvis("demo"),
    )
    stop()
pictures = found = None
with guarded():
    pictures = data.dataset(name)
    found = check.checked(pictures)
if pictures is None:
    stop()
with guarded():
    for split in pictures.splits:
        for note in pictures.not_read_notes(split):
            st.caption(f"{_(SPLIT[split])}: {plain(of_library(note))}")
    for note in depth_of(pictures.root).notes():
        st.caption(plain(of_library(note)))
if found is None:
    with guarded():
        sections.classes(pictures)
    stop()

leaks = sections.finding(found)
sections.figures(found)
if leaks:
    with st.container(border=True):
        st.markdown(_("**What to do next:** make a leak-free split, then train and evaluate on it."))
        with guarded():
            check.offer_split(found)
section = selection.get().health
st.segmented_control(
    _("Show"),
    list(SECTIONS),
    format_func=translated(SECTIONS).get,
    required=True,
    label_visibility="collapsed",
    **selection.control("health", section),
)
with guarded():
    if section == "copies":
        sections.copies(found)
    elif section == "classes":
        sections.classes(pictures)
    elif section == "light":
        sections.light(found)
    else:
        sections.problems(found)
