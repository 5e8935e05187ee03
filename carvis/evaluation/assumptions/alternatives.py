"""The alternatives to what is assumed of a model, each tested in pairs on the same images."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from carvis.evaluation.assumptions.class_orders import CHOSEN, FITTED, best_order, right_under_best_order
from carvis.evaluation.assumptions.result import COLUMNS, LEVEL, AssumptionCheck
from carvis.evaluation.assumptions.trial import OTHER_FACTS, Trial, half_way
from carvis.evaluation.comparison import holm, mcnemar


@dataclass
class _Row:
    assumption: str
    value: str
    against: str
    right: np.ndarray
    reference: "_Row | None" = None
    p: float = 1.0
    verdict: str = "assumed"
    kept: bool = False

    def raw_p(self) -> float:
        return paired_p(self.right, self.reference.right)


def paired_p(first: np.ndarray, second: np.ndarray) -> float:
    """Return the exact McNemar p of two variants on the same images, bool (N,) each."""
    return mcnemar(int((first & ~second).sum()), int((second & ~first).sum()))


def compare_alternatives(trial: Trial, full: bool) -> AssumptionCheck:
    """Try every alternative and sum up.

    Args:
        full: go on where nothing can be clearly better than what is assumed any more.
    """
    clf, facts = trial.clf, _facts(trial)
    if not len(trial.labels):
        return AssumptionCheck(**facts, table=_table([]))
    first = _Row("assumed", "assumed", "", trial.right(CHOSEN))
    # Every preprocessing with every order and with the order that fits, then the others one at a time.
    many = len(trial.preprocessings) * (len(trial.orders) + 1) - 1 + sum(len(v) - 1 for v in trial.others.values())
    if not full and 2 * 0.5 ** int((~first.right).sum()) * many >= LEVEL:
        chance = trial.knows_classes(CHOSEN, LEVEL)
        return AssumptionCheck(**facts, table=_table([first]), above_chance=chance, complete=False)

    own = clf.preprocessing
    cells = _cells(trial, first)
    fitted = _fitted(trial, first)
    _judge([*cells.values(), *fitted.values()], many)
    base, row = _best(cells, (own, CHOSEN), first)
    base, row = _better_fitted(trial, fitted, base, row, many)
    row.kept = row is not first
    around = {
        fact: {
            value: _Row(fact, value, own_value, trial.right(base[1], preprocessing=base[0], **{fact: value}), row)
            for value in values
        }
        for fact, (own_value, *values) in trial.others.items()
    }
    others = [other for rows in around.values() for other in rows.values()]
    _judge(others, many)
    rows = [first, *cells.values(), *fitted.values(), *others]
    changes = {}
    for fact, found in around.items():
        better = [value for value, other in found.items() if other.verdict == "clearly better"]
        if better:
            changes[fact] = max(better, key=lambda value: found[value].right.sum())
            found[changes[fact]].kept = True
    if not trial.knows_classes(base[1], LEVEL, preprocessing=base[0], **changes):
        for other in rows[1:]:
            other.kept, other.verdict = False, "cannot tell" if other.verdict == "clearly better" else other.verdict
        return AssumptionCheck(**facts, table=_table(rows))
    changes |= {"preprocessing": base[0]} if base[0] != own else {}
    changes |= {"class_names": list(trial.orders[base[1]])} if base[1] != CHOSEN else {}
    settled, rivals = _settled(trial, base, around, changes)
    facts |= {"changes": changes, "settled": settled, "rivals": rivals}
    return AssumptionCheck(**facts, table=_table(rows), order=base[1], above_chance=True)


def not_finished(trial: Trial) -> AssumptionCheck:
    """Return the check of a trial that ran out of time: nothing can be told."""
    return AssumptionCheck(**_facts(trial), table=_table([]), complete=False)


def _facts(trial: Trial) -> dict:
    clf = trial.clf
    assumed = {"preprocessing": clf.preprocessing, "class_names": list(clf.class_names)}
    assumed |= {fact: getattr(clf, fact) for fact in OTHER_FACTS}
    facts = {"model": clf.name, "data": trial.data.name, "splits": trial.splits, "n": len(trial.labels)}
    return facts | {"assumed": assumed, "changes": {}, "settled": {}, "rivals": {}}


def _cells(trial: Trial, first: _Row) -> dict[tuple[str, str], _Row]:
    own = trial.clf.preprocessing
    pairs = [(one, order) for one in trial.preprocessings for order in trial.orders if (one, order) != (own, CHOSEN)]
    return {(one, order): _joint(one, order, own, trial.right(order, preprocessing=one), first) for one, order in pairs}


def _fitted(trial: Trial, first: _Row) -> dict[str, _Row]:
    names, own = _pool(trial), trial.clf.preprocessing
    found = {}
    for one in trial.preprocessings:
        right = right_under_best_order(trial.labels, trial.predicted(preprocessing=one), names)
        found[one] = _joint(one, FITTED, own, right, first)
    return found


def _pool(trial: Trial) -> list[str]:
    """Return the names that an order is made of: the data set's, where they are as many as the model's classes."""
    there = set(trial.data.class_names)
    return next((order for order in trial.orders.values() if set(order) <= there), trial.orders[CHOSEN])


def _joint(preprocessing: str, order: str, own: str, right: np.ndarray, first: _Row) -> _Row:
    """Make a row that names what differs from the assumed: one fact, or two with their values."""
    if order == CHOSEN:
        return _Row("preprocessing", preprocessing, own, right, first)
    if preprocessing == own:
        return _Row("class_names", order, CHOSEN, right, first)
    return _Row("preprocessing, class_names", f"{preprocessing} | {order}", f"{own} | {CHOSEN}", right, first)


def _judge(rows: list[_Row], many: int) -> None:
    """Give each row its p and verdict.

    The correction counts all alternatives though each stage is judged by itself: what is tried in the second depends on
    the first. Padded with ones, Holm's correction keeps the level over both.
    """
    corrected = holm([row.raw_p() for row in rows] + [1.0] * (many - len(rows)))
    for row, p in zip(rows, corrected):
        row.p = p
        more = row.right.sum() > row.reference.right.sum()
        row.verdict = "cannot tell" if p >= LEVEL else "clearly better" if more else "clearly worse"


def _best(cells: dict, own: tuple[str, str], first: _Row) -> tuple[tuple[str, str], _Row]:
    better = {cell: row for cell, row in cells.items() if row.verdict == "clearly better"}
    if not better:
        return own, first
    # Among equals the one that changes less.
    cell = max(better, key=lambda one: (better[one].right.sum(), (one[0] == own[0]) + (one[1] == own[1])))
    return cell, better[cell]


def _better_fitted(trial: Trial, fitted: dict[str, _Row], base: tuple, named: _Row, many: int) -> tuple[tuple, _Row]:
    """Take the order that fits the predictions where it is clearly better than every order with a name."""
    names = _pool(trial)
    # An untrained model, too, gives some classes other outputs than others: only one that knows them well counts.
    for row in fitted.values():
        if row.verdict == "clearly better" and row.right.mean() < half_way(len(names)):
            row.verdict = "cannot tell"
    one = max(fitted, key=lambda name: (fitted[name].right.sum(), name == base[0], name == trial.clf.preprocessing))
    row = fitted[one]
    better = row.right.sum() > named.right.sum() and paired_p(row.right, named.right) * many < LEVEL
    if row.verdict != "clearly better" or not better:
        return base, named
    trial.orders[FITTED] = best_order(trial.labels, trial.predicted(preprocessing=one), names)
    return (one, FITTED), row


def _table(rows: list[_Row]) -> pd.DataFrame:
    places = {id(row): i for i, row in enumerate(rows)}
    listed = [
        {
            "assumption": row.assumption,
            "value": row.value,
            "against": row.against,
            "right": int(row.right.sum()),
            "n": len(row.right),
            "accuracy": float(row.right.mean()),
            "p": float(row.p),
            "verdict": row.verdict,
            "reference": places[id(row.reference)] if row.reference else 0,
            "kept": row.kept,
        }
        for row in rows
    ]
    return pd.DataFrame(listed, columns=[*COLUMNS, "reference", "kept"])


def _settled(trial: Trial, base: tuple[str, str], around: dict, changes: dict) -> tuple[dict, dict]:
    """Return which values of the best assumption are clearly better than all others of their fact, and the rivals."""
    best = trial.right(base[1], preprocessing=base[0])
    values = {"preprocessing": base[0], "class_names": base[1]}
    rights = {"preprocessing": {}, "class_names": {}}
    for one in trial.preprocessings:
        rights["preprocessing"][one] = trial.right(base[1], preprocessing=one)
    for order in trial.orders:
        rights["class_names"][order] = trial.right(order, preprocessing=base[0])
    for fact, found in around.items():
        own = getattr(trial.clf, fact)
        values[fact] = changes.get(fact, own)
        rights[fact] = {own: best} | {value: row.right for value, row in found.items()}
    tests = [
        (fact, value, right, rights[fact][values[fact]])
        for fact, of_value in rights.items()
        for value, right in of_value.items()
        if value != values[fact]
    ]
    corrected = holm([paired_p(right, mine) for _, _, right, mine in tests])
    rivals: dict[str, list[str]] = {}
    for (fact, value, right, mine), p in zip(tests, corrected, strict=True):
        if p >= LEVEL or right.sum() > mine.sum():
            rivals.setdefault(fact, [values[fact]]).append(value)
    settled = {fact: value for fact, value in values.items() if fact not in rivals}
    # Two classes under each other's name hardly lower the accuracy: each class has to be right by itself.
    if settled.pop("class_names", FITTED) != FITTED and _each_class_is_right(trial, base):
        settled["class_names"] = list(trial.orders[base[1]])
    return settled, rivals


def _each_class_is_right(trial: Trial, base: tuple[str, str]) -> bool:
    predicted, order = trial.predicted(preprocessing=base[0]), trial.orders[base[1]]
    for place, name in enumerate(order):
        mine = predicted[(trial.labels == name) & (predicted >= 0)]
        if not len(mine) or np.bincount(mine, minlength=len(order)).argmax() != place:
            return False
    return True
