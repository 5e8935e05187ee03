"""What the curves of a run say, as findings with their evidence."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

# A loss that moves by less than this share is as good as still.
_STILL = 0.02
_ROSE = 0.05
_RECENT = 3
_SHAKY = 0.4

MESSAGES = {
    "broken": "The loss is no longer a number after epoch {epoch}: try a lower learning rate.",
    "overfitting": "Overfitting from epoch {epoch}: since then the validation loss rose from {low} to {high}, while the"
    " training loss fell from {before} to {after}. More pictures or augmentation, or fewer open layers, would help.",
    "rate-too-high": "The learning rate may be too high: the training loss rose in {rises} of {epochs} epochs.",
    "hardly-learning": "It hardly learns: after {epochs} epochs the training accuracy is {accuracy}, where guessing"
    " gives {chance}. Try a higher learning rate, a pre-trained backbone, or check the pictures.",
    "improving": "Still improving: over the last {epochs} epochs the validation loss fell from {before} to {after}."
    " More epochs may help.",
    "settled": "Settled: the validation loss has moved by less than {share} over the last {epochs} epochs.",
}


@dataclass(frozen=True)
class Finding:
    """One thing that a run's curves say.

    Attributes:
        kind: a key of ``MESSAGES``.
        facts: its evidence, words by name, for the message.
    """

    kind: str
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The finding in words."""
        return MESSAGES[self.kind].format(**self.facts)


def diagnose(history: pd.DataFrame, n_classes: int | None = None) -> list[Finding]:
    """Say in words what a run's history shows, the most pressing first.

    Args:
        history: a row an epoch: epoch, loss and, where it was validated, val_loss; accuracy where it is known. Of
            several trainings (column ``training``) the last counts.
        n_classes: where given, accuracy is held against guessing.
    """
    if not len(history):
        return []
    if "training" in history:
        # Of several trainings in one log only the last one still goes on, or is what came of them.
        history = history[history["training"] == history["training"].max()].reset_index(drop=True)
    found = []
    loss = history["loss"].astype(float)
    finite = loss.notna() & (loss.abs() != float("inf"))
    if not finite.all():
        last = history.loc[finite, "epoch"].max() if finite.any() else 0
        return [Finding("broken", {"epoch": str(int(last))})]
    found += _overfitting(history)
    rises = int((loss.diff() > _STILL * loss.shift()).sum())
    if len(loss) > _RECENT and rises >= _SHAKY * (len(loss) - 1):
        found.append(Finding("rate-too-high", {"rises": str(rises), "epochs": str(len(loss) - 1)}))
    if n_classes and "accuracy" in history and len(loss) >= 5:
        accuracy = float(history["accuracy"].iloc[-1])
        if accuracy < 1.5 / n_classes:
            facts = {"epochs": str(len(loss)), "accuracy": f"{accuracy:.1%}", "chance": f"{1 / n_classes:.1%}"}
            found.append(Finding("hardly-learning", facts))
    if not found:
        found += _recent(history)
    return found


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
    facts = {
        "epoch": str(int(since["epoch"].iloc[1])),
        "low": f"{since['val_loss'].iloc[0]:.3f}",
        "high": f"{since['val_loss'].iloc[-1]:.3f}",
        "before": f"{since['loss'].iloc[0]:.3f}",
        "after": f"{since['loss'].iloc[-1]:.3f}",
    }
    return [Finding("overfitting", facts)]


def _recent(history: pd.DataFrame) -> list[Finding]:
    if "val_loss" not in history or len(history) <= _RECENT:
        return []
    values = history["val_loss"].astype(float).dropna()
    if len(values) <= _RECENT:
        return []
    before, after = float(values.iloc[-1 - _RECENT]), float(values.iloc[-1])
    if after < (1 - _STILL) * before:
        facts = {"epochs": str(_RECENT), "before": f"{before:.3f}", "after": f"{after:.3f}"}
        return [Finding("improving", facts)]
    recent = values.iloc[-1 - _RECENT :]
    if recent.max() - recent.min() <= _STILL * before:
        return [Finding("settled", {"share": f"{_STILL:.0%}", "epochs": str(_RECENT)})]
    return []
