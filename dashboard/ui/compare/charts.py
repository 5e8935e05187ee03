"""The charts of page Compare models: right and wrong patterns, gap by class, reliability, risk against coverage."""

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from carvis.evaluation import Comparison
from carvis.evaluation.comparison import pattern_words
from carvis.evaluation.comparison.temperature import Effect
from ui.compare import comparison
from ui.compare.comparison import Compared
from ui.state import selection
from ui.state.i18n import _, of_library
from ui.state.widget_values import careful
from ui.widgets.chart import Chart, cached_chart
from ui.widgets.chart_theme import Look

LATTICE = "compare_lattice"
_LINE, _QUIET, _BETTER, _WORSE = "#0072b2", "#8a97a3", "#0072b2", "#d55e00"
_MOST_CLASSES = 40


def patterns(result: Comparison, chosen: str) -> None:
    """Draw how many images each pattern of right and wrong has; a click on a row opens its images."""
    rows = result.lattice.drop(columns="ids").reset_index()
    rows["words"] = [of_library(pattern_words(bits, result.names)) for bits in rows["pattern"]]
    rows["right"] = [bits.count("1") for bits in rows["pattern"]]
    rows["shown"] = [f"{n:,}" for n in rows["count"]]
    top = rows.loc[rows["count"].idxmax()]
    alt_text = _("Most frequent pattern: {words} (images: {n})").format(words=top["words"], n=top["shown"])
    chart = _lattice(rows, len(result.names), chosen)
    st.vega_lite_chart(chart, on_select=careful(_take), selection_mode="pattern", key=LATTICE, alt=alt_text)


@cached_chart
def _lattice(rows: pd.DataFrame, models: int, chosen: str) -> Chart:
    # The bar that makes the whole row clickable.
    rows = rows.assign(whole=float(rows["count"].max()))
    cell = alt.selection_point(name="pattern", fields=["pattern"], on="click")
    order = rows["words"].tolist()
    names = alt.Axis(labelLimit=330, labelOverlap=False, labelFlush=False, ticks=False)
    y = alt.Y("words:N", sort=order, title=None, axis=names)
    tooltip = [
        alt.Tooltip("words:N", title=_("Pattern")),
        alt.Tooltip("count:Q", title=_("Images")),
        alt.Tooltip("share:Q", title=_("Share"), format=".1%"),
    ]
    base = alt.Chart(rows).encode(y=y, tooltip=tooltip)
    is_chosen = f"datum.pattern === '{chosen}'"
    # The whole row can be clicked, and a bar of one image is too thin to click.
    target = base.mark_bar(cursor="pointer", height=alt.RelativeBandSize(0.98)).encode(
        x=alt.X("whole:Q", title=None, axis=None, scale=alt.Scale(domainMax=1.12 * float(rows["whole"].max()))),
        color=alt.value("#8a97a3"),
        opacity=alt.condition(is_chosen, alt.value(0.3), alt.value(0.06)),
    )
    bars = base.mark_bar(cursor="pointer", height=alt.RelativeBandSize(0.72)).encode(
        x="count:Q",
        color=alt.Color(
            "right:Q",
            scale=alt.Scale(scheme="cividis", domain=[-0.4, models + 0.4]),
            legend=None,
        ),
    )
    numbers = base.mark_text(align="left", dx=5, cursor="pointer", color=Look.now().ink)
    numbers = numbers.encode(x="count:Q", text="shown:N")
    return alt.layer(target.add_params(cell), bars, numbers).properties(height=24 + 27 * len(rows))


def _take() -> None:
    picked = (st.session_state[LATTICE].get("selection") or {}).get("pattern") or []
    if picked:
        selection.change(pattern=str(picked[0]["pattern"]))


def class_gap(table: pd.DataFrame, first: str, second: str) -> None:
    """Draw the difference of two accuracies class by class with its interval, the largest first."""
    rows = table.reset_index().rename(columns={"class": "label"})
    rows = rows.sort_values(["difference", "label"], ascending=[False, True])
    if len(rows) > _MOST_CLASSES:
        half = _MOST_CLASSES // 2
        rows = pd.concat([rows.head(half), rows.tail(half)])
        sentence = _("The {n} classes with the largest gaps in either direction; the table lists all.")
        st.caption(sentence.format(n=2 * half))
    rows["certain"] = np.where(rows["low"] > 0, "second", np.where(rows["high"] < 0, "first", "none"))
    n = int((rows["certain"] != "none").sum())
    sentence = _("The 95 % CI of the gap between {second} and {first} excludes 0 in {n} classes; first: {label}")
    alt_text = sentence.format(n=n, first=first, second=second, label=rows["label"].iloc[0])
    st.vega_lite_chart(_class_gap(rows, first, second), alt=alt_text)


@cached_chart
def _class_gap(rows: pd.DataFrame, first: str, second: str) -> Chart:
    names = alt.Axis(labelLimit=170, labelOverlap=False, labelFlush=False)
    base = alt.Chart(rows).encode(
        y=alt.Y("label:N", sort=rows["label"].tolist(), title=None, axis=names),
        tooltip=[
            alt.Tooltip("label:N", title=_("Class")),
            alt.Tooltip("n:Q", title=_("Images")),
            alt.Tooltip("first:Q", title=first, format=".1%"),
            alt.Tooltip("second:Q", title=second, format=".1%"),
            alt.Tooltip("difference:Q", title=_("Difference"), format="+.1%"),
            alt.Tooltip("low:Q", title=_("95 % CI from"), format="+.1%"),
            alt.Tooltip("high:Q", title=_("95 % CI to"), format="+.1%"),
        ],
    )
    colour = alt.Color(
        "certain:N",
        scale=alt.Scale(domain=["second", "first", "none"], range=[_BETTER, _WORSE, _QUIET]),
        legend=None,
    )
    axis = alt.Axis(format="+%", orient="top", tickCount=7)
    ends = [min(0.0, float(rows["low"].min())) - 0.01, max(0.0, float(rows["high"].max())) + 0.01]
    x = alt.X("low:Q", title=None, axis=axis, scale=alt.Scale(domain=ends, nice=False))
    spread = base.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q", color=colour)
    points = base.mark_point(filled=True, size=70, opacity=1).encode(x="difference:Q", color=colour)
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=_QUIET).encode(x="x:Q")
    return alt.layer(zero, spread, points).properties(height=50 + 21 * len(rows))


def reliability(compared: Compared, name: str, effect: Effect | None) -> None:
    """Draw a model's accuracy against its confidence, as it is and with its temperature."""
    scaled = effect["temperature"] if effect and not effect["bounded"] else None
    tables = [comparison.reliability(compared, name, scale).dropna() for scale in (None, scaled)[: 1 + bool(scaled)]]
    error = compared.result.scoreboard.loc[name, "ece"]
    alt_text = _("{model}: calibration error {error}. Reliability diagram.").format(model=name, error=f"{error:.3f}")
    st.vega_lite_chart(_diagram(*tables), alt=alt_text)


@cached_chart
def _diagram(table: pd.DataFrame, scaled: pd.DataFrame | None = None) -> Chart:
    unscaled_name, scaled_name = _("without temperature"), _("with temperature")
    table = table.assign(kind=unscaled_name)
    share = table.assign(share=table["count"] / table["count"].sum())
    lines = table if scaled is None else pd.concat([table, scaled.assign(kind=scaled_name)])
    kinds = [unscaled_name, scaled_name] if len(lines) > len(table) else [unscaled_name]
    scale = alt.Scale(domain=[0, 1], nice=False)
    x = alt.X("confidence:Q", title=_("confidence"), scale=scale, axis=alt.Axis(format="%", tickCount=5))
    y = alt.Y("accuracy:Q", title=_("accuracy"), scale=scale, axis=alt.Axis(format="%", tickCount=5))
    tooltip = [
        alt.Tooltip("kind:N", title=" "),
        alt.Tooltip("count:Q", title=_("Images")),
        alt.Tooltip("confidence:Q", title=_("Confidence"), format=".1%"),
        alt.Tooltip("accuracy:Q", title=_("Accuracy"), format=".1%"),
        alt.Tooltip("low:Q", title=_("95 % CI from"), format=".1%"),
        alt.Tooltip("high:Q", title=_("95 % CI to"), format=".1%"),
    ]
    bars = (
        alt.Chart(share)
        .mark_bar(color=_QUIET, opacity=0.25)
        .encode(
            x=alt.X("from:Q", scale=scale), x2="to:Q", y=alt.Y("share:Q", scale=scale), y2=alt.datum(0), tooltip=tooltip
        )
    )
    ideal = (
        alt.Chart(pd.DataFrame({"x": [0.0, 1.0]})).mark_line(color=_QUIET, strokeDash=[4, 4]).encode(x="x:Q", y="x:Q")
    )
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=[_LINE, "#e69f00"]),
        legend=alt.Legend(orient="bottom", title=None) if len(kinds) > 1 else None,
    )
    base = alt.Chart(lines).encode(x=x, y=y, color=colour, tooltip=tooltip)
    spread = alt.Chart(table).mark_rule(color=_LINE, opacity=0.5).encode(x=x, y=alt.Y("low:Q"), y2="high:Q")
    chart = alt.layer(bars, ideal, spread, base.mark_line(), base.mark_point(filled=True, size=45, opacity=1))
    return chart.properties(height=290)


def risk(compared: Compared, allowed: float) -> None:
    """Draw each model's risk against its coverage, with the risk allowed."""
    result = compared.result
    tables = {name: comparison.risk_coverage(compared, name) for name in result.names}
    best = result.scoreboard["aurc"].idxmin()
    alt_text = _("{model} has the smallest area under the risk-coverage curve").format(model=best)
    st.vega_lite_chart(_risk(tables, allowed), alt=alt_text)


@cached_chart
def _risk(tables: dict[str, pd.DataFrame], allowed: float) -> Chart:
    names = list(tables)
    table = pd.concat([curve.assign(model=name) for name, curve in tables.items()])
    lines = (
        alt.Chart(table)
        .mark_line(interpolate="linear")
        .encode(
            x=alt.X("coverage:Q", title=_("coverage (share of images predicted)"), axis=alt.Axis(format="%"),
                    scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("risk:Q", title=_("risk (error rate)"), axis=alt.Axis(format="%")),
            color=alt.Color("model:N", sort=names, title=None,
                            legend=alt.Legend(orient="bottom", labelLimit=220, columns=3)),
            tooltip=[
                alt.Tooltip("model:N", title=_("Model")),
                alt.Tooltip("coverage:Q", title=_("Coverage"), format=".1%"),
                alt.Tooltip("risk:Q", title=_("Error rate"), format=".2%"),
                alt.Tooltip("threshold:Q", title=_("Confidence threshold"), format=".1%"),
            ],
        )
    )  # fmt: skip
    line = alt.Chart(pd.DataFrame({"y": [allowed]})).mark_rule(color=_QUIET, strokeDash=[4, 4]).encode(y="y:Q")
    return alt.layer(line, lines).properties(height=300)
