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
    _("How is training going, what do the curves show, and which run is best?"),
    _(
        "One **epoch** is one pass over all training images. After each epoch the model is "
        "evaluated on the **validation** images, which it is never trained on.\n\n"
        "- **Loss** measures the prediction error, confidence included, and should fall. "
        "**Accuracy** is the share of correct predictions and should rise.\n"
        "- Solid lines are training, dashed lines validation. When the validation loss rises "
        "while the training loss falls, the model starts to memorise the training images: "
        "**overfitting**.\n"
        "- The weights of the best epoch are kept, not those of the last.\n\n"
        "A run is a separate process: it continues when you close this page or restart the "
        "dashboard. **Stop** saves a checkpoint; **Resume** continues a stopped or crashed run "
        "from its last checkpoint."
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
        error(_("Run {name} was not found; it may have been deleted.").format(name=plain(name)))
main = st.container()
foreign = other_logs.choose()
if not runs and not foreign:
    with main:
        empty(
            _("No training runs yet"),
            _("Start one with the button above, or on the command line:"),
            commands.carvis("train transfer", commands.dataset_path(), "--detach"),
        )
else:
    with main:
        live.show(chosen, foreign)
