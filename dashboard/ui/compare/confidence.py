"""The sections of page Compare models on confidence: reliability with temperature, risk against coverage."""

import pandas as pd
import streamlit as st

from carvis.evaluation import Comparison
from carvis.evaluation.comparison import temperature_finding
from carvis.evaluation.comparison.temperature import Effect
from ui.compare import charts, comparison
from ui.compare.comparison import Compared
from ui.compare.selection import CompareSelection
from ui.state import current, selection, workspace
from ui.state.i18n import _
from ui.widgets import commands
from ui.widgets.download import download
from ui.widgets.text import marked_up, percent, plain


def reliability(compared: Compared, effects: dict[str, Effect]) -> None:
    """Show whether each model's confidence can be believed, and what a temperature does to it."""
    found = compared.found
    st.caption(
        _(
            "Honest confidence lies on the dashed line. Above it a model is right more often than it says, below it "
            "less often. Grey bars: the share of pictures with this confidence."
        )
    )
    with st.grid("auto", min_column_width=290, gap="medium"):
        for name in found.names:
            with st.container(gap="xsmall"):
                error = _("calibration error {error}").format(error=f"{found.scoreboard.loc[name, 'ece']:.3f}")
                st.markdown(f"**{plain(name)}**  \n:gray[{error}]")
                charts.reliability(compared, name, effects.get(name))
    for name, effect in effects.items():
        st.markdown(marked_up(temperature_finding(name, effect), "model"))
    missing = [name for name in found.names if name not in effects]
    if missing and current.split() != "valid":
        _how_to_fit(missing)
    elif missing:
        st.caption(_("These are the validation pictures, on which a temperature is learnt: choose the test split."))
    download(_("Figure"), lambda: _figure(found, effects), "reliability.png", key="compare_reliability")


def _figure(found: Comparison, effects: dict[str, Effect]) -> bytes:
    from carvis.figures import figure_bytes, reliability_diagrams

    return figure_bytes(reliability_diagrams(found, effects))


def _how_to_fit(missing: list[str]) -> None:
    name = current.dataset_name()
    if "valid" not in current.splits(name):
        st.caption(_("A temperature is learnt on validation pictures, of which this data set has none."))
        return
    words = _("To see what a temperature would change, evaluate on the validation pictures, too: {names}.")
    st.caption(words.format(names=", ".join(plain(one) for one in missing)))
    files = [workspace.model_files()[one] for one in missing if one in workspace.model_files()]
    if files:
        steps = [commands.evaluate(file, name, "valid") for file in files]
        st.code("\n".join(steps), language="bash", wrap_lines=True)


def risk(compared: Compared) -> None:
    """Show how many mistakes are left where models answer only when they are sure."""
    found = compared.found
    wanted = min(50, selection.get(CompareSelection).risk) / 100
    st.caption(
        _(
            "A model may stay silent where it is not sure. The fewer pictures it answers, the fewer of its answers "
            "should be wrong. Measured on these pictures; others may differ."
        )
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        charts.risk(compared, wanted)
    with right:
        st.slider(
            _("Wrong answers allowed"),
            0,
            50,
            format="%d %%",
            **selection.control("risk", min(50, selection.get(CompareSelection).risk)),
        )
        rows = []
        for name in found.names:
            coverage, threshold = comparison.coverage_at(compared, name, wanted)
            rows.append(
                {
                    _("Model"): name,
                    _("Answers"): percent(coverage),
                    _("From confidence"): percent(threshold) if coverage else "–",
                    "AURC": f"{found.scoreboard.loc[name, 'aurc']:.3f}",
                }
            )
        st.dataframe(pd.DataFrame(rows), hide_index=True)
        st.caption(_("AURC, the area under the curve: the mean share of wrong answers over every number answered."))
