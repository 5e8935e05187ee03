"""Confusion matrix: which classes does a model take for which, and is another model better at it."""

import streamlit as st

from ui.confusion import class_table, controls, matrices, matrix_chart, pair_images, pair_table, panels
from ui.state.i18n import _
from ui.widgets import commands, skipped_files, stale_warning
from ui.widgets.layout import empty, guarded, heading, stop

heading(
    _("Confusion matrix"),
    _("Which classes does a model take for which others, and is another model better at telling them apart?"),
    _(
        "Each **row** is the class that the pictures really are, each **column** what the model answered. What lies on "
        "the **diagonal** is right; everything beside it is a mistake. The more a cell holds, the darker it is (in the "
        "dark theme: the brighter).\n\n"
        "- **Share of true class**: of the pictures of a row, how many percent went where. The diagonal is then the "
        "**recall**: how much of a class the model finds.\n"
        "- **Share of predicted class**: of the answers in a column, how many percent were truly what. The diagonal is "
        "then the **precision**: how far an answer can be trusted.\n"
        "- **Confused side by side** orders the classes so that those mistaken for each other are neighbours: blocks "
        "beside the diagonal are families that the model cannot tell apart.\n"
        "- **Super-classes** such as a car's make are the text before the first `-` or space, or come from a file.\n"
        "- **Beside it** puts a second model there and draws the difference: orange where the second gives that answer "
        "more often, purple where the first does. Orange on the diagonal is good, orange beside it is not.\n\n"
        "**Click a cell**, or choose its two classes in the boxes, to see its pictures.\n\n"
        "The **ranges** below say how far chance alone could move a number (95 %): Wilson's interval for precision "
        "and recall, for F1 Wilson's interval of the right answers among all pictures that are of the class or are "
        "taken for it, for the mean confidence Student's t. With few pictures they are wide."
    ),
)
if not matrices.tables():
    empty(
        _("No evaluation to show yet"),
        _("Evaluate a model on a data set; its confusion matrix is then here."),
        commands.evaluate(None),
    )
    stop()

first, second = controls.choose()
view = None
with guarded():
    view = matrices.view(first, second)
if view is None:
    stop()
stale_warning.say(model.table for model in view.models)
controls.drilled(view)
skipped_files.show(model.evaluation for model in view.models)
if len(view.models) == 1 and len(view.order) > matrix_chart.BESIDE_UP_TO:
    panels.show(view, view.models[0])
    pair_images.show(view)
elif len(view.models) == 1:
    left, right = st.columns([3, 2], gap="medium")
    with left:
        panels.show(view, view.models[0])
    with right:
        pair_images.show(view)
else:
    for column, model in zip(st.columns(2, gap="medium"), view.models, strict=True):
        with column:
            panels.show(view, model)
    left, right = st.columns(2, gap="medium")
    with left:
        panels.show_difference(view)
    with right:
        pair_images.show(view)
pair_table.show(view)
class_table.show(view)
