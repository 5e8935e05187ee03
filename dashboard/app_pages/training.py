"""Training: start a run, watch it, compare it with others, read what its curves say."""

import streamlit as st

from ui.state import current, selection
from ui.state.i18n import _
from ui.training import curves, monitor, start_form
from ui.widgets import commands, unreadable
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
runs = monitor.runs()
with st.container(horizontal=True, vertical_alignment="bottom"):
    names = list(runs)
    chosen = [name for name in selection.get().run if name in runs] or monitor.first_shown(runs)
    st.multiselect(
        _("Runs"),
        names,
        format_func=lambda name: name if len(name) < 48 else f"{name[:47]}…",
        placeholder=_("Choose runs"),
        width="stretch",
        wrap=True,
        **selection.control("run", chosen),
    )
    start_form.popover(current.dataset_name())
    curves.settings()
for name in selection.get().run:
    if reason := unreadable.why("run", name):
        error(reason)
    elif name not in runs:
        error(_("There is no run {name} here; it may have been removed.").format(name=plain(name)))
main = st.container()
foreign = monitor.foreign_histories()
if not runs and not foreign:
    with main:
        empty(
            _("No trainings yet"),
            _("Start one with the button above, or on the command line:"),
            commands.carvis("train transfer", commands.dataset_path(), "--detach"),
        )
else:
    with main:
        monitor.show(chosen, foreign)
