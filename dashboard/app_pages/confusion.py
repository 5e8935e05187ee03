"""Confusion matrix: which classes a model confuses, and whether another model tells them apart better."""

import streamlit as st

from ui.confusion import class_table, controls, matrices, matrix_chart, pair_images, pair_table, panels
from ui.state.i18n import _
from ui.widgets import commands, skipped_files, stale_warning
from ui.widgets.layout import empty, guarded, heading, stop

heading(
    _("Confusion matrix"),
    _("Which classes does the model confuse, and does another model tell them apart better?"),
    _(
        "Each **row** is a true class, each **column** a predicted class. The **diagonal** holds the correct "
        "predictions, every other cell mistakes. Higher values are darker (in the dark theme: brighter).\n\n"
        "- **Share of true class**: percentages of each row. The diagonal is the **recall**: the share of a class's "
        "images that are predicted correctly.\n"
        "- **Share of predicted class**: percentages of each column. The diagonal is the **precision**: the share of "
        "the predictions of a class that are correct.\n"
        "- **By confusion** puts classes that are confused with each other side by side. Blocks along the diagonal "
        "are groups that the model cannot tell apart.\n"
        "- **Super-classes**, such as a car's make, are the text before the first `-` or space, or come from a file.\n"
        "- **Compare with** adds a second model and the difference of the two: orange where the second model "
        "makes that prediction more often, purple where the first does. Orange on the diagonal is better, orange "
        "elsewhere is worse.\n\n"
        "**Click a cell**, or choose its two classes in the boxes, to see its images.\n\n"
        "The table of scores gives **95 % confidence intervals (CI)**: Wilson's for precision and recall; for F1, "
        "Wilson's for the share of correct predictions among all images that are of the class or predicted as it; "
        "Student's t for the mean confidence. The fewer images, the wider the interval."
    ),
)
if not matrices.tables():
    empty(
        _("No evaluation to show yet"),
        _("Evaluate a model on a data set to see its confusion matrix here."),
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
