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
    """Show each model's calibration, and what a temperature does to it."""
    result = compared.result
    st.caption(
        _(
            "Perfectly calibrated confidence lies on the dashed line. Above it the model is underconfident, "
            "below it overconfident. Grey bars: the share of images at that confidence."
        )
    )
    with st.grid("auto", min_column_width=290, gap="medium"):
        for name in result.names:
            with st.container(gap="xsmall"):
                error = _("calibration error {error}").format(error=f"{result.scoreboard.loc[name, 'ece']:.3f}")
                st.markdown(f"**{plain(name)}**  \n:gray[{error}]")
                charts.reliability(compared, name, effects.get(name))
    for name, effect in effects.items():
        st.markdown(marked_up(temperature_finding(name, effect), "model"))
    missing = [name for name in result.names if name not in effects]
    if missing and current.split() != "valid":
        _how_to_fit(missing)
    elif missing:
        st.caption(_("Temperatures are fitted on these validation images: choose the test split to judge them."))
    download(_("Figure"), lambda: _figure(result, effects), "reliability.png", key="compare_reliability")


def _figure(result: Comparison, effects: dict[str, Effect]) -> bytes:
    from carvis.figures import figure_bytes, reliability_diagrams

    return figure_bytes(reliability_diagrams(result, effects))


def _how_to_fit(missing: list[str]) -> None:
    name = current.dataset_name()
    if "valid" not in current.splits(name):
        st.caption(_("This data set has no validation images to fit a temperature on."))
        return
    sentence = _("To fit a temperature, evaluate these models on the validation images too: {names}.")
    st.caption(sentence.format(names=", ".join(plain(name) for name in missing)))
    files = [workspace.model_files()[name] for name in missing if name in workspace.model_files()]
    if files:
        steps = [commands.evaluate(file, name, "valid") for file in files]
        st.code("\n".join(steps), language="bash", wrap_lines=True)


def risk(compared: Compared) -> None:
    """Show the risk that is left where models predict only above a confidence threshold."""
    result = compared.result
    allowed = min(50, selection.get(CompareSelection).risk) / 100
    st.caption(
        _(
            "Predictions below a confidence threshold are rejected. The fewer images a model predicts "
            "(coverage), the lower its error rate (risk) should be. Measured on these images; others may differ."
        )
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        charts.risk(compared, allowed)
    with right:
        st.slider(
            _("Maximum error rate"),
            0,
            50,
            format="%d %%",
            **selection.control("risk", min(50, selection.get(CompareSelection).risk)),
        )
        rows = []
        for name in result.names:
            coverage, threshold = comparison.coverage_at(compared, name, allowed)
            rows.append(
                {
                    _("Model"): name,
                    _("Coverage"): percent(coverage),
                    _("Threshold"): percent(threshold) if coverage else "–",
                    "AURC": f"{result.scoreboard.loc[name, 'aurc']:.3f}",
                }
            )
        st.dataframe(pd.DataFrame(rows), hide_index=True)
        st.caption(
            _("AURC: area under the risk-coverage curve, the mean error rate over all coverages. Lower is better.")
        )
