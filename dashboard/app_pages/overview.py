"""Overview: what is in this workspace, and what to do next."""

import streamlit as st

from ui.overview import data_sets, model_table, next_steps, report
from ui.state import current, evaluations, selection, workspace
from ui.state.i18n import _
from ui.widgets import commands
from ui.widgets.layout import empty, heading, no_models

heading(
    _("Overview"),
    _("What is in this workspace: which pictures, which models, and how good is each of them?"),
    _(
        "A **data set** is a folder of pictures sorted into one folder a class. Its **training** pictures teach a "
        "model, its **validation** pictures decide when to stop, and its **test** pictures, which the model has never "
        "seen, tell how good it is.\n\n"
        "**Accuracy** is the share of pictures that a model names rightly. The range behind it says how far chance "
        "alone could move it: with few pictures it is wide. Two models whose ranges overlap may be equally good."
    ),
)
datasets, files = workspace.datasets(), workspace.model_files()

if not datasets and not files:
    empty(
        _("This workspace is empty"),
        _(
            "Put pictures into `data/NAME/train/CLASS/`, `valid/CLASS/` and `test/CLASS/`, and models that you have "
            "into `models/`. Or draw and train the demo, which needs no pictures:"
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
        _("No pictures yet"),
        _("Put pictures into `data/NAME/train/CLASS/`, `valid/CLASS/` and `test/CLASS/`."),
    )

report.offer()

st.subheader(_("What to do next"), anchor=False)
if evaluations.saved():
    with st.container(horizontal=True):
        st.page_link(
            "app_pages/misclassified.py",
            label=_("Look at the pictures that a model gets wrong"),
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
