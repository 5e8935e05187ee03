"""``Embeddings``: a vector for each image of a split, in the space in which a model's scores are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from carvis.language import Message

Source = Literal["score-input", "layer-mean"]
SOURCES: tuple[Source, ...] = get_args(Source)


@dataclass(frozen=True, eq=False)
class Embeddings:
    """The embeddings of the images of a split by one model.

    Attributes:
        ids: sample ids (N,), in the order of ``Dataset.samples``; images that cannot be read are ignored.
        labels: true classes (N,).
        vectors: float32 (N, d), rounded through float16; read-only and memory-mapped where they come from the cache.
        layer: the path of the layer whose input they are, or whose map is averaged over its places.
        source: ``score-input`` for the input of the last layer that makes the scores, ``layer-mean`` for the global
            mean of the default layer.
        model, fingerprint: the model's name, and ``Classifier.fingerprint``: its weights, preprocessing and resize.
        dataset, split: the data set's name and the canonical split.
        changed: ids of images that have no vector here since their files are others now than those evaluated.
    """

    ids: NDArray[np.str_]
    labels: NDArray[np.str_]
    vectors: NDArray[np.float32]
    layer: str
    source: Source
    model: str
    fingerprint: str
    dataset: str
    split: str
    changed: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.vectors.shape))
        return f"Embeddings({self.model!r} on {self.dataset!r} {self.split}, {shape}, {self.source} of {self.layer})"

    def without(self, changed: Sequence[str]) -> Embeddings:
        """Return them without the images whose files are others now."""
        if not changed:
            return self
        rows = np.flatnonzero(~np.isin(self.ids, changed))
        ids, labels, vectors = self.ids[rows], self.labels[rows], self.vectors[rows]
        return replace(self, ids=ids, labels=labels, vectors=vectors, changed=(*self.changed, *changed))

    @property
    def changed_note(self) -> Message | None:
        """One sentence on the images whose files are others now; None where there are none."""
        if not self.changed:
            return None
        return Message.of_number(
            "{n} image of {data} was replaced after {model} was evaluated on it and is ignored: evaluate the model "
            "again with --split {split}.",
            "{n} images of {data} were replaced after {model} was evaluated on them and are ignored: evaluate the "
            "model again with --split {split}.",
            len(self.changed),
            n=f"{len(self.changed):,}",
            data=self.dataset,
            model=self.model,
            split=self.split,
        )

    @property
    def words(self) -> Message:
        """One sentence on what they are."""
        if self.source == "score-input":
            return Message(
                "Embeddings of {model}: the {d} values that go into {layer}, which makes the scores.",
                model=self.model,
                d=self.vectors.shape[1],
                layer=self.layer,
            )
        return Message(
            "Embeddings of {model}: the mean of each of the {d} channels of {layer}.",
            model=self.model,
            d=self.vectors.shape[1],
            layer=self.layer,
        )
