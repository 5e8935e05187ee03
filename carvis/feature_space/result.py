"""``Embeddings``: a vector for each image of a split, in the space in which a model's scores are made."""

from dataclasses import dataclass
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

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.vectors.shape))
        return f"Embeddings({self.model!r} on {self.dataset!r} {self.split}, {shape}, {self.source} of {self.layer})"

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
