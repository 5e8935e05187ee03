"""The tables of page Confusion matrix: the most confused pairs, and the scores of each class."""

from __future__ import annotations

from urllib.parse import urlencode

import numpy as np
import pandas as pd
import streamlit as st

from carvis.evaluation import confused_pairs
from carvis.tables import to_csv
from ui.confusion import matrix
from ui.state import selection
from ui.state.i18n import N_, _, n_
from ui.state.widget_values import careful
from ui.widgets.download import download
from ui.widgets.text import percent, plain

_PAIRS = 200
SCORES = {"precision": N_("Precision"), "recall": N_("Recall"), "f1": "F1", "mean_confidence": N_("Mean confidence")}


def pairs(view: matrix.View) -> None:
    """Show the pairs that the models confuse, both directions in a row; a chosen row opens its pictures."""
    st.subheader(_("Most confused pairs"), anchor=False)
    first = view.models[0]
    found = confused_pairs(view.total)
    if found.empty:
        st.success(_("No picture is confused with another class."), icon=":material/check_circle:")
        return
    table = _numbers_of(first, found)
    columns = _columns()
    if len(view.models) > 1:
        second = view.models[1]
        other = _numbers_of(second, found)
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
            ("pictures", _("Open A → B"), ("one", "other")),
            ("back", _("Open B → A"), ("other", "one")),
        ):
            links = [_misclassified(view, *pair) for pair in zip(*(shown[end] for end in ends))]
            if any(links):
                shown = shown.assign(**{name: links})
                columns[name] = st.column_config.LinkColumn(label, display_text=_("Misclassified"))
    st.caption(_("Tick a row to open its pictures above. A → B: pictures of class A that are taken for class B."))
    for name in ("share", "share_back"):
        shown = shown.assign(**{name: 100 * shown[name]})
    listed = list(zip(shown["one"], shown["other"]))
    key = matrix.fresh(
        "pairs", lambda state: [listed[i] for i in state.get("rows") or [] if i < len(listed)], view.cell
    )
    st.dataframe(
        shown.rename(columns={"one": "A", "other": "B"}),
        hide_index=True,
        column_config=columns,
        column_order=[
            "A", "B", "count", "share", "count_back", "share_back", "both", "second_count", "second_count_back",
            "change", "pictures", "back",
        ],
        height=min(420, 38 + 35 * len(shown)),
        placeholder="–",
        key=key,
        on_select=careful(lambda: _take(view, shown, key)),
        selection_mode="single-row",
        alt=_("Most confused: {one} and {other}").format(one=found["one"].iloc[0], other=found["other"].iloc[0]),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        download(_("Numbers"), lambda: to_csv(table), "confused_pairs.csv", key="pair_numbers")
        if len(table) > _PAIRS:
            words = n_("The first {n} of {all} pair is shown.", "The first {n} of {all} pairs are shown.", len(table))
            st.caption(words.format(n=_PAIRS, all=f"{len(table):,}"), width="content")


def _numbers_of(model: matrix.Model, found: pd.DataFrame) -> pd.DataFrame:
    """The pairs as one model confuses them."""
    counts = model.counts.to_numpy()
    total = counts.sum(axis=1)
    one, other = (model.counts.index.get_indexer(found[end]) for end in ("one", "other"))
    table = found[["one", "other"]].copy()
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
        "count": number("A → B", help=_("Pictures of A taken for B")),
        "share": number(_("of A"), format=share),
        "count_back": number("B → A", help=_("Pictures of B taken for A")),
        "share_back": number(_("of B"), format=share),
        "both": number(_("Together")),
    }


def _misclassified(view: matrix.View, true: str, pred: str) -> str | None:
    """The address of the pair's pictures on page Misclassified, of the first model that has some."""
    for model in view.models:
        if int(model.counts.at[true, pred]):
            place = {"data": model.table.data, "split": model.table.split, "table": model.key}
            return "misclassified?" + urlencode(selection.link(**place, true=true, pred=pred, page=1), doseq=True)
    return None


def _take(view: matrix.View, shown: pd.DataFrame, key: str) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        view.pick(str(shown["one"].iloc[rows[0]]), str(shown["other"].iloc[rows[0]]))


def classes(view: matrix.View) -> None:
    """Show precision, recall, F1 and mean confidence of each class with their intervals, the worst first."""
    st.subheader(_("Each super-class") if view.is_super else _("Each class"), anchor=False)
    first = view.models[0]
    table = matrix.scores(first, view)
    shown = pd.DataFrame({"class": table.index, "support": table["support"].to_numpy()})
    config = {
        "class": st.column_config.TextColumn(_("Class"), pinned=True),
        "support": st.column_config.NumberColumn(_("Pictures"), help=_("Pictures of the class (support)")),
    }
    for score, words in SCORES.items():
        shown[score] = 100 * table[score].to_numpy()
        shown[f"{score} range"] = [_range(row, score) for row in table.to_dict("records")]
        config[score] = st.column_config.NumberColumn(_(words), format="%.0f %%")
        config[f"{score} range"] = st.column_config.TextColumn(_("Range (95 %)"))
    config["f1"] = st.column_config.ProgressColumn("F1", format="%.0f %%", min_value=0, max_value=100, width="small")
    for model in view.models[1:]:
        other = matrix.scores(model, view)
        shown["other"] = 100 * other["f1"].reindex(table.index).to_numpy()
        if view.on_same_pictures:
            shown["change"] = shown["other"] - shown["f1"]
        config["other"] = st.column_config.NumberColumn(f"F1: {model.name}", format="%.0f %%")
        config["change"] = st.column_config.NumberColumn(_("Difference"), format="%+.0f")
    who = "" if len(view.models) == 1 else _("Of {model}.").format(model=plain(first.name)) + " "
    words = _(
        "The worst classes come first; a click on a column's name sorts by it. What is undefined is blank: there is no "
        "recall without pictures and no precision without answers."
    )
    st.caption(who + words)
    worst = shown.iloc[0]
    st.dataframe(
        shown,
        hide_index=True,
        column_config=config,
        height=min(560, 38 + 35 * len(shown)),
        placeholder="–",
        key="class_table",
        alt=_("Scores by class; the worst is {name} with an F1 of {f1}").format(
            name=worst["class"], f1=percent(worst["f1"] / 100)
        ),
    )
    file = f"classes_{first.table.model}.csv"
    download(_("Numbers"), lambda: to_csv(table, index=True), file, key="class_numbers")


def _range(row: dict, score: str) -> str:
    if row[score] != row[score]:
        return _("undefined: never predicted") if score == "precision" else _("undefined: no pictures")
    low, high = row[f"{score}_low"], row[f"{score}_high"]
    return _("none from one picture") if low != low else f"{percent(low)} – {percent(high)}"
