"""Data: duplicates across splits, images per class, and what would mislead training or evaluation."""

import streamlit as st

from carvis.images import depth_of
from ui.data_health import check, classes, controls, duplicates, finding, light, problems, shortcuts
from ui.state import current, workspace
from ui.state.i18n import _, of_library
from ui.widgets import commands
from ui.widgets.layout import empty, guarded, heading, stop
from ui.widgets.text import SPLIT, plain

heading(
    _("Data"),
    _("Are these images fit for training, and is the test set free of leakage?"),
    _(
        "Test accuracy is meaningful only on images that the model was not trained on. When a "
        "test image is also in training (**leakage**), the model may simply have memorised it.\n\n"
        "- An **exact duplicate** has the same bytes or the same pixels. A **near-duplicate** is "
        "the same photo re-encoded, resized, slightly cropped, mirrored, slightly recoloured, or "
        "with its background blacked out. Their **difference** goes from 0 % (identical) to 100 "
        "% (black and white).\n"
        "- Different cars in front of the same dealer's backdrop are not duplicates. Small cars "
        "in front of a plain backdrop may still be reported as duplicates: check the pairs "
        "below.\n"
        "- A **leak-free split** assigns the images anew: all duplicates of a photo go into the "
        "same split, and exact duplicates are kept once. The original files stay unchanged.\n\n"
        "Dark, bright and blurred images are not errors, but check them: a model learns little "
        "from them."
    ),
)
name = current.dataset_name()
if not name:
    empty(
        _("No images yet"),
        _("Put images into `data/NAME/train/CLASS/`, `valid/CLASS/` and `test/CLASS/`."),
        commands.carvis("demo"),
    )
    stop()
dataset = health = None
with guarded():
    dataset = workspace.dataset(name)
    health = check.checked(dataset)
if dataset is None:
    stop()
with guarded():
    for split in dataset.splits:
        for note in dataset.not_read_notes(split):
            st.caption(f"{_(SPLIT[split])}: {plain(of_library(note))}")
    for note in depth_of(dataset.root).notes():
        st.caption(plain(of_library(note)))
if health is None:
    with guarded():
        classes.show(dataset)
    stop()

leaks = finding.show(health)
finding.figures(health)
if leaks:
    with st.container(border=True):
        st.markdown(_("**Next step:** create a leak-free split, then train and evaluate on it."))
        with guarded():
            check.offer_split(health)
section = controls.choose_section()
with guarded():
    if section == "copies":
        duplicates.show(health)
    elif section == "classes":
        classes.show(dataset)
    elif section == "light":
        light.show(health)
    elif section == "shortcuts":
        shortcuts.show(dataset, health)
    else:
        problems.show(health)
