"""``Slices``: where a model fails more than elsewhere, each slice with its images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from carvis.evaluation import Evaluation
from carvis.evaluation.comparison import p_words
from carvis.language import Message, localised
from carvis.subgroups.confirmation import POWER, detectable_accuracy, images_needed, least_p
from carvis.subgroups.model_comparison import compare_on_slices
from carvis.subgroups.properties import Condition, together_in_words
from carvis.subgroups.settings import DEFAULT, SliceSettings
from carvis.tables import to_csv
from carvis.workspace import atomic_write

COLUMNS = ("sentence", "property", "n", "accuracy", "low", "high", "rest", "p", "images")
# The size and the loss of a slice that the sentences on power speak of.
TYPICAL_SHARE, TYPICAL_LOSS = 0.1, 0.2


@dataclass(frozen=True)
class Slice:
    """Images with one or two properties in common on which a model is right less often than on the rest.

    Attributes:
        conditions: one or two.
        n: its images in the confirming half; all figures are of them.
        accuracy: the share of right predictions.
        low, high: its Wilson 95 % interval.
        rest: the accuracy of the rest of the confirming half.
        p: Fisher's exact p, corrected for the number of proposals (Holm).
        ids: all its images, of both halves, near-duplicates included.
        confirming_ids: the ``n`` images.
    """

    conditions: tuple[Condition, ...]
    n: int
    accuracy: float
    low: float
    high: float
    rest: float
    p: float
    ids: tuple[str, ...] = field(repr=False)
    confirming_ids: tuple[str, ...] = field(repr=False)

    @property
    def key(self) -> str:
        """The keys of its properties."""
        return " + ".join(condition.key for condition in self.conditions)

    @property
    def images(self) -> Message:
        """Which images they are, in words."""
        return together_in_words(self.conditions)

    @property
    def sentence(self) -> Message:
        """Which images they are, their accuracy and that of the rest."""
        return Message(
            "{images}: accuracy {accuracy} [{low}, {high}] against {rest} for the rest",
            images=self.images,
            accuracy=f"{100 * self.accuracy:.0f} %",
            low=f"{100 * self.low:.0f}",
            high=f"{100 * self.high:.0f}",
            rest=f"{100 * self.rest:.0f} %",
        )

    @property
    def evidence(self) -> Message:
        """On how many images it was confirmed, and how surely."""
        return Message.of_number(
            "Confirmed on {n} image that took no part in the search ({p}); {images} in all.",
            "Confirmed on {n} images that took no part in the search ({p}); {images} in all.",
            self.n,
            n=f"{self.n:,}",
            p=p_words(self.p),
            images=f"{len(self.ids):,}",
        )


@dataclass(frozen=True, eq=False)
class Slices:
    """The slices of an evaluation that the confirming half bears out, the largest loss first.

    Attributes:
        evaluation: what was searched.
        slices: the confirmed slices.
        proposed: how many were tested.
        searched: the properties that were searched.
        n: images of the half that proposed, and of the half that confirmed.
        errors: wrong predictions in the confirming half.
        uncounted: near-duplicates of counted images.
        confirming: ids of the confirming half.
        settings: how it was searched.
        notes: what could not be searched, and what to mind.
    """

    evaluation: Evaluation
    slices: tuple[Slice, ...]
    proposed: int
    searched: tuple[str, ...]
    n: tuple[int, int]
    errors: int
    uncounted: int = 0
    confirming: tuple[str, ...] = field(default=(), repr=False)
    settings: SliceSettings = DEFAULT
    notes: tuple[Message, ...] = ()

    def __len__(self) -> int:
        return len(self.slices)

    def __repr__(self) -> str:
        return f"Slices({len(self.slices)} of {self.proposed} proposed, confirmed on {self.n[1]} images)"

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row a slice: sentence, property, n, accuracy, low, high, rest, p (see ``Slice``), images (in all)."""
        rows = [
            (one.sentence, one.key, one.n, one.accuracy, one.low, one.high, one.rest, one.p, len(one.ids))
            for one in self.slices
        ]
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        # As pandas' own strings messages would stay English.
        table["sentence"] = pd.Series([row[0] for row in rows], dtype=object)
        return table

    def _repr_html_(self) -> str:
        return self.table.to_html()

    def ids(self, row: int) -> list[str]:
        """Return the ids of all images of a slice, near-duplicates included."""
        return list(self.slices[row].ids)

    def compare(self, evaluations: Sequence[Evaluation] | Mapping[str, Evaluation]) -> pd.DataFrame:
        """Return how other models do on each slice, see ``compare_on_slices``."""
        return compare_on_slices(self, evaluations)

    @property
    def finding(self) -> Message:
        """How many slices were confirmed."""
        if not self.slices:
            return Message("No slice is confirmed: nowhere is the accuracy provably lower than elsewhere.")
        return Message.of_number(
            "{n} slice is confirmed: there the accuracy is lower than on the rest.",
            "{n} slices are confirmed: there the accuracy is lower than on the rest.",
            len(self.slices),
        )

    @property
    def power(self) -> Message:
        """What could have been found with so many images and errors."""
        n, share = self.n[1], TYPICAL_SHARE
        facts = {"n": f"{n:,}", "errors": f"{self.errors:,}"}
        if least_p(n, self.errors, self.settings.images) > self.settings.level:
            return Message(
                "No slice could have been confirmed: the confirming half has {n} images and {errors} errors, so that "
                "even a slice that held all of them might be chance. Evaluate on more images.",
                **facts,
            )
        level = self.settings.level / max(self.proposed, 1)
        rest = 1 - self.errors / n
        lowest = detectable_accuracy(n, share, rest, level)
        facts |= {"share": f"{100 * share:.0f} %", "rest": f"{100 * rest:.0f} %", "power": f"{100 * POWER:.0f} %"}
        if lowest is None:
            return Message(
                "With {n} images and {errors} errors in the confirming half, no slice of {share} of the images could "
                "have been confirmed with a probability of {power}, however low its accuracy.",
                **facts,
            )
        return Message(
            "With {n} images and {errors} errors in the confirming half, a slice of {share} of the images is confirmed "
            "with a probability of {power} only if its accuracy is at most {lowest}, where the rest has {rest}.",
            lowest=f"{100 * lowest:.0f} %",
            **facts,
        )

    @property
    def needed(self) -> Message | None:
        """How many images would show a slice of a usual size and loss; None where there are as many, or nothing to say.

        It takes the accuracy for that of the images there are.
        """
        rest = 1 - self.errors / self.n[1] if self.n[1] else 0.0
        half = images_needed(TYPICAL_SHARE, rest, TYPICAL_LOSS, self.settings.level / max(self.proposed, 1))
        if half is None or half <= self.n[1]:
            return None
        return Message(
            "To confirm a slice of {share} of the images that loses {loss} points of accuracy, with a probability of "
            "{power}, it takes about {needed} images; there are {n}.",
            share=f"{100 * TYPICAL_SHARE:.0f} %",
            loss=f"{100 * TYPICAL_LOSS:.0f}",
            power=f"{100 * POWER:.0f} %",
            needed=f"{2 * half:,}",
            n=f"{sum(self.n):,}",
        )

    def save(self, path: str | Path) -> Path:
        """Write the table as ``.csv`` (UTF-8 with a mark); ``ids`` has the images of each slice, separated by ``;``."""
        table = self.table.assign(
            sentence=[localised(sentence) for sentence in self.table["sentence"]],
            ids=[";".join(one.ids) for one in self.slices],
        )
        return atomic_write(path, to_csv(table).encode("utf-8-sig"))
