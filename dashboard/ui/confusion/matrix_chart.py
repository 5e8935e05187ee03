"""The cells of a matrix, or of the difference of two, as a chart whose cells can be clicked."""

from __future__ import annotations

from collections.abc import Iterable

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from carvis.evaluation import confusion_shares
from carvis.figures import cell_text
from ui.confusion import matrices
from ui.confusion.selection import ConfusionSelection
from ui.state import selection
from ui.state.i18n import _
from ui.state.widget_values import careful
from ui.widgets.chart import cached_chart
from ui.widgets.chart_theme import Look
from ui.widgets.text import percent

_NUMBERS_UP_TO, _LABELS_UP_TO, _GRID_UP_TO = 40, 80, 100
# Beyond this many classes the matrix needs the whole width.
BESIDE_UP_TO = 60


def draw(view: matrices.View, model: matrices.Model) -> None:
    """Draw one model's matrix."""
    now = selection.get(ConfusionSelection)
    parts = {
        shown_model.key: _cells(
            view, confusion_shares(shown_model.counts, now.cells, diagonal=now.diagonal == "show"), signed=False
        )
        for shown_model in view.models
    }
    shown = parts[model.key]
    _add_facts(shown, model)
    tips = {
        "count:Q": _("Images"),
        "row:N": _("Share of true class"),
        "column:N": _("Share of predicted class"),
    }
    off = shown[shown["true"] != shown["pred"]]
    finding = _("No image is misclassified. Rows: true class, columns: predicted class.")
    if len(off):
        top = off.loc[off["count"].idxmax()]
        finding = _(
            "Most confused: {true} predicted as {pred} (images: {n}). Rows: true class, columns: predicted class."
        )
        finding = finding.format(true=top["true"], pred=top["pred"], n=top["count"])
    _chart(view, shown, _limits(parts.values()), tips, f"matrix_{view.models.index(model)}", finding)


def draw_difference(view: matrices.View) -> None:
    """Draw the second model's matrix less the first's, on the images in both evaluations."""
    now, (first, second) = selection.get(ConfusionSelection), view.models
    diagonal = now.diagonal == "show"
    values = confusion_shares(second.counts, now.cells, diagonal=diagonal) - confusion_shares(
        first.counts, now.cells, diagonal=diagonal
    )
    shown = _cells(view, values, signed=True)
    for name, model in (("first", first), ("second", second)):
        facts = model.counts.stack()
        shown[name] = facts.reindex(pd.MultiIndex.from_frame(shown[["true", "pred"]])).to_numpy()
    tips = {"first:Q": first.name, "second:Q": second.name, "words:N": _("Difference")}
    off = shown[shown["true"] != shown["pred"]]
    fewer, more = int((off["value"] < 0).sum()), int((off["value"] > 0).sum())
    finding = _("{second} makes fewer mistakes than {first} in {fewer} cells and more in {more}.")
    finding = finding.format(first=first.name, second=second.name, fewer=fewer, more=more)
    _chart(view, shown, _limits([shown]), tips, "matrix_difference", finding, signed=True)


def _cells(view: matrices.View, values: pd.DataFrame, signed: bool) -> pd.DataFrame:
    """The cells that are not 0, a row each: the others keep the page's own colour."""
    of, order = selection.get(ConfusionSelection).cells, view.order
    part = values.loc[order, order].to_numpy()
    rows, columns = np.nonzero(np.nan_to_num(part))
    drawn = part[rows, columns]
    names = np.array(order, dtype=object)
    return pd.DataFrame(
        {
            "true": names[rows],
            "pred": names[columns],
            "value": drawn,
            # Words also where there are none: a model that is right on all images has no cell beside the diagonal.
            "words": pd.Series([cell_text(value, of, signed) for value in drawn], dtype=str),
        }
    )


def _add_facts(shown: pd.DataFrame, model: matrices.Model) -> None:
    places = pd.MultiIndex.from_frame(shown[["true", "pred"]])
    shown["count"] = model.counts.stack().reindex(places).to_numpy()
    for of in ("row", "column"):
        shares = confusion_shares(model.counts, of).stack().reindex(places)
        shown[of] = [percent(value) for value in shares]


def _chart(
    view: matrices.View,
    shown: pd.DataFrame,
    limits: tuple[float, float],
    facts: dict[str, str],
    key: str,
    alt_text: str,
    signed: bool = False,
) -> None:
    now = selection.get(ConfusionSelection)
    starts = _starts(view) if now.arrange == "super" and not view.is_super and len(view.order) > 2 else []
    opened = view.cell if set(view.cell) <= set(view.order) else None
    chart = _matrix(shown, view.order, limits, facts, signed, now.cells, now.axis == "log", opened, starts)
    key = matrices.fresh(key, lambda state: [(row["true"], row["pred"]) for row in state.get("cell") or []], view.cell)
    st.vega_lite_chart(chart, on_select=careful(lambda: _take(view, key)), selection_mode="cell", key=key, alt=alt_text)


@cached_chart
def _matrix(
    shown: pd.DataFrame,
    order: list[str],
    limits: tuple[float, float],
    facts: dict[str, str],
    signed: bool,
    cells: str,
    log: bool,
    opened: tuple[str, str] | None,
    starts: list[str],
) -> alt.LayerChart:
    """The cells as a chart.

    Args:
        facts: what a cell tells beside its classes: fields and their titles.
        opened: the classes of the cell that is open.
        starts: the classes that a super-class begins with, where lines are drawn between them.
    """
    n, look = len(order), Look.now()
    tooltip = [alt.Tooltip("true:N", title=_("True class")), alt.Tooltip("pred:N", title=_("Predicted class"))]
    tooltip += [alt.Tooltip(name, title=title) for name, title in facts.items()]
    scale, tone = _scale(shown["value"].to_numpy(float), limits, n, look, signed, log)
    shown = shown.assign(ink=look.text(tone, signed))
    label = 11 if n <= 24 else 10 if n <= 45 else 9
    axis = {
        "grid": n <= _GRID_UP_TO,
        "gridColor": look.grid,
        "tickBand": "extent",
        "ticks": False,
        "domain": False,
        "labelFontSize": label,
        "labelLimit": 118,
        "labelOverlap": False if n <= _LABELS_UP_TO else "parity",
        "labelFlush": False,
        "titleFontWeight": "normal",
    }
    places = alt.Scale(domain=order)
    x = alt.X("pred:N", scale=places, title=_("Predicted class"), axis=alt.Axis(orient="top", labelAngle=-50, **axis))
    y = alt.Y("true:N", scale=places, title=_("True class"), axis=alt.Axis(titleAnchor="middle", **axis))
    cell = alt.selection_point(name="cell", fields=["true", "pred"], on="click", empty=False)
    base = alt.Chart(shown).encode(x=x, y=y)
    legend = None
    if n > _NUMBERS_UP_TO:
        form = "d" if cells == "count" else "%"
        legend = alt.Legend(orient="bottom", title=None, format=form, gradientLength=180, gradientThickness=8)
    layers = [
        base.mark_rect()
        .encode(color=alt.Color("value:Q", scale=scale, legend=legend), tooltip=tooltip)
        .add_params(cell)
    ]
    if n <= _NUMBERS_UP_TO:
        for length, part in shown.groupby(shown["words"].str.len()):
            # Numbers shrink with the cells, and vanish where a narrow screen leaves no room for them.
            size = f"min(11, width / {n} / {0.62 * length})"
            text = alt.Chart(part).mark_text(fontSize=alt.ExprRef(size), opacity=alt.ExprRef(f"{size} < 7 ? 0 : 1"))
            ink = alt.Color("ink:N", scale=None)
            layers.append(text.encode(x=x, y=y, text="words:N", color=ink, tooltip=tooltip))
    if opened:
        open_cell = alt.Chart(pd.DataFrame([opened], columns=["true", "pred"]))
        layers.append(open_cell.mark_rect(fill=None, stroke=look.ink, strokeWidth=2.5).encode(x=x, y=y))
    if starts:
        layers += _borders(starts, look)
    step = 48 if n <= 8 else 30 if n <= 16 else 25 if n <= 24 else max(4, 620 / n)
    return alt.layer(*layers).resolve_scale(color="independent").properties(height=round(120 + step * n))


def _limits(parts: Iterable[pd.DataFrame]) -> tuple[float, float]:
    """The least and the largest size of what is drawn: matrices side by side share their colours."""
    sizes = np.abs(np.concatenate([part["value"].to_numpy(float) for part in parts]))
    return (float(sizes.min()), float(sizes.max())) if len(sizes) else (1.0, 1.0)


def _scale(
    values: np.ndarray, limits: tuple[float, float], n: int, look: Look, signed: bool, log: bool
) -> tuple[alt.Scale, np.ndarray]:
    """The colour scale, and each value's position on it, 0..1."""
    sizes, (low, high) = np.abs(values), limits
    log = log and high > low
    if signed:
        kind = {"type": "symlog", "constant": low} if log else {}
        scale = alt.Scale(domain=[-high, 0, high], range=look.signed, interpolate="rgb", **kind)
        return scale, np.log1p(sizes / low) / np.log1p(high / low) if log else sizes / high
    kind = {"type": "log", "domain": [low, high]} if log else {"domain": [0, high]}
    # The palest colours would be lost on the page, the sooner the smaller the cells are.
    extent = [0.12 if n <= BESIDE_UP_TO else 0.3, 1] if look.dark else [0, 0.93 if n <= BESIDE_UP_TO else 0.75]
    scheme = alt.SchemeParams(name="viridis", extent=extent)
    scale = alt.Scale(scheme=scheme, reverse=not look.dark, **kind)
    return scale, np.log(sizes / low) / np.log(high / low) if log else sizes / high


def _starts(view: matrices.View) -> list[str]:
    """The classes that another super-class begins with than that of the class before."""
    return [b for a, b in zip(view.order, view.order[1:]) if view.groups[a] != view.groups[b]]


def _borders(starts: list[str], look: Look) -> list[alt.Chart]:
    """Lines between super-classes."""
    table = pd.DataFrame({"true": starts, "pred": starts})
    rule = alt.Chart(table).mark_rule(color=look.ink, opacity=0.35)
    return [
        rule.encode(x=alt.X("pred:N", bandPosition=0)),
        rule.encode(y=alt.Y("true:N", bandPosition=0)),
    ]


def _take(view: matrices.View, key: str) -> None:
    picked = (st.session_state[key].get("selection") or {}).get("cell") or []
    if picked:
        view.pick(str(picked[0]["true"]), str(picked[0]["pred"]))
