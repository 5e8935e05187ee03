"""The alternatives to what is assumed of a model, each tested in pairs on the same images."""

import contextlib
from typing import Any

import numpy as np

from carvis.evaluation.assumptions.class_orders import CHOSEN, FITTED, best_order, right_under_best_order
from carvis.evaluation.assumptions.result import LEVEL, AssumptionCheck
from carvis.evaluation.assumptions.rows import Row, chosen_of, judge, paired_p, simplest, table_of
from carvis.evaluation.assumptions.trial import OTHER_FACTS, Trial, half_way
from carvis.evaluation.comparison import holm


def compare_alternatives(trial: Trial, full: bool) -> AssumptionCheck:
    """Try every alternative and sum up.

    Args:
        full: go on where nothing can be clearly better than what is assumed any more.
    """
    facts = _facts(trial)
    if not len(trial.labels) or not trial.finite:
        reason = "not finite" if len(trial.labels) else "unreadable" if trial.sampled else "no image of its classes"
        return AssumptionCheck(**facts, table=table_of([]), reason=reason)
    first = Row({}, {}, trial.right(CHOSEN))
    # Every preprocessing with every order and with the order that fits, then the others one at a time, twice.
    others = sum(len(values) - 1 for values in trial.others.values())
    tests = trial.looks * (len(trial.preprocessings) * (len(trial.orders) + 1) - 1 + 2 * others)
    if not full and not _could_be_better(trial, first, tests):
        chance = trial.knows_classes(CHOSEN, LEVEL)
        return AssumptionCheck(**facts, table=table_of([first]), above_chance=chance, complete=False)

    joint = _joint(trial, first)
    fitted = _fitted(trial, first)
    singles = _one_at_a_time(trial, {}, first, special=False)
    judge([*joint, *fitted, *singles], tests)
    _reject_uncertain_fits(trial, fitted, [*joint, *singles], tests)
    candidates = simplest(row for row in (*joint, *fitted, *singles) if row.better)
    candidates = _named_over_fitted(candidates)
    best = chosen_of(candidates) if candidates else []
    base = best[0] if best else first
    rows = [first, *joint, *fitted, *singles]
    if FITTED in base.changes.values():
        predicted = trial.predicted(preprocessing=base.changes.get("preprocessing", trial.clf.preprocessing))
        trial.orders[FITTED] = best_order(trial.labels, predicted, _pool(trial))
    changes: dict[str, Any] = _common(best)
    around: list[Row] = []
    if len(best) < 2:
        around = _one_at_a_time(trial, base.changes, base, special=True)
        # On all images they were tried already.
        around = [row for row in around if row.reference is not first]
        references = list(dict.fromkeys(row.reference for row in around if row.reference and row.reference is not base))
        judge(around, tests)
        rows += [*references, *around]
        extra, either = _together(trial, base.changes, [row for row in around if row.better])
        changes |= {fact: value for row in extra for fact, value in row.changes.items()}
        best = [*best, *extra]
        for row in either:
            row.either = True
    else:
        for row in best:
            row.either = True
    for row in best:
        row.accepted = not row.either
    settings = base.changes | {fact: value for fact, value in changes.items() if fact not in base.changes}
    order, options = _split(settings)
    if not trial.knows_classes(order, LEVEL, **options):
        for row in rows[1:]:
            row.accepted = row.either = False
            row.verdict = "cannot tell" if row.better else row.verdict
        return AssumptionCheck(**facts, table=table_of(rows))
    settled, rivals = ({}, {}) if any(row.either for row in rows) else _settled(trial, settings)
    if "class_names" in changes:
        changes = {fact: value for fact, value in changes.items() if fact != "class_names"}
        changes["class_names"] = list(trial.orders[order])
    facts |= {"changes": changes, "settled": settled, "rivals": rivals}
    return AssumptionCheck(**facts, table=table_of(rows), order=order, above_chance=True)


def not_finished(trial: Trial) -> AssumptionCheck:
    """Return the check of a trial that ran out of time: it says at most how many are right as assumed."""
    rows, chance = [], False
    with contextlib.suppress(TimeoutError):
        rows = [Row({}, {}, trial.right(CHOSEN))]
        chance = trial.knows_classes(CHOSEN, LEVEL)
    facts = _facts(trial)
    return AssumptionCheck(**facts, table=table_of(rows), above_chance=chance, complete=False, reason="too slow")


def _facts(trial: Trial) -> dict[str, Any]:
    clf = trial.clf
    assumed = {"preprocessing": clf.preprocessing, "class_names": list(clf.class_names)}
    assumed |= {fact: getattr(clf, fact) for fact in OTHER_FACTS}
    facts = {"model": clf.name, "data": trial.data.name, "splits": trial.splits, "n": len(trial.labels)}
    return facts | {"assumed": assumed, "changes": {}, "settled": {}, "rivals": {}}


def _could_be_better(trial: Trial, first: Row, tests: int) -> bool:
    """Whether so many images are wrong that, were all of them right, another assumption were clearly better."""
    rights = [first.right, *(trial.right(CHOSEN, fact) for fact in trial.others if fact in trial.special)]
    return any(2 * 0.5 ** int((~right).sum()) * tests < LEVEL for right in rights)


def _split(changes: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Return the order of the classes, and the other facts."""
    return changes.get("class_names", CHOSEN), {fact: v for fact, v in changes.items() if fact != "class_names"}


def _assumed_values(trial: Trial, changes: dict[str, str]) -> dict[str, str]:
    return {fact: CHOSEN if fact == "class_names" else getattr(trial.clf, fact) for fact in changes}


def _cell(trial: Trial, preprocessing: str, order: str) -> dict[str, str]:
    changes = {"preprocessing": preprocessing} if preprocessing != trial.clf.preprocessing else {}
    return changes | ({"class_names": order} if order != CHOSEN else {})


def _joint(trial: Trial, first: Row) -> list[Row]:
    """Try every preprocessing with every order that has a name."""
    rows = []
    for preprocessing in trial.preprocessings:
        for order in trial.orders:
            if changes := _cell(trial, preprocessing, order):
                right = trial.right(order, preprocessing=preprocessing)
                rows.append(Row(changes, _assumed_values(trial, changes), right, first))
    return rows


def _fitted(trial: Trial, first: Row) -> list[Row]:
    """Try every preprocessing with the order that fits its predictions."""
    rows = []
    for preprocessing in trial.preprocessings:
        changes = _cell(trial, preprocessing, FITTED)
        right = right_under_best_order(trial.labels, trial.predicted(preprocessing=preprocessing), _pool(trial))
        rows.append(Row(changes, _assumed_values(trial, changes), right, first))
    return rows


def _pool(trial: Trial) -> list[str]:
    """Return the names that an order is made of: the data set's, where they are as many as the model's classes."""
    names = set(trial.data.class_names)
    return next((order for order in trial.orders.values() if set(order) <= names), trial.orders[CHOSEN])


def _reject_uncertain_fits(trial: Trial, fitted: list[Row], named: list[Row], tests: int) -> None:
    """Believe an order that fits the predictions only where it is clearly better than everything with a name."""
    best = max((row for row in named if row.better), key=lambda row: row.count, default=None)
    for row in fitted:
        # An untrained model, too, gives some classes other outputs than others: only one that knows them well counts.
        above_halfway = row.right.mean() >= half_way(len(_pool(trial)))
        better = best is None or (row.count > best.count and paired_p(row.right, best.right) * tests < LEVEL)
        # An alternative of another kind that explains the images as well stands beside it.
        equally_good = best is not None and "class_names" not in best.changes and row.count == best.count
        if row.better and not (above_halfway and (better or equally_good)):
            row.verdict = "cannot tell"


def _named_over_fitted(rows: list[Row]) -> list[Row]:
    named = {frozenset(row.changes) for row in rows if FITTED not in row.changes.values()}
    return [row for row in rows if FITTED not in row.changes.values() or frozenset(row.changes) not in named]


def _one_at_a_time(trial: Trial, changes: dict[str, str], base: Row, *, special: bool) -> list[Row]:
    """Try every other value of the facts that are varied one at a time, on top of some changes.

    Args:
        base: the row of those changes.
        special: try how transparent and turned images are read on such images alone, of which there are more then.
    """
    order, options = _split(changes)
    rows = []
    for fact, (assumed, *values) in trial.others.items():
        if fact in changes:
            continue
        reference, among = base, ""
        if special and fact in trial.special:
            among = fact
            reference = Row({}, {}, trial.right(order, fact, **options), of={fact: assumed})
        for value in values:
            right = trial.right(order, among, **options | {fact: value})
            rows.append(Row({fact: value}, {fact: assumed}, right, reference))
    return rows


def _together(trial: Trial, changes: dict[str, str], better: list[Row]) -> tuple[list[Row], list[Row]]:
    """Return the changes that hold together, and those of which only one may hold, though which one is unclear.

    Each fact was tried by itself: where one change explains what another does, they are not both called for.
    """
    by_fact: dict[str, list[Row]] = {}
    for row in sorted(better, key=lambda row: row.p):
        by_fact.setdefault(next(iter(row.changes)), []).append(row)
    accepted: list[Row] = []
    for rows in by_fact.values():
        candidates = chosen_of(simplest(rows))
        if len(candidates) > 1:
            return accepted, candidates
        row = candidates[0]
        if not all(_adds(trial, changes, other, row) for other in accepted):
            if all(_adds(trial, changes, row, other) for other in accepted):
                accepted = [row]
                continue
            if any(not _adds(trial, changes, row, other) for other in accepted):
                return [], [*accepted, row]
        accepted.append(row)
    return accepted, []


def _adds(trial: Trial, changes: dict[str, str], first: Row, second: Row) -> bool:
    """Whether a second change is clearly better on top of a first one, on the images that the second was tried on."""
    order, options = _split(changes)
    fact = next(iter(second.changes))
    with_first = trial.right(order, fact, **options | first.changes)
    with_both = trial.right(order, fact, **options | first.changes | second.changes)
    return with_both.sum() > with_first.sum() and paired_p(with_both, with_first) < LEVEL


def _common(rows: list[Row]) -> dict[str, str]:
    """Return the changes that all of several rows make."""
    if not rows:
        return {}
    return {fact: v for fact, v in rows[0].changes.items() if all(row.changes.get(fact) == v for row in rows)}


def _settled(trial: Trial, settings: dict[str, str]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Return which values of the best assumption are clearly better than all others of their fact, and the rivals."""
    order, options = _split(settings)
    values = {"preprocessing": options.get("preprocessing", trial.clf.preprocessing), "class_names": order}
    values |= {fact: options.get(fact, getattr(trial.clf, fact)) for fact in trial.others}
    tests = []
    for fact, value in values.items():
        among = fact if fact in trial.special else ""
        reference = trial.right(order, among, **options)
        possible = {"preprocessing": trial.preprocessings, "class_names": trial.orders}.get(fact) or trial.others[fact]
        for rival in possible:
            if rival != value:
                rival_settings = settings | {fact: rival}
                rival_order, rival_options = _split(rival_settings)
                tests.append((fact, rival, trial.right(rival_order, among, **rival_options), reference))
    corrected = holm([paired_p(right, reference) for _, _, right, reference in tests])
    rivals: dict[str, list[str]] = {}
    for (fact, value, right, reference), p in zip(tests, corrected, strict=True):
        if p >= LEVEL or right.sum() > reference.sum():
            rivals.setdefault(fact, [values[fact]]).append(value)
    settled: dict[str, Any] = {fact: value for fact, value in values.items() if fact not in rivals}
    # Two classes under each other's name hardly lower the accuracy: each class has to be right by itself.
    if settled.pop("class_names", FITTED) != FITTED and _each_class_is_right(trial, order, options):
        settled["class_names"] = list(trial.orders[order])
    return settled, rivals


def _each_class_is_right(trial: Trial, order: str, options: dict[str, str]) -> bool:
    predicted, names = trial.predicted(**options), trial.orders[order]
    for place, name in enumerate(names):
        predictions = predicted[(trial.labels == name) & (predicted >= 0)]
        if not len(predictions) or np.bincount(predictions, minlength=len(names)).argmax() != place:
            return False
    return True
