"""Precision, recall, F1 and mean confidence of each class, with their intervals."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from carvis.tables import to_csv
from ui.confusion import matrices
from ui.state.i18n import N_, _
from ui.widgets.download import download
from ui.widgets.text import percent, plain

SCORES = {"precision": N_("Precision"), "recall": N_("Recall"), "f1": "F1", "mean_confidence": N_("Mean confidence")}


def show(view: matrices.View) -> None:
    """Show precision, recall, F1 and mean confidence of each class with their intervals, the worst first."""
    st.subheader(_("Scores by super-class") if view.is_super else _("Scores by class"), anchor=False)
    first = view.models[0]
    table = matrices.scores(first, view)
    shown = pd.DataFrame({"class": table.index, "support": table["support"].to_numpy()})
    config = {
        "class": st.column_config.TextColumn(_("Class"), pinned=True),
        "support": st.column_config.NumberColumn(_("Images"), help=_("Number of images of the class (support)")),
    }
    for score, text in SCORES.items():
        shown[score] = 100 * table[score].to_numpy()
        shown[f"{score} interval"] = [_interval(row, score) for row in table.to_dict("records")]
        config[score] = st.column_config.NumberColumn(_(text), format="%.0f %%")
        config[f"{score} interval"] = st.column_config.TextColumn(_("95 % CI"))
    config["f1"] = st.column_config.ProgressColumn("F1", format="%.0f %%", min_value=0, max_value=100, width="small")
    for model in view.models[1:]:
        other = matrices.scores(model, view)
        shown["other"] = 100 * other["f1"].reindex(table.index).to_numpy()
        if view.on_same_images:
            shown["change"] = shown["other"] - shown["f1"]
        config["other"] = st.column_config.NumberColumn(f"F1: {model.name}", format="%.0f %%")
        config["change"] = st.column_config.NumberColumn(_("Difference"), format="%+.0f")
    prefix = "" if len(view.models) == 1 else _("Model: {model}.").format(model=plain(first.name)) + " "
    text = _(
        "Lowest F1 first; click a column header to sort. Undefined scores are blank: recall of a class without "
        "images, precision of a class that is never predicted."
    )
    st.caption(prefix + text)
    worst = shown.iloc[0]
    st.dataframe(
        shown,
        hide_index=True,
        column_config=config,
        height=min(560, 38 + 35 * len(shown)),
        placeholder="–",
        key="class_table",
        alt=_("{name} has the lowest F1 ({f1}). Scores by class.").format(
            name=worst["class"], f1=percent(worst["f1"] / 100)
        ),
    )
    file = f"classes_{first.table.model}.csv"
    download(_("Numbers"), lambda: to_csv(table, index=True), file, key="class_numbers")


def _interval(row: dict, score: str) -> str:
    if row[score] != row[score]:
        return _("undefined: never predicted") if score == "precision" else _("undefined: no images")
    low, high = row[f"{score}_low"], row[f"{score}_high"]
    return _("undefined: only one image") if low != low else f"{percent(low)} – {percent(high)}"
