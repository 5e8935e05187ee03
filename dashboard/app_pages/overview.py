"""Overview: what is in this workspace, and what to do next."""

import streamlit as st

from ui.overview import data_sets, model_table, next_steps, report
from ui.state import current, evaluations, selection, workspace
from ui.state.i18n import _
from ui.widgets import commands
from ui.widgets.layout import empty, heading, no_models

heading(
    _("Overview"),
    _("Which images and models are in this workspace, and how accurate is each model?"),
    _(
        "A **data set** is a folder of images with one subfolder per class. **Training** images "
        "fit the model, **validation** images decide when training stops, and **test** images, "
        "which the model has never seen, measure its accuracy.\n\n"
        "**Accuracy** is the share of images whose predicted class is the label. The 95 % "
        "confidence interval (CI) shows how far chance alone could move it: the fewer the "
        "images, the wider the interval. Two models with overlapping intervals may be equally "
        "good."
    ),
)
datasets, files = workspace.datasets(), workspace.model_files()

if not datasets and not files:
    empty(
        _("This workspace is empty"),
        _(
            "Put images into `data/NAME/train/CLASS/`, `valid/CLASS/` and `test/CLASS/`, and "
            "existing models into `models/`. Or create the demo data set and its models, which "
            "needs no images:"
        ),
        commands.carvis("demo --rebuild"),
    )

st.subheader(_("Models"), anchor=False)
if files:
    model_table.show(files)
elif datasets:
    no_models(current.dataset_name())

st.subheader(_("Data sets"), anchor=False)
data_sets.show()
if not datasets and files:
    empty(
        _("No images yet"),
        _("Put images into `data/NAME/train/CLASS/`, `valid/CLASS/` and `test/CLASS/`."),
    )

report.offer()

st.subheader(_("Next steps"), anchor=False)
if evaluations.saved():
    with st.container(horizontal=True):
        st.page_link(
            "app_pages/misclassified.py",
            label=_("Browse misclassified images"),
            icon=":material/rule:",
            query_params=selection.link(),
        )
        st.page_link(
            "app_pages/heatmaps.py",
            label=_("See where each model looks"),
            icon=":material/blur_on:",
            query_params=selection.link(),
        )
next_steps.show()
