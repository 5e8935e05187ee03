"""What the curves of a run show, as findings with their evidence."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from carvis.language import Message

FindingKind = Literal["broken", "overfitting", "rate-too-high", "hardly-learning", "improving", "settled"]

# A loss that changes by less than this share has settled.
_STILL = 0.02
_ROSE = 0.05
_RECENT = 3
_SHAKY = 0.4


@dataclass(frozen=True)
class Finding:
    """One thing that a run's curves show.

    Attributes:
        kind: ``broken``, ``overfitting``, ``rate-too-high``, ``hardly-learning``, ``improving`` or ``settled``.
        message: the finding with its evidence, and a remedy.
    """

    kind: FindingKind
    message: Message


def diagnose(history: pd.DataFrame, n_classes: int | None = None) -> list[Finding]:
    """Return what a run's history shows, the most pressing first.

    Args:
        history: a row an epoch: epoch, loss and, where it was validated, val_loss; accuracy where it is known. Of
            several trainings (column ``training``) the last counts.
        n_classes: where given, accuracy is compared with guessing.
    """
    if not len(history):
        return []
    if "training" in history:
        # Of several trainings in one log only the last one still goes on, or is what came of them.
        history = history[history["training"] == history["training"].max()].reset_index(drop=True)
    findings: list[Finding] = []
    loss = history["loss"].astype(float)
    finite = loss.notna() & (loss.abs() != float("inf"))
    if not finite.all():
        last = int(history.loc[finite, "epoch"].max()) if finite.any() else 0
        message = Message("The loss is NaN or infinite after epoch {epoch}: try a lower learning rate.", epoch=last)
        return [Finding("broken", message)]
    findings += _overfitting(history)
    rises = int((loss.diff() > _STILL * loss.shift()).sum())
    if len(loss) > _RECENT and rises >= _SHAKY * (len(loss) - 1):
        message = Message(
            "The learning rate may be too high: the training loss rose in {rises} of {epochs} epochs.",
            rises=rises,
            epochs=len(loss) - 1,
        )
        findings.append(Finding("rate-too-high", message))
    if n_classes and "accuracy" in history and len(loss) >= 5:
        accuracy = float(history["accuracy"].iloc[-1])
        if accuracy < 1.5 / n_classes:
            message = Message(
                (
                    "Hardly learning: after {epochs} epochs the training accuracy is {accuracy:.1%} "
                    "(chance level: {chance:.1%}). Try a higher learning rate or a pretrained "
                    "backbone, or check the images."
                ),
                epochs=len(loss),
                accuracy=accuracy,
                chance=1 / n_classes,
            )
            findings.append(Finding("hardly-learning", message))
    return findings or _recent(history)


def _overfitting(history: pd.DataFrame) -> list[Finding]:
    if "val_loss" not in history or len(history) < _RECENT + 1:
        return []
    rows = history.dropna(subset="val_loss").reset_index(drop=True)
    if len(rows) < _RECENT + 1:
        return []
    lowest = int(np.argmin(rows["val_loss"].astype(float)))
    since = rows.iloc[lowest:]
    rose = since["val_loss"].iloc[-1] > (1 + _ROSE) * since["val_loss"].iloc[0]
    if len(since) <= _RECENT or not rose or since["loss"].iloc[-1] >= since["loss"].iloc[0]:
        return []
    losses = since[["loss", "val_loss"]].astype(float)
    message = Message(
        (
            "Overfitting from epoch {epoch}: since then the validation loss rose from {low:.3f} to "
            "{high:.3f}, while the training loss fell from {before:.3f} to {after:.3f}. Try more "
            "images, augmentation or fewer trainable layers."
        ),
        epoch=int(since["epoch"].iloc[1]),
        low=losses["val_loss"].iloc[0],
        high=losses["val_loss"].iloc[-1],
        before=losses["loss"].iloc[0],
        after=losses["loss"].iloc[-1],
    )
    return [Finding("overfitting", message)]


def _recent(history: pd.DataFrame) -> list[Finding]:
    if "val_loss" not in history or len(history) <= _RECENT:
        return []
    values = history["val_loss"].astype(float).dropna()
    if len(values) <= _RECENT:
        return []
    before, after = float(values.iloc[-1 - _RECENT]), float(values.iloc[-1])
    if after < (1 - _STILL) * before:
        message = Message(
            "Still improving: over the last {epochs} epochs the validation loss fell from {before:.3f} to {after:.3f}."
            " More epochs may help.",
            epochs=_RECENT,
            before=before,
            after=after,
        )
        return [Finding("improving", message)]
    recent = values.iloc[-1 - _RECENT :]
    if recent.max() - recent.min() <= _STILL * before:
        message = Message(
            ("Converged: the validation loss changed by less than {share:.0%} over the last {epochs} epochs."),
            share=_STILL,
            epochs=_RECENT,
        )
        return [Finding("settled", message)]
    return []
