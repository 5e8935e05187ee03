"""Alternatives as rows of a table: what each changes, which images are right, and what a paired test says."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.evaluation.assumptions.result import COLUMNS, LEVEL, MARKS
from carvis.evaluation.assumptions.schema import RowVerdict
from carvis.evaluation.comparison import holm, mcnemar


@dataclass(eq=False)
class Row:
    """One alternative, tested in pairs against another on the same images.

    Attributes:
        changes: what differs from the reference, value by fact.
        against: the reference's values of the same facts.
        right: which images are right, bool (N,).
        reference: the row it is tested against.
        accepted: whether it is chosen; ``either`` whether it is one of several that explain the images equally well.
    """

    changes: dict[str, str]
    against: dict[str, str]
    right: NDArray[np.bool_]
    reference: "Row | None" = None
    p: float = 1.0
    verdict: RowVerdict = "assumed"
    accepted: bool = False
    either: bool = False
    of: dict[str, str] = field(default_factory=dict)

    @property
    def better(self) -> bool:
        """Whether it is clearly better than its reference."""
        return self.verdict == "clearly better"

    @property
    def count(self) -> int:
        """How many images are right."""
        return int(self.right.sum())


def paired_p(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Return the exact McNemar p of two variants on the same images, bool (N,) each."""
    return mcnemar(int((first & ~second).sum()), int((second & ~first).sum()))


def judge(rows: list[Row], tests: int) -> None:
    """Give each row its p and verdict.

    The correction counts all alternatives though each stage is judged by itself: what is tried in the second depends on
    the first. Padded with ones, Holm's correction keeps the level over both.
    """
    references = [row.reference or row for row in rows]
    raw = [paired_p(row.right, reference.right) for row, reference in zip(rows, references, strict=True)]
    for row, reference, p in zip(rows, references, holm(raw + [1.0] * (tests - len(rows)))):
        row.p = p
        more_correct = row.count > reference.count
        row.verdict = "cannot tell" if p >= LEVEL else "clearly better" if more_correct else "clearly worse"


def simplest(rows: Iterable[Row]) -> list[Row]:
    """Return the rows that explain the images as well as the best one and change no more than is needed.

    As well as the best is what the paired test, corrected over the rows, cannot tell from it. Of two of those, one
    that changes less is chosen over the other: a further change that makes no clear difference is not called for.
    """
    rows = sorted(rows, key=lambda row: -row.count)
    if not rows:
        return []
    best = rows[0]
    corrected = holm([paired_p(row.right, best.right) for row in rows])
    equally_good = [row for row, p in zip(rows, corrected) if row is best or p >= LEVEL]
    return [
        row for row in equally_good if not any(other.changes.items() < row.changes.items() for other in equally_good)
    ]


def chosen_of(rows: list[Row]) -> list[Row]:
    """Return the one row that holds, or several where they cannot be distinguished.

    Among values of one fact the one with most images right is the best guess; a tie, or different facts that explain
    the same images, is not decided.
    """
    if len({frozenset(row.changes) for row in rows}) > 1:
        return rows
    most = max(row.count for row in rows)
    return [row for row in rows if row.count == most]


def table_of(rows: list[Row]) -> pd.DataFrame:
    """Return the rows as ``AssumptionCheck.table``."""
    places = {id(row): i for i, row in enumerate(rows)}
    records = [
        {
            "assumption": ", ".join(row.changes or row.of) or "assumed",
            "value": " | ".join((row.changes or row.of).values()) or "assumed",
            "against": " | ".join(row.against.values()),
            "right": row.count,
            "n": len(row.right),
            "accuracy": float(row.right.mean()) if len(row.right) else 0.0,
            "p": float(row.p),
            "verdict": row.verdict,
            "reference": places.get(id(row.reference), 0),
            "kept": row.accepted,
            "either": row.either,
        }
        for row in rows
    ]
    return pd.DataFrame(records, columns=[*COLUMNS, *MARKS])
