"""The controls of page Training runs: which runs are shown, and how their curves are drawn."""

import streamlit as st

from carvis.training.run import Run
from ui.state import selection
from ui.state.i18n import N_, _
from ui.training import runs
from ui.training.selection import TrainingSelection
from ui.widgets.pickers import segments

AXIS = {"linear": N_("Linear"), "log": N_("Logarithmic")}
_LONGEST = 48


def choose_runs(readable: dict[str, Run]) -> list[str]:
    """Offer the runs, and return those that are shown."""
    chosen = [name for name in selection.get(TrainingSelection).run if name in readable] or runs.first_shown(readable)
    st.multiselect(
        _("Runs"),
        list(readable),
        format_func=lambda name: name if len(name) < _LONGEST else f"{name[: _LONGEST - 1]}…",
        placeholder=_("Choose runs"),
        width="stretch",
        wrap=True,
        **selection.control("run", chosen),
    )
    return chosen


def settings() -> None:
    """Offer how the curves are drawn."""
    with st.popover(_("Settings"), icon=":material/tune:"):
        chosen = selection.get(TrainingSelection)
        st.slider(
            _("Smoothing"), 0, 95, chosen.smooth, format="%d %%", help=_("0 %: no smoothing."),
            **selection.control("smooth", chosen.smooth),
        )  # fmt: skip
        segments("axis", _("Loss axis"), AXIS, chosen.axis)
