"""Data: copies across splits, what each class holds, and what would mislead training or evaluation."""

import streamlit as st

from carvis.images import depth_of
from ui.data_health import check, classes, controls, duplicates, finding, light, problems
from ui.state import current, workspace
from ui.state.i18n import _, of_library
from ui.widgets import commands
from ui.widgets.layout import empty, guarded, heading, stop
from ui.widgets.text import SPLIT, plain

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
dataset = found = None
with guarded():
    dataset = workspace.dataset(name)
    found = check.checked(dataset)
if dataset is None:
    stop()
with guarded():
    for split in dataset.splits:
        for note in dataset.not_read_notes(split):
            st.caption(f"{_(SPLIT[split])}: {plain(of_library(note))}")
    for note in depth_of(dataset.root).notes():
        st.caption(plain(of_library(note)))
if found is None:
    with guarded():
        classes.show(dataset)
    stop()

leaks = finding.show(found)
finding.figures(found)
if leaks:
    with st.container(border=True):
        st.markdown(_("**What to do next:** make a leak-free split, then train and evaluate on it."))
        with guarded():
            check.offer_split(found)
section = controls.choose_section()
with guarded():
    if section == "copies":
        duplicates.show(found)
    elif section == "classes":
        classes.show(dataset)
    elif section == "light":
        light.show(found)
    else:
        problems.show(found)
