"""``Faithfulness``: what the tests of one heatmap found, and the verdict."""

from dataclasses import dataclass

from carvis.explain.faithfulness_metrics.deletion_insertion import Curves, Fill
from carvis.explain.faithfulness_metrics.sanity_check import Randomisation
from carvis.explain.faithfulness_metrics.verdict import Verdict
from carvis.explain.status import Status


@dataclass(frozen=True)
class FaithfulnessSettings:
    """How faithfulness is measured.

    Attributes:
        steps: of the deletion and insertion curves.
        fill: what deleted pixels become.
        seed: of the random baseline, of ties and of the random weights.
    """

    steps: int
    fill: Fill
    seed: int


@dataclass(frozen=True)
class Trial:
    """The curves of one map, or of a baseline in its place, on one image.

    Attributes:
        curves: deletion and insertion; of the random baseline the mean over its draws.
        drop: share of the confidence lost where only the map's evidence is left of the image; 0 where it rises.
        increase: share of such images, of one map 0 or 1, in which the confidence rose.
    """

    curves: Curves
    drop: float
    increase: float


@dataclass(frozen=True)
class Faithfulness:
    """What a heatmap is worth as evidence, beside two maps that know nothing of the model.

    Attributes:
        own: the heatmap's trial.
        baselines: the trials of ``random`` (uniform noise as fine as the map) and ``blob`` (the middle).
        randomisation: how the map changed with the weights; None where that was not measured.
        status: the heatmap's own status.
        steps, fill, seed: how it was measured, as ``FaithfulnessSettings``.
    """

    own: Trial
    baselines: dict[str, Trial]
    randomisation: Randomisation | None
    status: Status
    steps: int
    fill: Fill
    seed: int

    @property
    def verdict(self) -> Verdict:
        """``better`` than both baselines, ``not-better``, or ``no-evidence`` where the heatmap is blank.

        A heatmap is better where its insertion area less its deletion area is larger than that of either baseline.
        """
        if self.status != "ok":
            return "no-evidence"
        best = max(trial.curves.gain for trial in self.baselines.values())
        return "better" if self.own.curves.gain > best else "not-better"

    def facts(self) -> dict[str, float | str | bool | None]:
        """All figures in one flat row."""
        row: dict[str, float | str | bool | None] = {"verdict": self.verdict, "status": self.status}
        for name, trial in {"map": self.own, **self.baselines}.items():
            row |= {
                f"{name}_deletion": trial.curves.deletion_area,
                f"{name}_insertion": trial.curves.insertion_area,
                f"{name}_drop": trial.drop,
                f"{name}_increase": trial.increase,
            }
        check = self.randomisation
        row["changes_with_weights"] = check.passed if check else None
        row["similarity_random_weights"] = check.last if check else None
        return row | {"steps": self.steps, "fill": self.fill, "seed": self.seed}
