"""The charts of page Where models look: parts side by side for each model, classes by parts for one."""

from collections.abc import Callable

import altair as alt
import pandas as pd
import streamlit as st

from carvis.explain.attention import Attention, attention_finding, difference, need_finding
from carvis.language import Message
from ui.attention.numbers import share
from ui.state import selection
from ui.state.i18n import _, of_library
from ui.state.widget_values import careful
from ui.widgets.chart import Chart, cached_chart

_AREA, _QUIET = "#c2410c", "#66727e"
_CHART = "attention_matrix"


def by_part(results: dict[str, Attention]) -> None:
    """Draw each part's share of the attention beside its area, and what occluding it costs beside the control."""
    rows = []
    for name, result in results.items():
        table = result.by_part.reset_index()
        rows.append(table[table["n"] > 0].assign(model=name))
    table = pd.concat(rows)
    parts, models = list(dict.fromkeys(table["part"])), list(results)
    occluded = any(result.occluded for result in results.values())
    height = 90 + len(parts) * max(26, 13 * len(models) + 13)
    with st.grid(2 if occluded else 1, min_column_width=360, gap="medium"):
        with st.container():
            st.markdown(
                f"**{_('Where the models look')}**  \n:gray[{_('share of the evidence (line: share of the image)')}]"
            )
            st.vega_lite_chart(_looks(table, parts, models, height), alt=_alt(attention_finding, results))
        if occluded:
            with st.container():
                _head(_("What the models need"), _("fall in probability when occluded; diamond: same shape elsewhere"))
                st.vega_lite_chart(_needs(table, parts, models, height), alt=_alt(need_finding, results))


def _alt(finding: Callable[[str, Attention], Message | None], results: dict[str, Attention]) -> str:
    messages = [finding(name, result) for name, result in results.items()]
    return " ".join(of_library(message) for message in messages if message)


def _head(title: str, subtitle: str) -> None:
    st.markdown(f"**{title}**  \n:gray[{subtitle}]")


def _frame(table: pd.DataFrame, parts: list[str], models: list[str]) -> tuple[alt.Chart, dict]:
    rows = {
        "y": alt.Y("part:N", sort=parts, title=None, axis=alt.Axis(labelLimit=140, labelFlush=False)),
        "yOffset": alt.YOffset("model:N", sort=models),
    }
    return alt.Chart(table), rows


def _bars(base: alt.Chart, rows: dict, models: list[str], value: str, tooltip: list) -> alt.Chart:
    legend = alt.Legend(orient="bottom", title=None, labelLimit=220, columns=2) if len(models) > 1 else None
    colour = alt.Color("model:N", sort=models, legend=legend)
    form = "%" if value == "share" else ".2~f"
    x = alt.X(f"{value}:Q", title=None, axis=alt.Axis(format=form))
    return base.mark_bar().encode(x=x, color=colour, tooltip=tooltip, **rows)


@cached_chart
def _looks(table: pd.DataFrame, parts: list[str], models: list[str], height: int) -> alt.LayerChart | alt.FacetChart:
    base, rows = _frame(table, parts, models)
    tooltip = [
        alt.Tooltip("model:N", title=_("Model")),
        alt.Tooltip("part:N", title=_("Part")),
        alt.Tooltip("share:Q", title=_("Share of the evidence"), format=".1%"),
        alt.Tooltip("area:Q", title=_("Share of the image"), format=".1%"),
        alt.Tooltip("lift:Q", title=_("Share / area"), format=".1f"),
        alt.Tooltip("pointing:Q", title=_("Pointing game"), format=".0%"),
    ]
    ticks = base.mark_tick(color=_AREA, thickness=3).encode(x="area:Q", tooltip=tooltip, **rows)
    return alt.layer(_bars(base, rows, models, "share", tooltip), ticks).properties(height=height)


@cached_chart
def _needs(table: pd.DataFrame, parts: list[str], models: list[str], height: int) -> alt.LayerChart | alt.FacetChart:
    base, rows = _frame(table.rename(columns={"fall low": "low", "fall high": "high"}), parts, models)
    tooltip = [
        alt.Tooltip("model:N", title=_("Model")),
        alt.Tooltip("part:N", title=_("Part")),
        alt.Tooltip("fall:Q", title=_("Fall when occluded"), format=".3f"),
        alt.Tooltip("control:Q", title=_("Fall, occluded elsewhere"), format=".3f"),
        alt.Tooltip("changed:Q", title=_("Prediction changes"), format=".0%"),
    ]
    spread = base.mark_rule(color=_QUIET).encode(x="low:Q", x2="high:Q", **rows)
    control = base.mark_point(shape="diamond", filled=True, fill="white", stroke="black", size=38, opacity=1)
    control = control.encode(x="control:Q", tooltip=tooltip, **rows)
    return alt.layer(_bars(base, rows, models, "fall", tooltip), spread, control).properties(height=height)


def by_class(result: Attention, measure: str, chosen: tuple[str, str]) -> None:
    """Draw classes down and parts across; a click on a cell selects its class and part."""
    column = "lift" if measure == "looks" else "fall"
    table = result.by_class.reset_index().dropna(subset=[column]).astype({"label": str, "part": str})
    table["words"] = [f"{v:.1f}" if column == "lift" else difference(v) for v in table[column]]
    maximum = table.loc[table[column].idxmax()]
    alt_text = _("Classes by parts; maximum: {label}, {part}, {value}")
    alt_text = alt_text.format(label=maximum["label"], part=maximum["part"], value=maximum["words"])
    chart = _classes(table, list(result.parts), column, chosen)
    st.vega_lite_chart(chart, on_select=careful(_take_cell), selection_mode="cell", key=_CHART, alt=alt_text)


@cached_chart
def _classes(table: pd.DataFrame, parts: list[str], column: str, chosen: tuple[str, str]) -> Chart:
    table = table.assign(shown=table["lift"].clip(1 / 8, 8) if column == "lift" else table["fall"])
    labels = sorted(table["label"].unique())
    if column == "lift":
        scale = alt.Scale(type="log", scheme="purpleorange", domain=[1 / 8, 8], reverse=False)
    else:
        reach = max(0.05, float(table["fall"].abs().max()))
        scale = alt.Scale(scheme="redblue", domain=[-reach, reach], reverse=True)
    cell = alt.selection_point(name="cell", fields=["label", "part"], on="click")
    x = alt.X(
        "part:N",
        sort=parts,
        title=None,
        axis=alt.Axis(labelAngle=-50, orient="top", labelLimit=110, labelOverlap=False),
    )
    y = alt.Y("label:N", sort=labels, title=None, axis=alt.Axis(labelLimit=150, labelOverlap=False, labelFlush=False))
    tooltip = [
        alt.Tooltip("label:N", title=_("Class")),
        alt.Tooltip("part:N", title=_("Part")),
        alt.Tooltip("n:Q", title=_("Images")),
        alt.Tooltip("share:Q", title=_("Share of the evidence"), format=".1%"),
        alt.Tooltip("area:Q", title=_("Share of the image"), format=".1%"),
        alt.Tooltip("fall:Q", title=_("Fall when occluded"), format=".3f"),
        alt.Tooltip("control:Q", title=_("Fall, occluded elsewhere"), format=".3f"),
    ]
    base = alt.Chart(table).encode(x=x, y=y)
    is_chosen = f"datum.label === {_quoted(chosen[0])} && datum.part === {_quoted(chosen[1])}"
    rectangles = base.mark_rect().encode(
        color=alt.Color("shown:Q", scale=scale, legend=None),
        stroke=alt.condition(is_chosen, alt.value("#000000"), alt.value("#00000000")),
        strokeWidth=alt.condition(is_chosen, alt.value(2.5), alt.value(0)),
        tooltip=tooltip,
    )
    layers = [rectangles.add_params(cell)]
    if len(table) <= 400:
        far = "abs(log(datum.shown)) > 1.2" if column == "lift" else f"abs(datum.shown) > {0.6 * reach}"
        ink = alt.condition(far, alt.value("white"), alt.value("black"))
        layers.append(base.mark_text(fontSize=11).encode(text="words:N", color=ink, tooltip=tooltip))
    return alt.layer(*layers).properties(height=60 + 24 * len(labels))


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _take_cell() -> None:
    cells = (st.session_state[_CHART].get("selection") or {}).get("cell") or []
    if cells:
        selection.change(true=str(cells[0]["label"]), part=str(cells[0]["part"]))


def table_of_parts(results: dict[str, Attention]) -> None:
    """Show the same numbers as a table."""
    rows = []
    for name, result in results.items():
        for part, row in result.by_part.iterrows():
            if row["n"] > 0:
                accuracy = result.accuracy.loc[part]
                interval = f"{share(accuracy['low'])} – {share(accuracy['high'])}" if result.occluded else "–"
                rows.append(
                    {
                        _("Model"): name,
                        _("Part"): part,
                        _("Images"): int(row["n"]),
                        _("Share of the evidence"): share(row["share"]),
                        _("Share of the image"): share(row["area"]),
                        _("Share / area"): f"{row['lift']:.1f}",
                        _("Pointing game"): share(row["pointing"]),
                        _("Fall when occluded"): difference(row["fall"]),
                        _("Fall, occluded elsewhere"): difference(row["control"]),
                        _("Accuracy when occluded"): share(accuracy["accuracy"]),
                        _("95 % CI"): interval,
                    }
                )
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt=_("Attention on each part, by model"))
