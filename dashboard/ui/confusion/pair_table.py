"""The pairs of classes that the models confuse most."""

from __future__ import annotations

from urllib.parse import urlencode

import numpy as np
import pandas as pd
import streamlit as st

from carvis.evaluation import confused_pairs
from carvis.tables import to_csv
from ui.confusion import matrices
from ui.state import selection
from ui.state.i18n import _
from ui.state.widget_values import careful
from ui.widgets.download import download

_PAIRS = 200


def show(view: matrices.View) -> None:
    """Show the pairs that the models confuse, both directions in a row; a chosen row opens its images."""
    st.subheader(_("Most confused pairs"), anchor=False)
    first = view.models[0]
    pairs = confused_pairs(view.total)
    if pairs.empty:
        st.success(_("No image is misclassified."), icon=":material/check_circle:")
        return
    table = _counts_of(first, pairs)
    columns = _columns()
    if len(view.models) > 1:
        second = view.models[1]
        other = _counts_of(second, pairs)
        table = table.assign(**{f"second_{name}": other[name] for name in ("count", "count_back")})
        if view.pair is not None:
            table["change"] = other["both"] - table["both"]
        columns |= {
            "second_count": st.column_config.NumberColumn(f"A → B: {second.name}"),
            "second_count_back": st.column_config.NumberColumn(f"B → A: {second.name}"),
            "change": st.column_config.NumberColumn(_("Difference"), format="%+d"),
        }
    shown = table.head(_PAIRS)
    if not view.is_super:
        for name, label, ends in (
            ("images", _("Open A → B"), ("one", "other")),
            ("back", _("Open B → A"), ("other", "one")),
        ):
            links = [_misclassified(view, *pair) for pair in zip(*(shown[end] for end in ends))]
            if any(links):
                shown = shown.assign(**{name: links})
                columns[name] = st.column_config.LinkColumn(label, display_text=_("Misclassified"))
    st.caption(_("Select a row to show its images above. A → B: images of class A predicted as class B."))
    for name in ("share", "share_back"):
        shown = shown.assign(**{name: 100 * shown[name]})
    listed = list(zip(shown["one"], shown["other"]))
    key = matrices.fresh(
        "pairs", lambda state: [listed[i] for i in state.get("rows") or [] if i < len(listed)], view.cell
    )
    st.dataframe(
        shown.rename(columns={"one": "A", "other": "B"}),
        hide_index=True,
        column_config=columns,
        column_order=[
            "A", "B", "count", "share", "count_back", "share_back", "both", "second_count", "second_count_back",
            "change", "images", "back",
        ],
        height=min(420, 38 + 35 * len(shown)),
        placeholder="–",
        key=key,
        on_select=careful(lambda: _take(view, shown, key)),
        selection_mode="single-row",
        alt=_("Most confused: {one} and {other}").format(one=pairs["one"].iloc[0], other=pairs["other"].iloc[0]),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        download(_("Numbers"), lambda: to_csv(table), "confused_pairs.csv", key="pair_numbers")
        if len(table) > _PAIRS:
            sentence = _("Showing the first {n} of {all} pairs.")
            st.caption(sentence.format(n=_PAIRS, all=f"{len(table):,}"), width="content")


def _counts_of(model: matrices.Model, pairs: pd.DataFrame) -> pd.DataFrame:
    """How often one model confuses each pair."""
    counts = model.counts.to_numpy()
    total = counts.sum(axis=1)
    one, other = (model.counts.index.get_indexer(pairs[end]) for end in ("one", "other"))
    table = pairs[["one", "other"]].copy()
    for end, true, pred in (("", one, other), ("_back", other, one)):
        table[f"count{end}"] = counts[true, pred]
        table[f"share{end}"] = counts[true, pred] / np.where(total[true] > 0, total[true], np.nan)
    table["both"] = table["count"] + table["count_back"]
    return table


def _columns() -> dict:
    number, share = st.column_config.NumberColumn, "%.0f %%"
    return {
        "A": st.column_config.TextColumn(_("Class A"), pinned=True),
        "B": st.column_config.TextColumn(_("Class B"), pinned=True),
        "count": number("A → B", help=_("Images of A predicted as B")),
        "share": number(_("% of A"), format=share),
        "count_back": number("B → A", help=_("Images of B predicted as A")),
        "share_back": number(_("% of B"), format=share),
        "both": number(_("Total")),
    }


def _misclassified(view: matrices.View, true: str, pred: str) -> str | None:
    """The address of the pair's images on page Misclassified, of the first model that has some."""
    for model in view.models:
        if int(model.counts.at[true, pred]):
            place = {"data": model.table.data, "split": model.table.split, "table": model.key}
            return "misclassified?" + urlencode(selection.link(**place, true=true, pred=pred, page=1), doseq=True)
    return None


def _take(view: matrices.View, shown: pd.DataFrame, key: str) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        view.pick(str(shown["one"].iloc[rows[0]]), str(shown["other"].iloc[rows[0]]))
