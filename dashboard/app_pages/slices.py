"""Slices: the images on which a model fails more than on the rest, by what they have in common."""

import streamlit as st

from ui.slices import cards, comparison, controls, findings, images, search
from ui.state import current, evaluations, selection, workspace
from ui.state.i18n import _
from ui.widgets import commands, pickers, stale_warning
from ui.widgets.layout import empty, error, guarded, heading, stop

heading(
    _("Slices"),
    _("Where does a model fail, and is that real?"),
    _(
        "A **slice** is a group of images with something in common: dark ones, those of one class, those with a small "
        "object. Listed are the slices on which the model is right less often than on the rest.\n\n"
        "With enough properties, some group always looks bad by chance. So slices are **proposed** on one half of the "
        "images and **tested** on the other half, with a correction for the number of proposals. Only what the other "
        "half confirms is shown, and all figures are of that half. Near-duplicates count once.\n\n"
        "The **interval** says how far the accuracy could be off with so many images. If no slice is confirmed, the "
        "model may fail evenly, or there are too few images: the page says which losses could have been found.\n\n"
        "A slice says where a model fails, not why: dark images may fail because most of them show one class. Look at "
        "its images."
    ),
)
name, split = current.dataset_name(), current.split()
tables = evaluations.on(name, split) if split else {}
if not tables:
    empty(
        _("No predictions to search yet"),
        _("Evaluate a model on this split: slices are searched among its predictions."),
        commands.evaluate(None),
    )
    stop()

# The best first, as in the report.
offered = list(reversed(current.by_accuracy(list(tables))))
models = [model for model in selection.get().model if model in tables] or offered[:3]
with st.container(horizontal=True, vertical_alignment="bottom"):
    controls.choose_models(offered, models)
    controls.choose_search()
pickers.name_unevaluated(tables)
first, *others = models
stale_warning.say([tables[model] for model in models])
evaluation = current.evaluation(tables[first])
if evaluation is None:
    error(current.why_not(tables[first]))
    stop()
found = None
with guarded():
    found = search.searched(tables[first], evaluation, workspace.dataset(name))
if found is None:
    stop()
findings.show(found, first)
if len(found):
    compared = None
    with guarded():
        compared = comparison.on_slices(found, tables[first], [tables[model] for model in others])
    with guarded():
        cards.show(found, compared)
findings.show_basis(found)
if len(found):
    with guarded():
        images.show(found, tables[first].name)
