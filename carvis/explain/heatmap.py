"""``Heatmap``: where one model sees evidence for one class in one image, and what was explained how."""

import io
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from carvis.errors import TableError
from carvis.explain.file_schemas import HeatmapFacts
from carvis.explain.score import Score
from carvis.explain.status import STATUS_MESSAGES, Status
from carvis.explain.target import Contrast
from carvis.images import overlay, turned_as_stored
from carvis.language import Message, as_data
from carvis.workspace import (
    Unusable,
    atomic_write,
    check_json,
    json_text,
    not_empty,
    open_arrays,
    parse_json,
)

_MAX_BYTES = 1_000_000_000


@dataclass(frozen=True, eq=False)
class Heatmap:
    """Where one model sees evidence for one class in one image.

    Attributes:
        raw: float32 (h, w), signed, at the layer's own resolution; of a layer that sees the image mirrored or turned as
            the image is, of one that sees a part of it on a grid that covers all of it.
        status: ``ok``, or the first that holds of ``non-finite``, ``zero-gradient`` (``saturated`` where the
            score is such a probability), ``all-negative``, ``constant``.
        target: index of the class explained; ``target_name`` is its name.
        against, gamma: the other class of a contrast and its weight; None and 0 without a contrast.
        predicted: index of the predicted class.
        score: value of the score explained; ``score_kind`` is ``logit``, ``probability`` or ``log-probability``.
        probabilities: float32 (n_classes,), the model's prediction, in the order of ``class_names``.
        layer: layer path; of a fused map the paths joined by ``+``, of a method that takes no layer ``input``.
        method, model_name, fingerprint, preprocessing, source: what made the map, and from which file.
        alpha, orientation: how the model reads image files, as ``carvis.images.Reading``.
        turn: the EXIF orientation by which the map was turned to lie on the upright image, where the model reads the
            file as it is stored; 1 where it was not turned.
        precision: ``full``, or ``fast`` where convolutions ran in bfloat16.
        notes: what has to be known of the heatmap beside its status, a sentence each.
    """

    raw: np.ndarray
    status: Status
    target: int
    target_name: str
    predicted: int
    predicted_name: str
    score: float
    score_kind: Score
    probabilities: np.ndarray
    class_names: tuple[str, ...]
    layer: str
    method: str
    model_name: str
    fingerprint: str
    preprocessing: str
    source: str | None = None
    against: int | None = None
    gamma: float = 0.0
    precision: str = "full"
    alpha: str = "on-white"
    orientation: str = "upright"
    turn: int = 1
    notes: tuple[str, ...] = ()

    @property
    def input_words(self) -> str:
        """How the image was preprocessed: ``unit, on-white, upright``."""
        return f"{self.preprocessing}, {self.alpha}, {self.orientation}"

    def as_seen(self) -> "Heatmap":
        """Return the map as it lies on the image that the model takes, which may not be upright."""
        return self if self.turn == 1 else replace(self, raw=turned_as_stored(self.raw, self.turn), turn=1)

    def _repr_html_(self) -> str | None:
        from carvis.explain.display import heatmap_html

        return heatmap_html(self)

    @property
    def message(self) -> Message:
        """What the status means, with the remedy."""
        return STATUS_MESSAGES[self.status]

    @property
    def explained(self) -> int | Contrast:
        """What was explained, as ``heatmaps`` takes it: a class index or a contrast."""
        return self.target if self.against is None else Contrast(self.target, self.against, self.gamma)

    @property
    def confidence(self) -> float:
        """The probability of the predicted class."""
        return float(self.probabilities[self.predicted])

    def is_right(self, true_label: str | None) -> bool | None:
        """Return whether the prediction is the true class; None where the label or the class is unknown."""
        return self.predicted_name == true_label if true_label in self.class_names else None

    @cached_property
    def positive(self) -> np.ndarray:
        """The evidence for the class: float32 (h, w), the raw map after ReLU, all zero unless the status is ``ok``."""
        return np.maximum(self.raw, 0) if self.status == "ok" else np.zeros_like(self.raw)

    @cached_property
    def normalised(self) -> np.ndarray:
        """The evidence divided by its maximum: float32 (h, w) in [0, 1]."""
        top = self.positive.max()
        return self.positive / top if top > 0 else self.positive

    @cached_property
    def density(self) -> np.ndarray:
        """The evidence divided by its mean: float32 (h, w) with mean 1, comparable between models."""
        mean = self.positive.mean()
        return self.positive / mean if mean > 0 else self.positive

    def overlay(self, rgb: np.ndarray, alpha: float = 0.4, colormap: str = "viridis") -> np.ndarray:
        """Lay the normalised map over its image: uint8 (H, W, 3).

        Args:
            rgb: uint8 (H, W, 3) or (H, W, 1), of any size.
            alpha: weight of the colour in [0, 1].
            colormap: a matplotlib name, or ``tutorial`` for image + 0.4 JET.
        """
        return overlay(rgb, self.normalised, alpha, colormap)

    def save(self, path: str | Path) -> Path:
        """Write the raw map and everything about it as ``.npz``."""
        facts = {key: value for key, value in asdict(self).items() if key not in ("raw", "probabilities")}
        facts["notes"] = [as_data(note) for note in self.notes]
        buffer = io.BytesIO()
        np.savez(buffer, raw=self.raw, probabilities=self.probabilities, facts=json_text(facts))
        return atomic_write(not_empty(path, Message("the file")).with_suffix(".npz"), buffer.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> "Heatmap":
        """Read a map written by ``save``.

        Raises:
            TableError: the file is missing, damaged or something else.
        """
        remedy = Message("write it again with Heatmap.save")
        with open_arrays(path, max_bytes=_MAX_BYTES, remedy=remedy, error=TableError) as file:
            facts = parse_json(file.text("facts"), path, nan=True, remedy=remedy, error=TableError)
            facts = check_json(facts, HeatmapFacts, path, remedy=remedy, error=TableError)
            n = len(facts["class_names"])
            raw, probabilities = file.read("raw", "f", (None, None)), file.read("probabilities", "f", (n,))
            if not raw.size or max(facts["target"], facts["predicted"], facts.get("against") or 0) >= n:
                raise Unusable(Message("it is damaged, or no file of arrays"))
        facts["score"] = np.nan if facts["score"] is None else facts["score"]
        facts |= {"class_names": tuple(facts["class_names"]), "notes": tuple(facts.get("notes", ()))}
        return cls(raw=raw, probabilities=probabilities, **facts)
