"""``HeatmapRequest``: which heatmaps are made of every image."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carvis.classifier.cpu import has_bfloat16
from carvis.errors import ModelError
from carvis.explain.methods import METHODS
from carvis.explain.methods.availability import why_not
from carvis.explain.score import PRECISIONS, SCORES, Precision, Score
from carvis.explain.target import Target, needs_label, resolve_target
from carvis.language import Message

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.explain.heatmap import Heatmap
    from carvis.explain.layers import Layer


@dataclass(frozen=True)
class HeatmapRequest:
    """Which heatmaps are made of every image: one per method, target and layer.

    Attributes:
        methods: names in ``METHODS``.
        targets: as ``heatmaps`` takes one.
        layers: as ``heatmaps`` takes one, several to be fused as a tuple.
        score: the score explained, where the model has it.
        seed: of the methods that draw noise.
        precision: ``full``, or ``fast`` for convolutions in bfloat16.
    """

    methods: tuple[str, ...] = ("grad-cam",)
    targets: tuple[Target, ...] = ("predicted",)
    layers: "tuple[Layer, ...]" = (None,)
    score: Score = "logit"
    seed: int = 0
    precision: Precision = "full"

    @classmethod
    def of(cls, heatmap: "Heatmap") -> "HeatmapRequest":
        """Return the request that asks for a heatmap again; the seed and the precision are the usual ones."""
        layer = None if heatmap.layer == "input" else tuple(heatmap.layer.split("+"))
        return cls((heatmap.method,), (heatmap.explained,), (layer,), score=heatmap.score_kind)

    @property
    def takes_layer(self) -> bool:
        """Whether any of the methods explains a layer."""
        return any(METHODS[method].takes_layer for method in self.methods)

    @property
    def needs_label(self) -> bool:
        """Whether any of the targets depends on the true class."""
        return any(map(needs_label, self.targets))

    def check(self, clf: "Classifier") -> None:
        """Check everything but the layers.

        Raises:
            ModelError: there is no such method, score, precision or class, or the model or this processor cannot do it.
        """
        for method in self.methods:
            check_method(method)
        if self.score not in SCORES:
            raise ModelError(
                Message("{score} is not a score: choose one of {choices}.", score=self.score, choices=", ".join(SCORES))
            )
        check_precision(self.precision)
        for method in self.methods:
            if reason := why_not(clf, method):
                raise ModelError(reason)
        for target in self.targets:
            if not needs_label(target):
                resolve_target(target, None, clf.class_names, clf.name)


def check_method(name: str) -> None:
    """Check that a heatmap method is known.

    Raises:
        ModelError: it is not.
    """
    if name not in METHODS:
        raise ModelError(
            Message(
                "{method} is not a heatmap method: choose one of {choices}.", method=name, choices=", ".join(METHODS)
            )
        )


def check_precision(name: str) -> None:
    """Check that a precision is known and can be had here.

    Raises:
        ModelError: it is not, or it cannot.
    """
    if name not in PRECISIONS:
        raise ModelError(
            Message("{name} is not a precision: choose one of {choices}.", name=name, choices=", ".join(PRECISIONS))
        )
    if name == "fast" and not has_bfloat16():
        raise ModelError(Message("This processor has no bfloat16 units, which precision fast needs: use full."))
