"""What page Confusion matrix shows, from the selection: which evaluations, which classes, in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import pandas as pd
import streamlit as st

from carvis.errors import TableError
from carvis.evaluation import (
    ConfusionPair,
    Evaluation,
    class_scores,
    merge_classes,
    most_confused_classes,
    order_classes,
    pair_confusion,
)
from ui.confusion.selection import ConfusionSelection
from ui.state import current, evaluations, selection
from ui.widgets import super_classes
from ui.widgets.layout import guarded

# With more classes than this, only the most confused ones are shown at first.
ALL_UP_TO, FIRST_SHOWN = 40, 30


@dataclass(frozen=True)
class Model:
    """One side of the page: an evaluation and its matrix over the classes of the page."""

    key: str
    name: str
    table: evaluations.Table
    evaluation: Evaluation
    counts: pd.DataFrame

    @property
    def wrong(self) -> int:
        """The number of misclassified images."""
        values = self.counts.to_numpy()
        return int(values.sum() - values.trace())

    @property
    def n(self) -> int:
        """The number of images."""
        return int(self.counts.to_numpy().sum())


@dataclass(frozen=True)
class View:
    """The models held together, and the classes (or super-classes) to draw.

    ``order`` holds the classes drawn; ``pair`` is None where only one model is shown or the two share no image, as
    ``no_pair`` then says.
    """

    models: list[Model]
    pair: ConfusionPair | None
    no_pair: TableError | None
    groups: dict[str, str]
    order: list[str]
    of_classes: int

    @property
    def is_super(self) -> bool:
        """Whether classes are summed up to super-classes."""
        return selection.get(ConfusionSelection).level == "super"

    @property
    def on_same_images(self) -> bool:
        """Whether two models were evaluated on exactly the same images, so that all their scores are comparable."""
        return self.pair is not None and not self.pair.joined.left_out

    @cached_property
    def total(self) -> pd.DataFrame:
        """The confusion of all models together."""
        return sum(model.counts for model in self.models[1:]) + self.models[0].counts

    @property
    def names(self) -> list[str]:
        """The names of the classes, in the order shown."""
        return [str(name) for name in self.models[0].counts.index]

    @cached_property
    def cell(self) -> tuple[str, str]:
        """The cell to open: the chosen one, else the most confused one that fits what is chosen, else nothing."""
        now = selection.get(ConfusionSelection)
        if self.is_super:
            true, pred = (now.within[0], now.within[-1]) if now.within else ("", "")
        else:
            true, pred = now.true, now.pred
        true, pred = (name if name in self.names else "" for name in (true, pred))
        if true and pred:
            return true, pred
        wrong = self.total.loc[[true] if true else self.order, [pred] if pred else self.order].stack()
        wrong = wrong[wrong.index.get_level_values(0) != wrong.index.get_level_values(1)]
        return cast(tuple[str, str], wrong.idxmax()) if len(wrong) and wrong.max() > 0 else (true, pred)

    def pick(self, true: str, pred: str) -> None:
        """Choose a cell."""
        if self.is_super:
            selection.change(within=(true,) if true == pred else (true, pred))
        else:
            selection.change(true=true, pred=pred)

    def members(self, name: str) -> set[str]:
        """The classes that a row or column of the matrix stands for."""
        return {member for member, group in self.groups.items() if group == name} if self.is_super else {name}


def tables() -> dict[str, evaluations.Table]:
    """The evaluations on the chosen data set and split, best first."""
    return {key: table for key, table in current.tables().items() if table.is_evaluation}


def first_table() -> str:
    """The key of the evaluation that is shown first; empty where there is none."""
    offered, key = tables(), current.table()
    return key if key in offered else next(iter(offered), "")


def others(first: str) -> dict[str, evaluations.Table]:
    """The evaluations to compare with: the others, those on the same images first."""
    return {key: table for key, table in (tables() | evaluations.saved()).items() if key != first}


def view(first: str, second: str) -> View:
    """Read the evaluations and put their matrices into one order.

    Raises:
        CarvisError: the first evaluation cannot be read.
    """
    listed = others("")
    read = {first: evaluations.load(listed[first])}
    if second:
        # One that cannot be read leaves the other its page.
        with guarded():
            read[second] = evaluations.load(listed[second])
    pair, no_pair, counts = None, None, [evaluation.confusion for evaluation in read.values()]
    if len(read) > 1:
        try:
            pair = _pair(_stamp(listed[first]), _stamp(listed[second]), _both=(read[first], read[second]))
            counts = [pair.first, pair.second]
        except TableError as error:
            no_pair = error
            classes = list(dict.fromkeys(name for matrix in counts for name in matrix.index))
            counts = [matrix.reindex(index=classes, columns=classes, fill_value=0) for matrix in counts]
    groups = super_classes.groups_of(counts[0].index)
    now = selection.get(ConfusionSelection)
    if now.level == "super":
        counts = [merge_classes(matrix, groups) for matrix in counts]
    names = [_name(listed[key], listed[first]) for key in read]
    models = [
        Model(key, name, listed[key], read[key], matrix)
        for (key, name, matrix) in zip(read, names, counts, strict=True)
    ]
    total = sum(counts[1:]) + counts[0]
    order = _order([_stamp(listed[key]) for key in read], total, groups)
    if now.within and now.level == "class":
        order = [name for name in order if groups[name] in now.within] or order
    of_classes = len(order)
    limit = most(of_classes)
    if limit < of_classes:
        shown = set(most_confused_classes(total.loc[order, order], limit))
        order = [name for name in order if name in shown]
    return View(models, pair, no_pair, groups, order, of_classes)


def most(classes: int) -> int:
    """How many classes to draw at most."""
    chosen = selection.get(ConfusionSelection).top
    if chosen:
        return classes if chosen == "all" else int(chosen)
    return classes if classes <= ALL_UP_TO else FIRST_SHOWN


def fresh(key: str, picked: Callable[[dict], list[tuple[str, str]]], cell: tuple[str, str]) -> str:
    """Return the key of a chart or table, a new one where the cell clicked in it is no longer the open one.

    The browser keeps the click, and would not report a second one on the same mark.

    Args:
        key: the chart's name.
        picked: returns the pairs of classes in the state of a selection.
        cell: the pair that is open now.
    """
    turn = st.session_state.setdefault(f"{key}_turn", 0)
    state = st.session_state.get(f"{key}_{turn}") or {}
    clicked = picked(state.get("selection") or {})
    if clicked and clicked != [cell]:
        st.session_state[f"{key}_turn"] = turn = turn + 1
    return f"{key}_{turn}"


def _name(table: evaluations.Table, first: evaluations.Table) -> str:
    same = (table.data, table.split) == (first.data, first.split)
    return table.model if same else f"{table.model} ({table.data} {table.split})"


def _order(stamps: list[tuple[str, int]], total: pd.DataFrame, groups: dict[str, str]) -> list[str]:
    now = selection.get(ConfusionSelection)
    # Super-classes have no super-classes of their own.
    by = "name" if now.arrange == "super" and now.level == "super" else now.arrange
    return _ordered(tuple(stamps), now.level, by, tuple(groups.items()), _total=total)


@st.cache_data(max_entries=64, show_spinner=False)
def _ordered(
    stamps: tuple[tuple[str, int], ...], level: str, by: str, groups: tuple[tuple[str, str], ...], _total: pd.DataFrame
) -> list[str]:
    return order_classes(_total, by, dict(groups))


def _stamp(table: evaluations.Table) -> tuple[str, int]:
    file = table.path / "metrics.json"
    return str(table.path), file.stat().st_mtime_ns if file.exists() else 0


@st.cache_resource(max_entries=8, show_spinner=False)
def _pair(first: tuple[str, int], second: tuple[str, int], _both: tuple[Evaluation, Evaluation]) -> ConfusionPair:
    return pair_confusion(*_both)


def scores(model: Model, view: View) -> pd.DataFrame:
    """The scores of each class, or of each super-class, of one model on all images of its evaluation."""
    groups = tuple(view.groups.items()) if view.is_super else ()
    return _scores(_stamp(model.table), groups, _evaluation=model.evaluation)


@st.cache_data(max_entries=32, show_spinner=False)
def _scores(stamp: tuple[str, int], groups: tuple[tuple[str, str], ...], _evaluation: Evaluation) -> pd.DataFrame:
    table, names = _evaluation.predictions[["label", "predicted", "confidence"]], _evaluation.class_names
    if groups:
        to = dict(groups)
        names = list(dict.fromkeys(to.get(name, name) for name in names))
        table = table.assign(label=table["label"].replace(to), predicted=table["predicted"].replace(to))
    return class_scores(table, names)
