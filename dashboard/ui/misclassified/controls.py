"""The controls of page Misclassified: which table, which of its images, in which order."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from ui.misclassified import filters
from ui.misclassified.selection import MisclassifiedSelection
from ui.state import selection
from ui.state.evaluations import Table
from ui.state.i18n import N_, _, shown_as
from ui.state.widget_values import careful
from ui.widgets import image_sets, tag_editor
from ui.widgets.pickers import segments
from ui.widgets.text import plain

VIEWS = {"gallery": N_("Misclassified images"), "labels": N_("Label issues")}


def choose_view() -> str:
    """Offer the views of the page, and return the chosen one."""
    look = selection.get(MisclassifiedSelection).look
    segments("look", _("View"), VIEWS, look, label_visibility="collapsed")
    return look


def choose_table(tables: Mapping[str, Table], key: str) -> None:
    """Offer the tables of misclassified images."""
    st.selectbox(
        _("Table"),
        list(tables),
        format_func=lambda key: tables[key].model or key,
        help=_("A model's evaluation on the chosen data set and split, or a file such as `df2.csv`."),
        **selection.control("table", key),
    )


def choose_classes_and_order(rows: pd.DataFrame) -> None:
    """Offer the classes of a table and the orders that it allows."""
    chosen = selection.get(MisclassifiedSelection)
    for field, label, column in (("true", _("True class"), "label"), ("pred", _("Predicted class"), "predicted")):
        options = sorted(rows[column].dropna().unique())
        value = getattr(chosen, field)
        bound = selection.control(field, value if value in options else None)
        st.selectbox(label, options, index=None, placeholder=_("All"), **bound)
    orders = filters.sorts(rows)
    order = chosen.sort if chosen.sort in orders else "confident"
    st.selectbox(_("Order"), list(orders), format_func=shown_as(orders), **selection.control("sort", order))


def choose_filters(right: pd.DataFrame) -> None:
    """Offer the filters by confidence, by the other models' predictions and by tag.

    Args:
        right: whether each other model is right, as ``filters.others`` returns it.
    """
    chosen = selection.get(MisclassifiedSelection)
    st.slider(_("Confidence"), 0, 100, format="%d %%", **_confidence(chosen))
    _choose_predictions(right, chosen)
    tags = list(dict.fromkeys([*tag_editor.names(), *([chosen.tag] if chosen.tag else [])]))
    st.selectbox(
        _("Tag"),
        tags,
        index=None,
        placeholder=_("All"),
        format_func=shown_as({tag: tag_editor.tag_name(tag) for tag in tags}),
        **selection.control("tag", chosen.tag or None),
    )
    sets = image_sets.counts()
    if sets or chosen.image_set:
        image_sets.choose_set(sets)


def _choose_predictions(right: pd.DataFrame, chosen: MisclassifiedSelection) -> None:
    """Offer the patterns of which other models are right that occur, with how often."""
    if not len(right.columns):
        return
    complete = right[(right >= 0).all(axis=1)]
    counts = complete.value_counts(sort=True)
    options = {}
    for pattern, n in counts.head(60).items():
        entries = tuple(
            f"{name}:{'right' if is_right else 'wrong'}" for name, is_right in zip(right.columns, pattern, strict=True)
        )
        options[entries] = f"{_label(entries)} ({n:,})"
    value = next((entries for entries in options if set(entries) == set(chosen.answers)), chosen.answers or None)
    if value is not None:
        options.setdefault(value, _label(value))
    st.selectbox(
        _("Other models"),
        list(options),
        index=None,
        placeholder=_("All"),
        format_func=shown_as(options),
        help=_("Filters by whether the other models evaluated on the same images are right."),
        **selection.control("answers", value),
    )


def _label(entries: tuple[str, ...]) -> str:
    names: dict[str, list[str]] = {"right": [], "wrong": []}
    for entry in entries:
        name, _colon, outcome = entry.rpartition(":")
        names.get(outcome, []).append(name)
    parts = []
    if names["right"]:
        parts.append(_("right: {names}").format(names=", ".join(names["right"])))
    if names["wrong"]:
        parts.append(_("wrong: {names}").format(names=", ".join(names["wrong"])))
    return " · ".join(parts)


def _confidence(chosen: MisclassifiedSelection) -> dict[str, Any]:
    """Tie a slider with two ends to the fields ``low`` and ``high``."""
    selection.show("choose_confidence", (min(chosen.low, chosen.high), max(chosen.low, chosen.high)))
    key = "choose_confidence"
    return {"key": key, "on_change": selection.by_person(key, _take_confidence)}


def _take_confidence() -> None:
    low, high = st.session_state["choose_confidence"]
    selection.change(low=low, high=high)


def leave_family(family: tuple[str, ...]) -> None:
    """Show that only a cell of super-classes is shown, and offer to show all again."""
    if len(family) == 2:
        label = _("Super-classes: {true} predicted as {pred}")
        st.button(
            label.format(true=plain(family[0]), pred=plain(family[1])),
            icon=":material/close:",
            help=_("Show all"),
            key="leave_family",
            on_click=careful(selection.change),
            kwargs={"family": ()},
        )
