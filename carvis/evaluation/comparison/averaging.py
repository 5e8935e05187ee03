"""The average of several models' probabilities, their classes matched by name: would it help, where, at what cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.errors import ModelError
from carvis.evaluation.alignment import Joined
from carvis.evaluation.comparison.bootstrap import accuracy_difference
from carvis.evaluation.comparison.significance import mcnemar, p_words
from carvis.evaluation.comparison.verdicts import LEVEL
from carvis.language import Message, together
from carvis.workspace.sample_ids import composed


@dataclass(frozen=True, eq=False)
class Averaging:
    """What the average of all compared models' probabilities would change on the images compared.

    Attributes:
        names: of the models, in the order compared.
        best: the single model that is right most often; the first of equals.
        n: images.
        accuracy, best_accuracy: of the average, and of the best single model.
        low, high: of the difference of the two, average minus best (95 %, paired bootstrap).
        p: the exact McNemar test of the average against the best single model.
        predictions: ``Joined.table`` with the average's prediction: ``average``, ``average_confidence`` and
            ``average_right``.
        milliseconds: an image through all models; NaN where a model was not timed.
        best_milliseconds: an image through the best model; NaN where it was not timed.
    """

    names: tuple[str, ...]
    best: str
    n: int
    accuracy: float
    best_accuracy: float
    low: float
    high: float
    p: float
    predictions: pd.DataFrame
    milliseconds: float = math.nan
    best_milliseconds: float = math.nan

    @property
    def gained(self) -> pd.DataFrame:
        """The images that the average gets right and the best model wrong: rows of ``predictions``."""
        return self.predictions[self.predictions["average_right"] & ~self.predictions[f"right:{self.best}"]]

    @property
    def lost(self) -> pd.DataFrame:
        """The images that the average gets wrong and the best model right: rows of ``predictions``."""
        return self.predictions[~self.predictions["average_right"] & self.predictions[f"right:{self.best}"]]

    @property
    def helps(self) -> bool:
        """Whether the average is better than the best model beyond chance."""
        return self.p < LEVEL and len(self.gained) > len(self.lost)

    @property
    def headline(self) -> Message:
        """Whether averaging would help."""
        facts = {
            "best": self.best,
            "average": f"{self.accuracy:.1%}",
            "single": f"{self.best_accuracy:.1%}",
            "n": f"{self.n:,}",
        }
        if self.helps:
            return Message(
                "Averaging would help: {average} correct on {n} images instead of {single} with {best} alone.", **facts
            )
        if self.p < LEVEL:
            return Message(
                "Averaging would hurt: {average} correct on {n} images instead of {single} with {best} alone.", **facts
            )
        if not len(self.gained) and not len(self.lost):
            return Message("Averaging would change nothing: it is right on the same images as {best}.", **facts)
        if self.accuracy <= self.best_accuracy:
            return Message(
                "Averaging would not help: {average} correct on {n} images against {single} with {best} alone.", **facts
            )
        return Message(
            "Averaging would hardly help: {average} correct on {n} images against {single} with {best} alone, which "
            "could be chance.",
            **facts,
        )

    @property
    def evidence(self) -> tuple[Message, ...]:
        """The figures behind the headline, and what the average costs."""
        counts = Message(
            "It gains {gained} and loses {lost} (McNemar {p}; difference {low} to {high}, 95 % CI).",
            gained=_images(len(self.gained)),
            lost=_images(len(self.lost)),
            p=p_words(self.p),
            low=f"{self.low:+.1%}",
            high=f"{self.high:+.1%}",
        )
        return (*((counts,) if len(self.gained) or len(self.lost) else ()), self.cost)

    @property
    def cost(self) -> Message:
        """What an image costs through all models, against the best one alone."""
        if math.isnan(self.milliseconds):
            return Message(
                "Cost: every image goes through {k} models instead of one; measure the speed to have it in "
                "milliseconds.",
                k=len(self.names),
            )
        return Message(
            "Cost: {all} ms per image for the {k} models together, {one} ms for {best} alone.",
            all=f"{self.milliseconds:.1f}",
            one=f"{self.best_milliseconds:.1f}",
            k=len(self.names),
            best=self.best,
        )

    @property
    def finding(self) -> Message:
        """The headline, the figures behind it, and the cost."""
        return together([self.headline, *self.evidence])


def _images(n: int) -> Message:
    return Message.of_number("{n} image", "{n} images", n, n=f"{n:,}")


def averaging(joined: Joined, milliseconds: Mapping[str, float] | None = None, seed: int = 0) -> Averaging:
    """Find what averaging would change, from stored predictions alone.

    The best model is chosen on the same images, which favours it: an average that helps here does so in spite of it.

    Args:
        joined: the predictions of two or more models for the same images.
        milliseconds: an image's time by model, as far as measured.
        seed: of the bootstrap.

    Raises:
        ModelError: fewer than two models, or models of different classes.
    """
    class_names = {name: one.class_names for name, one in joined.evaluations.items()}
    average = average_probabilities({name: joined.probabilities(name) for name in joined.names}, class_names)
    names = np.array([composed(name) for name in class_names[joined.names[0]]], dtype=object)
    shown = np.array(class_names[joined.names[0]], dtype=object)
    predicted = average.argmax(axis=1)
    right = names[predicted] == joined.table["label"].map(composed).to_numpy()
    best = max(joined.names, key=lambda name: int(joined.table[f"right:{name}"].sum()))
    of_best = joined.table[f"right:{best}"].to_numpy(bool)
    low, high = accuracy_difference(of_best, right, seed)
    table = joined.table.assign(average=shown[predicted], average_confidence=average.max(axis=1), average_right=right)
    times = milliseconds or {}
    return Averaging(
        tuple(joined.names),
        best,
        len(table),
        float(right.mean()),
        float(of_best.mean()),
        low,
        high,
        mcnemar(int((of_best & ~right).sum()), int((right & ~of_best).sum())),
        table,
        sum(times.get(name, math.nan) for name in joined.names),
        times.get(best, math.nan),
    )


def average_probabilities(
    probabilities: Mapping[str, NDArray[np.floating]], class_names: Mapping[str, Sequence[str]]
) -> NDArray[np.float64]:
    """Return the mean of several models' probabilities (N, C), in the class order of the first model.

    Args:
        probabilities: (N, C) of each model, by its name.
        class_names: the classes of each model in its order.

    Raises:
        ModelError: as ``check_same_classes``.
    """
    orders = check_same_classes(class_names)
    return np.mean([np.asarray(probabilities[name], np.float64)[:, order] for name, order in orders.items()], axis=0)


def check_same_classes(class_names: Mapping[str, Sequence[str]]) -> dict[str, list[int]]:
    """Return where each model has the classes of the first model, whatever its own order.

    Args:
        class_names: of each model, by its name.

    Raises:
        ModelError: fewer than two models, or one has other classes.
    """
    if len(class_names) < 2:
        raise ModelError(Message("An average takes two or more models: name another one."))
    first, wanted = next(iter(class_names.items()))
    keys = [composed(name) for name in wanted]
    orders = {}
    for name, names in class_names.items():
        places = {composed(one): place for place, one in enumerate(names)}
        if len(names) != len(keys) or places.keys() != set(keys):
            only = [one for one in (*names, *wanted) if (composed(one) in places) != (composed(one) in keys)]
            raise ModelError(
                Message(
                    "{first} and {other} have different classes ({example} is in one of them only): average models "
                    "of the same classes.",
                    first=first,
                    other=name,
                    example=(only or [*names])[0],
                )
            )
        orders[name] = [places[key] for key in keys]
    return orders
