"""Training: start a run, watch it, compare it with others, read what its curves say."""

import streamlit as st

from ui.state import current, selection, unreadable
from ui.state.i18n import _
from ui.training import controls, live, other_logs, start_form
from ui.training import runs as training_runs
from ui.training.selection import TrainingSelection
from ui.widgets import commands
from ui.widgets.layout import empty, error, heading
from ui.widgets.text import plain

heading(
    _("Training runs"),
    _("How is a training going, what do its curves say, and which of several went best?"),
    _(
        "One **epoch** is one pass over all training pictures. After each, the model is tried on the **validation** "
        "pictures, from which it never learns.\n\n"
        "- The **loss** measures how wrong the answers are, confidence included: it should fall. The **accuracy** is "
        "the share of right answers: it should rise.\n"
        "- Solid lines are training, dashed lines validation. When the dashed loss rises while the solid one falls, "
        "the model begins to learn the training pictures by heart: **overfitting**.\n"
        "- The weights of the best epoch are kept, not those of the last.\n\n"
        "A run is a process of its own: it goes on when you close this page or restart the dashboard. **Stop** keeps "
        "what was learnt; a run that was stopped, or whose process was killed, can **go on** after its last epoch."
    ),
)
runs = training_runs.readable()
with st.container(horizontal=True, vertical_alignment="bottom"):
    chosen = controls.choose_runs(runs)
    start_form.popover(current.dataset_name())
    controls.settings()
for name in selection.get(TrainingSelection).run:
    if reason := unreadable.why("run", name):
        error(reason)
    elif name not in runs:
        error(_("There is no run {name} here; it may have been removed.").format(name=plain(name)))
main = st.container()
foreign = other_logs.choose()
if not runs and not foreign:
    with main:
        empty(
            _("No trainings yet"),
            _("Start one with the button above, or on the command line:"),
            commands.carvis("train transfer", commands.dataset_path(), "--detach"),
        )
else:
    with main:
        live.show(chosen, foreign)
