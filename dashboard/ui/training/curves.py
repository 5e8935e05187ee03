"""The curves of several trainings over each other: loss, accuracy, learning rate, speed."""

import altair as alt
import pandas as pd
import streamlit as st

from carvis.errors import TrainingError
from carvis.training.histories import seams
from ui.state import selection
from ui.state.i18n import _, p_
from ui.training.selection import TrainingSelection
from ui.widgets.chart import cached_chart

# Told apart by those who see colours otherwise, too (Okabe and Ito).
_COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
_NUMBERS = {"epoch", *(f"{side}{name}" for side in ("", "val_") for name in ("loss", "accuracy"))}
_NUMBERS |= {"learning_rate", "images_per_second", "seconds"}


def smoothed(values: pd.Series, percent: int) -> pd.Series:
    """Average each value with those before it, the older the less; the weights of each average add up to one."""
    return values.ewm(alpha=1 - percent / 100, adjust=True).mean() if percent else values


def check(history: pd.DataFrame, file: object) -> pd.DataFrame:
    """Return a history that can be drawn.

    Args:
        history: one row an epoch.
        file: where it was read.

    Raises:
        TrainingError: a column of numbers holds something else.
    """
    for column in _NUMBERS & set(history.columns):
        try:
            history[column].astype(float)
        except (ValueError, TypeError):
            sentence = _("{file} has a value of {name} that is not a number: correct it, or move the file away.")
            raise TrainingError(sentence.format(file=file, name=column)) from None
    return history


def show(histories: dict[str, pd.DataFrame]) -> None:
    """Draw the curves of all histories over each other."""
    if not histories:
        return
    chosen = selection.get(TrainingSelection)
    left, right = st.columns(2)
    with left:
        _chart(histories, "loss", _("Loss"), chosen.axis, chosen.smooth)
    with right:
        _chart(histories, "accuracy", _("Accuracy (%)"), "linear", chosen.smooth, 100)
    with st.expander(_("Learning rate and speed"), type="compact", key="rate_and_speed", on_change="rerun") as box:
        if box.open:
            left, right = st.columns(2)
            with left:
                _chart(histories, "learning_rate", _("Learning rate"), "linear", 0)
            with right:
                _chart(histories, "images_per_second", _("Images per second"), "linear", 0)


def _chart(
    histories: dict[str, pd.DataFrame], column: str, title: str, axis: str, smooth: int, factor: float = 1.0
) -> None:
    sides = {column: p_("data split", "training"), f"val_{column}": _("validation")}
    parts = []
    for name, history in histories.items():
        for side, side_name in sides.items():
            if side in history and history[side].notna().any():
                # What another training did before says nothing of this one.
                part = history["training"] if "training" in history else pd.Series(1, index=history.index)
                values = history[side].astype(float).groupby(part).transform(smoothed, percent=smooth) * factor
                facts = {"epoch": history["epoch"], "value": values, "run": name, "side": side_name, "training": part}
                parts.append(pd.DataFrame(facts))
    if not parts:
        return
    table, names = pd.concat(parts, ignore_index=True), list(histories)
    st.vega_lite_chart(_curves(table, _seams(histories), names, list(sides.values()), title, axis), width="stretch")


@cached_chart
def _curves(
    table: pd.DataFrame, seams: pd.DataFrame, names: list[str], order: list[str], title: str, axis: str
) -> alt.Chart | alt.LayerChart:
    scale = alt.Scale(type="log") if axis == "log" and (table["value"] > 0).all() else alt.Scale(zero=False)
    height = 230 + 24 * (1 + len(names) if len(names) > 1 else 1)
    # One epoch makes no line: its points are large, differ in shape, and are centred on their axis.
    first, last = int(table["epoch"].min()), int(table["epoch"].max())
    single = first == last
    if single and scale.type != "log":
        scale = alt.Scale(zero=True)
    ticks = {"values": [first]} if single else {"tickMinStep": 1}
    base = alt.Chart(table, height=height).encode(
        x=alt.X(
            "epoch:Q",
            title=_("epoch"),
            axis=alt.Axis(format="d", **ticks),
            scale=alt.Scale(domain=[first - 1, last + 1] if single else [first, last], nice=False),
        ),
        y=alt.Y("value:Q", title=title, scale=scale),
        color=alt.Color(
            "run:N",
            title=None,
            sort=names,
            scale=alt.Scale(domain=names, range=_COLOURS),
            legend=alt.Legend(orient="bottom", columns=1, labelLimit=420) if len(names) > 1 else None,
        ),
        tooltip=[
            alt.Tooltip("run:N", title=_("Run")),
            alt.Tooltip("side:N", title=_("Split")),
            alt.Tooltip("epoch:Q", title=_("Epoch")),
            alt.Tooltip("value:Q", title=title, format=".4g"),
        ],
    )
    both = table["side"].nunique() > 1
    dashes = alt.StrokeDash(
        "side:N",
        title=None,
        sort=order,
        scale=alt.Scale(domain=order, range=[[1, 0], [5, 4]]),
        legend=alt.Legend(orient="top", symbolSize=400) if both and not single else None,
    )
    shapes = alt.Shape(
        "side:N",
        title=None,
        sort=order,
        scale=alt.Scale(domain=order, range=["circle", "diamond"]),
        legend=alt.Legend(orient="top", symbolSize=120) if both and single else None,
    )
    # Separate points: on the line they would replace its dashes in the legend.
    # Outlines show through each other where both sides have about the same value.
    points = base.mark_point(size=160 if single else 18, filled=not single, opacity=1, strokeWidth=2.5 if single else 0)
    points = points.encode(shape=shapes) if single else points.encode(detail="side:N")
    lines = base.mark_line().encode(strokeDash=dashes, detail="training:N")
    chart = points if single else lines + points
    return chart if seams.empty else chart + _marks(seams, names)


def _seams(histories: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return where one training in a log ends and the next begins."""
    rows = [
        {"epoch": epoch - 0.5, "run": name, "words": _("another training starts at epoch {n}").format(n=epoch)}
        for name, history in histories.items()
        for epoch in seams(history)
    ]
    return pd.DataFrame(rows)


def _marks(seams: pd.DataFrame, names: list[str]) -> alt.Chart:
    return (
        alt.Chart(seams)
        .mark_rule(strokeDash=[2, 3], strokeWidth=2, opacity=0.7)
        .encode(
            x="epoch:Q",
            color=alt.Color("run:N", scale=alt.Scale(domain=names, range=_COLOURS)),
            tooltip=[alt.Tooltip("run:N", title=_("Run")), alt.Tooltip("words:N", title=_("New training"))],
        )
    )
