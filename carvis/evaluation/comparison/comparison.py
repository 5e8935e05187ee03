"""``compare``: several models on the same images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.errors import TableError
from carvis.evaluation.alignment import Joined, Reason, join
from carvis.evaluation.comparison import calibration, selective
from carvis.evaluation.comparison.agreement import lattice
from carvis.evaluation.comparison.averaging import Averaging, averaging
from carvis.evaluation.comparison.bootstrap import accuracy_difference, difference_by_class
from carvis.evaluation.comparison.scoreboard import scoreboard, shared_part
from carvis.evaluation.comparison.significance import cochran, holm, images_needed, mcnemar
from carvis.evaluation.comparison.temperature import rescaled
from carvis.evaluation.comparison.verdicts import LEVEL, Verdict, verdict
from carvis.evaluation.renamed import renamed
from carvis.evaluation.result import Evaluation
from carvis.language import Message


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several models on the images that all of them were evaluated on.

    Attributes:
        joined: the predictions, one row per image.
        files: the models' files by name, as far as they are known to be those that were evaluated.
        milliseconds: an image's forward pass by name, as far as it was measured.
        without_leakage: whether images that are also in training are ignored.
        seed: of the bootstrap.
        changed: the names of models whose files were changed since they were evaluated: they are not in ``files``.
    """

    joined: Joined
    files: Mapping[str, Path] = field(default_factory=dict)
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    without_leakage: bool = False
    seed: int = 0
    changed: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Comparison({', '.join(self.names)}; n={self.n})"

    def _repr_html_(self) -> str | None:
        from carvis.evaluation.display import comparison_html

        return comparison_html(self)

    @property
    def names(self) -> list[str]:
        """The names of the compared models."""
        return self.joined.names

    @property
    def n(self) -> int:
        """How many images are compared."""
        return len(self.joined.table)

    @property
    def left_out(self) -> dict[Reason, int]:
        """Why images are not compared -> how many: missing, changed, relabelled, copies."""
        return self.joined.left_out

    @cached_property
    def scoreboard(self) -> pd.DataFrame:
        """One row per model; see ``carvis.evaluation.comparison.scoreboard``."""
        return scoreboard(self.joined, self.files, self.milliseconds)

    @cached_property
    def lattice(self) -> pd.DataFrame:
        """Every pattern of right and wrong, ``"101"`` with a digit a model, 1 where it is right: count, share, ids."""
        return lattice(self.joined.right, self.names, self.joined.table["id"])

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """One row per pair of models.

        Columns first, second, both (images both get right), only_first, only_second, neither, difference (of
        accuracies, second minus first), low, high (95 %, paired bootstrap), p (exact McNemar), p_holm (corrected for
        the number of pairs), needed (images that would prove a gap of this size, at the 5 % level
        divided by the number of pairs; NaN where there is no gap).
        """
        pairs = list(combinations(self.names, 2))
        rows = [self._pair(first, second, LEVEL / len(pairs)) for first, second in pairs]
        table = pd.DataFrame(rows, columns=_PAIR_COLUMNS)
        table["p_holm"] = holm(table["p"].tolist())
        return table[[*_PAIR_COLUMNS[:-1], "p_holm", "needed"]].astype({"needed": float})

    def _pair(self, first: str, second: str, level: float) -> list[object]:
        first_right, second_right = self.right(first), self.right(second)
        only_first, only_second = int((first_right & ~second_right).sum()), int((second_right & ~first_right).sum())
        both = int((first_right & second_right).sum())
        neither = self.n - both - only_first - only_second
        interval = accuracy_difference(first_right, second_right, self.seed)
        needed = images_needed(only_first, only_second, self.n, level)
        p = mcnemar(only_first, only_second)
        counts = [both, only_first, only_second, neither, (only_second - only_first) / self.n]
        return [first, second, *counts, *interval, p, needed]

    @property
    def cochran(self) -> tuple[float, float] | None:
        """Cochran's Q and p over all models; None for fewer than three."""
        return cochran(self.joined.right) if len(self.names) > 2 else None

    @property
    def verdicts(self) -> list[Verdict]:
        """What can be said of each pair, in the order of ``pairs``."""
        return [verdict(pair) for pair in self.pairs.to_dict("records")]

    @cached_property
    def averaging(self) -> Averaging:
        """What averaging the probabilities of all compared models would change.

        Raises:
            ModelError: the models have different classes.
        """
        return averaging(self.joined, self.milliseconds, self.seed)

    def right(self, name: str) -> NDArray[np.bool_]:
        """Whether a model is right on each image, bool (N,)."""
        return self.joined.table[f"right:{self._checked_name(name)}"].to_numpy()

    def confidence(self, name: str) -> NDArray[np.floating]:
        """The probability of a model's prediction for each image, (N,)."""
        return self.joined.table[f"confidence:{self._checked_name(name)}"].to_numpy()

    def _checked_name(self, name: str) -> str:
        if name not in self.names:
            raise TableError(
                Message(
                    "{name} is not in this comparison: choose one of {choices}.",
                    name=name,
                    choices=", ".join(self.names),
                )
            )
        return name

    def shared(self, name: str) -> Evaluation:
        """A model's evaluation on the images compared alone."""
        return shared_part(self.joined, self._checked_name(name))

    def samples(self, pattern: str) -> pd.DataFrame:
        """The images of a pattern of ``lattice``: the rows of ``joined.table``."""
        required = np.array([digit == "1" for digit in pattern])
        if len(required) != len(self.names) or set(pattern) - {"0", "1"}:
            raise TableError(
                Message(
                    "{pattern} is not a pattern of {n} models: give a 1 or 0 for each.",
                    pattern=pattern,
                    n=len(self.names),
                )
            )
        return self.joined.table[(self.joined.right == required).all(axis=1)]

    def fixed(self, first: str, second: str) -> pd.DataFrame:
        """The images that the first model gets wrong and the second right."""
        return self.joined.table[self.right(second) & ~self.right(first)]

    def broken(self, first: str, second: str) -> pd.DataFrame:
        """The images that the first model gets right and the second wrong."""
        return self.fixed(second, first)

    def by_class(self, first: str, second: str) -> pd.DataFrame:
        """Both accuracies class by class, their difference (second minus first) and its bootstrap interval."""
        labels = self.joined.table["label"].to_numpy()
        return difference_by_class(labels, self.right(first), self.right(second), self.seed)

    def reliability(self, name: str, bins: int = calibration.BINS, temperature: float | None = None) -> pd.DataFrame:
        """A model's confidence beside its accuracy, bin by bin; with a temperature, as that would make them."""
        confidence = self.confidence(name)
        if temperature is not None:
            confidence = rescaled(self.joined.probabilities(name), temperature).max(axis=1)
        return calibration.reliability(confidence, self.right(name), bins)

    def risk_coverage(self, name: str) -> pd.DataFrame:
        """A model's risk at every confidence threshold: threshold, coverage, risk."""
        return selective.risk_coverage(self.confidence(name), self.right(name))

    def coverage_at(self, name: str, risk: float) -> tuple[float, float]:
        """The share of images a model can prediction at no more than a risk, and the confidence it takes."""
        return selective.coverage_at(self.confidence(name), self.right(name), risk)

    def timed(self, milliseconds: Mapping[str, float]) -> Comparison:
        """The same with times measured by ``milliseconds_per_image``."""
        return replace(self, milliseconds={**self.milliseconds, **milliseconds})


_PAIR_COLUMNS = [
    "first", "second", "both", "only_first", "only_second", "neither", "difference", "low", "high", "p", "needed",
]  # fmt: skip


@renamed("without_copies", "without_leakage")
def compare(
    evaluations: Sequence[Evaluation] | Mapping[str, Evaluation],
    *,
    files: Mapping[str, str | Path] | None = None,
    without_leakage: bool = False,
    seed: int = 0,
) -> Comparison:
    """Compare models by their evaluations on the same images, joined by id and content, never by row.

    Args:
        evaluations: two or more, in a list, or by the name that each shall have.
        files: the models' files by name, for parameters and size. One that is not the file that was evaluated is
            ignored and listed in ``Comparison.changed``.
        without_leakage: ignore images that are also in training, exactly or nearly.
        seed: of the bootstrap.

    Raises:
        TableError: fewer than two evaluations, none of their images in common, or ``without_leakage`` where leakage
            was not checked or all images leak.
    """
    if len(evaluations) < 2:
        raise TableError(
            Message("A comparison takes two or more evaluations: evaluate another model on the same images.")
        )
    joined = join(evaluations)
    if without_leakage:
        joined = _without_leakage(joined)
    files_by_name = {name: Path(path) for name, path in (files or {}).items()}
    changed = tuple(
        name
        for name in joined.names
        if name in files_by_name and _changed(joined.evaluations[name], files_by_name[name])
    )
    unchanged = {name: path for name, path in files_by_name.items() if name not in changed}
    return Comparison(joined, unchanged, {}, without_leakage, seed, changed)


def _changed(evaluation: Evaluation, file: Path) -> bool:
    try:
        return evaluation.made_with(file) is False
    except OSError:
        return False


def _without_leakage(joined: Joined) -> Joined:
    leaks, checked = np.zeros(len(joined.table), bool), False
    for name, evaluation in joined.evaluations.items():
        if "copy_of" in evaluation.predictions:
            checked = True
            leaks |= evaluation.predictions["copy_of"].fillna("").to_numpy()[joined.rows[name]] != ""
    if not checked:
        raise TableError(
            Message(
                "The evaluation of {name} does not say which images are also in training: evaluate the model again.",
                name=joined.names[0],
            )
        )
    if leaks.all():
        raise TableError(Message("All images compared are also in training: make a leak-free split and train on it."))
    table = joined.table[~leaks].reset_index(drop=True)
    rows = {name: places[~leaks] for name, places in joined.rows.items()}
    left_out: dict[Reason, int] = {**joined.left_out, "copies": int(leaks.sum())}
    return Joined(joined.evaluations, table, rows, left_out if leaks.any() else joined.left_out)
