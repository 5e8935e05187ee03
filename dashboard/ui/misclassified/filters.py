"""The filters and orders of misclassified images: classes, confidence, other models' predictions, tags."""

import numpy as np
import pandas as pd
import streamlit as st

from carvis.evaluation.alignment import join
from ui.misclassified.selection import MisclassifiedSelection
from ui.state import current, disagreements, evaluations
from ui.state.i18n import N_, _, translated
from ui.widgets import image_sets, super_classes

SORTS = {
    "confident": N_("Most confident first"),
    "unsure": N_("Least confident first"),
    "margin": N_("Largest margin first"),
    "loss": N_("Largest loss first"),
    "disagreement": N_("Largest heatmap difference first"),
    "true": N_("By true class"),
    "name": N_("By file name"),
}
_ORDERS = {
    "confident": (["confidence"], False),
    "unsure": (["confidence"], True),
    "margin": (["margin"], False),
    # The loss is -log p(true class): largest where that is smallest.
    "loss": (["p_true"], True),
    "true": (["label", "predicted", "id"], True),
    "name": (["id"], True),
}


def sorts(rows: pd.DataFrame) -> dict[str, str]:
    """Return the orders that a table allows, in words: a table like ``df2.csv`` may know no probabilities."""
    available = {name for name, (columns, _up) in _ORDERS.items() if set(columns) <= set(rows.columns)}
    labels = translated(SORTS)
    return {name: labels[name] for name in SORTS if name in available or name == "disagreement"}


def filtered(
    rows: pd.DataFrame, chosen: MisclassifiedSelection, right: pd.DataFrame, tags: pd.DataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows that match the selection's filters, in its order, and notes on filters that do not apply.

    Args:
        rows: misclassified images.
        chosen: the selection.
        right: whether each other model is right, as ``others`` returns it.
        tags: by id, as ``tag_editor.on_rows`` returns them.
    """
    notes = []
    matches = np.ones(len(rows), bool)
    for value, column in ((chosen.true, "label"), (chosen.pred, "predicted")):
        if value:
            fits = (rows[column] == value).to_numpy(bool, na_value=False)
            if fits.any():
                matches &= fits
            else:
                notes.append(_("The table has no class {name}.").format(name=value))
    if len(chosen.family) == 2:
        matches &= _in_family(rows, chosen.family)
    if (chosen.low, chosen.high) != (0, 100):
        matches &= rows["confidence"].between(chosen.low / 100, chosen.high / 100).to_numpy(bool)
    for entry in chosen.answers:
        name, _colon, outcome = entry.rpartition(":")
        if name not in right or outcome not in ("right", "wrong"):
            notes.append(_("{name} has no predictions for these images.").format(name=name or entry))
        else:
            matches &= (right[name] == (1 if outcome == "right" else 0)).to_numpy(bool)
    if chosen.image_set:
        ids = image_sets.ids_of(chosen.image_set)
        if ids is None:
            notes.append(_("There is no set {name} of this data set.").format(name=chosen.image_set))
        else:
            matches &= rows["id"].isin(ids).to_numpy(bool)
    if chosen.tag:
        tagged = [sample for sample, names in zip(tags.index, tags["tags"]) if chosen.tag in names]
        matches &= rows["id"].isin(tagged).to_numpy(bool)
    shown = rows[matches]
    if chosen.sort == "disagreement":
        return _by_disagreement(shown, notes), notes
    columns, ascending = _ORDERS[chosen.sort if chosen.sort in sorts(rows) else "confident"]
    return shown.sort_values(columns, ascending=ascending, kind="stable"), notes


def _in_family(rows: pd.DataFrame, family: tuple[str, ...]) -> np.ndarray:
    """Which rows a cell of super-classes stands for: the true one, then the predicted one."""
    matches = np.ones(len(rows), bool)
    for name, column in zip(family, ("label", "predicted"), strict=True):
        groups = super_classes.groups_of(rows[column].dropna().unique())
        matches &= rows[column].map(groups).eq(name).to_numpy(bool, na_value=False)
    return matches


def _by_disagreement(rows: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Order rows by the distance between the models' heatmaps, where that was computed."""
    table = disagreements.cached(current.models()) if current.split() else None
    if table is None:
        notes.append(
            _(
                "Heatmap differences are not computed yet: press Find disagreements on page Where models look. "
                "Until then, the most confident come first."
            )
        )
        return rows.sort_values("confidence", ascending=False, kind="stable")
    distance = pd.Series(table["distance"].to_numpy(), index=table["id"])
    order = distance[~distance.index.duplicated()].reindex(rows["id"]).to_numpy()
    return rows.iloc[np.argsort(-np.nan_to_num(order, nan=-np.inf), kind="stable")]


def others(key: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return whether each other model evaluated on the same split is right on each row: 1, 0, or -1 where not known.

    Args:
        key: of the table in use.
        rows: its rows.
    """
    table = current.tables()[key]
    if not table.is_evaluation:
        return pd.DataFrame(index=rows.index)
    on_split = evaluations.on(table.data, table.split).values()
    other_tables = [other for other in on_split if other != table and current.evaluation(other)]
    stamps = tuple((each.name, evaluations.stamp(each)) for each in (table, *other_tables))
    return _others(stamps, _rows=rows, _own=table, _tables=other_tables)


@st.cache_resource(max_entries=8, show_spinner=False)
def _others(
    stamps: tuple, *, _rows: pd.DataFrame, _own: evaluations.Table, _tables: list[evaluations.Table]
) -> pd.DataFrame:
    right_by_model = {}
    own = evaluations.load(_own)
    for table in _tables:
        try:
            joined = join({"own": own, "other": evaluations.load(table)})
        except Exception:
            continue  # Damaged, or of other images: it has no predictions for these, and the page names it.
        right = pd.Series(joined.right[:, 1].astype(np.int8), index=joined.table["id"])
        right_by_model[table.model] = right.reindex(_rows["id"]).fillna(-1).astype(np.int8).to_numpy()
    return pd.DataFrame(right_by_model, index=_rows.index)
