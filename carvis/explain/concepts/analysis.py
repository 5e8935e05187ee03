"""``concepts``: what a model looks for in the images that it predicts as a class."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis import __version__
from carvis.dataset import Dataset, canonical_split
from carvis.errors import ModelError
from carvis.explain.concepts.crops import Box, best_crops, crop_boxes
from carvis.explain.concepts.factorisation import coefficients, encode, is_signed, reconstruction_error
from carvis.explain.concepts.image_choice import choose_images
from carvis.explain.concepts.measurement import Bank, measure
from carvis.explain.concepts.result import Concepts
from carvis.explain.concepts.settings import ConceptSettings
from carvis.explain.concepts.stability import stable_bank
from carvis.explain.concepts.storage import CONCEPTS_FORMAT, concepts_key, split_fingerprint
from carvis.explain.concepts.subject import ClassOrPair, Subject
from carvis.images import place_upright
from carvis.language import Message, as_data
from carvis.progress import Progress, advance, no_progress, partial_progress
from carvis.workspace import Cache, load_or_make

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.evaluation import Evaluation

DEFAULT = ConceptSettings()
# Crops of fewer images show what these images have, more than what the class has.
_FEW = 15
_BEST = 10
# Below it a concept is another one at another start.
STABLE = 0.8


def concepts(
    clf: Classifier,
    data: Dataset,
    class_or_pair: ClassOrPair = None,
    n: int = 10,
    seed: int = 0,
    settings: ConceptSettings = DEFAULT,
    *,
    split: str = "test",
    evaluation: Evaluation | None = None,
    cache: Cache | None = None,
    progress: Progress = no_progress,
) -> Concepts:
    """Find the concepts that a model looks for in the images that it predicts as a class (CRAFT).

    Crops of the images run through the model; the mean activations of a layer over each crop are factorised by NMF into
    concepts (Fel et al., "CRAFT", CVPR 2023). The importance of a concept is its total-order Sobol index for
    the score of the class; what it costs to remove it from the activations is measured beside. Of the paper's
    recursion into lower layers nothing is done: choose a lower layer instead.

    Args:
        clf: the model.
        data: the data set.
        class_or_pair: a class, name or index: the images predicted as it, and its score. A pair of classes, or a
            ``Contrast``: the images predicted as either, and the difference of their scores, so that concepts tell the
            first from the second. None: all images, and the score of the class predicted for each.
        n: how many concepts to look for.
        seed: of the images drawn, the factorisation and the Sobol sequence.
        settings: the rest.
        split: train, valid or test.
        evaluation: of this model on this split, whose predictions then need not be made again.
        cache: a result that is there is returned, and a new one stored.
        progress: called with (per cent done, 100).

    Raises:
        ModelError: no such class or layer, or a layer that only a part of the signal passes.
        DatasetError: no image is predicted as the class, or none can be read.
        StoppedError: ``progress`` asked to stop.
    """
    if not 2 <= n <= 200:
        raise ModelError(Message("{name} must lie between {least} and {most}.", name="n", least=2, most=200))
    layer = _layer(clf, settings.layer)
    # The default layer goes without its name, so that a result is found without opening the model.
    settings = replace(settings, layer=None if layer == clf.default_layer else layer)
    subject = Subject.of(class_or_pair, clf.class_names, clf.name)
    split = (canonical_split(split) or split) if data.folder(split) else split
    key = concepts_key(
        (clf.fingerprint, clf.class_names),
        (split_fingerprint(data, split), split),
        (subject.classes, subject.gamma),
        n,
        seed,
        settings,
    )
    search = _Search(clf, data, split, subject, n, seed, replace(settings, layer=layer), progress)
    found = load_or_make(cache, key, CONCEPTS_FORMAT, lambda: search.run(key, evaluation))
    return replace(found, clf=clf)


def _layer(clf: Classifier, layer: str | None) -> str:
    from carvis.explain.layers import named_layer

    path = named_layer(clf, layer)
    if path is None:
        raise ModelError(clf.layer_graph.why_no_default)
    return path


class _Search:
    """The search for the concepts of one class in one model."""

    def __init__(
        self,
        clf: Classifier,
        data: Dataset,
        split: str,
        subject: Subject,
        n: int,
        seed: int,
        settings: ConceptSettings,
        progress: Progress,
    ):
        self.clf, self.data, self.split, self.subject = clf, data, split, subject
        self.n, self.seed, self.settings = n, seed, settings
        self.layer = settings.layer or ""
        self.boxes = crop_boxes(settings.crop, settings.overlap)
        self.stages = {
            name: partial_progress(progress, *ends)
            for name, ends in {
                "predictions": (0, 15),
                "crops": (15, 70),
                "factorisation": (70, 80),
                "importance": (80, 100),
            }.items()
        }
        self.notes: list[Message] = []

    def run(self, key: str, evaluation: Evaluation | None) -> Concepts:
        from carvis.explain.keras.head import head_of

        # First, so that a wrong layer is reported before an image is read.
        head = head_of(self.clf, self.layer, self.settings.score)
        choice = choose_images(
            self.clf,
            self.data,
            self.split,
            self.subject,
            self.settings.max_images,
            self.seed,
            evaluation,
            self.stages["predictions"],
        )
        samples = choice.samples
        self.notes += choice.notes
        activations, images = self._crop_activations(samples)
        signed = is_signed(activations)
        encoded = encode(activations, signed)
        if not encoded.any():
            raise ModelError(
                Message(
                    "{layer} of {model} gives 0 for all crops, so there is nothing to factorise: choose another layer.",
                    layer=self.layer,
                    model=self.clf.name,
                )
            )
        stage = self.stages["factorisation"]
        restarts = self.settings.restarts
        bank, stable = stable_bank(
            encoded, self.n, self.seed, restarts, lambda done: advance(stage, done, restarts + 1)
        )
        found = coefficients(encoded, bank)
        self._note(len(samples), len(bank), signed, encoded, stable)
        measured = measure(
            self.clf,
            head,
            samples,
            Bank(bank, self.layer, signed),
            self.subject,
            self.settings,
            self.seed,
            self.stages["importance"],
        )
        order = np.argsort(-measured.indices.mean(axis=0), kind="stable")
        return Concepts(
            bank=bank[order],
            crops=self._crops(samples, found[:, order], images),
            images=measured.images,
            indices=measured.indices[:, order],
            falls=measured.falls[:, order],
            changed=measured.changed[:, order],
            right=measured.right[:, order],
            image_maps=tuple(np.ascontiguousarray(grid[..., order]) for grid in measured.maps),
            reconstruction_error=reconstruction_error(encoded, found, bank),
            position_error=measured.position_error,
            stability=stable[order],
            names=("",) * len(bank),
            setup=self._setup(key, signed, len(activations)),
        )

    def _crop_activations(self, samples: pd.DataFrame) -> tuple[NDArray[np.float32], NDArray[np.int_]]:
        """Return the activations of all crops, (m, C), and the place of each one's image in the samples, (m,)."""
        from carvis.explain.concepts.forward import crop_activations

        parts = []
        for place, path in enumerate(samples["path"]):
            advance(self.stages["crops"], place, len(samples))
            parts.append(crop_activations(self.clf, path, self.boxes, self.layer))
        return np.concatenate(parts), np.repeat(np.arange(len(samples)), len(self.boxes))

    def _note(
        self, n_images: int, k: int, signed: bool, encoded: NDArray[np.floating], stable: NDArray[np.floating]
    ) -> None:
        if n_images < _FEW:
            self.notes.append(
                Message.of_number(
                    "Only {n} image: its concepts may be what this image shows, not what the class has.",
                    "Only {n} images: their concepts may be what these images show, not what the class has.",
                    n_images,
                )
            )
        if k < self.n:
            self.notes.append(
                Message("Only {k} of {n} concepts were found: the crops' activations hold no more.", k=k, n=self.n)
            )
        if signed:
            half = encoded.shape[1] // 2
            share = float((encoded[:, half:] > 0).mean())
            self.notes.append(
                Message(
                    "{layer} gives negative values ({share} of the crops' mean activations): its positive and negative "
                    "parts are factorised as channels of their own.",
                    layer=self.layer,
                    share=f"{share:.0%}",
                )
            )
        if n := int((stable < STABLE).sum()):
            self.notes.append(
                Message.of_number(
                    "{n} concept is unstable: other starts of the factorisation give another one in its place.",
                    "{n} concepts are unstable: other starts of the factorisation give others in their place.",
                    n,
                )
            )

    def _crops(self, samples: pd.DataFrame, found: NDArray[np.float32], images: NDArray[np.int_]) -> pd.DataFrame:
        from carvis.explain.input_frame import turn_for

        rows: list[dict[str, Any]] = []
        ids, paths = samples["id"].tolist(), samples["path"].tolist()
        for concept, best in enumerate(best_crops(found, images, _BEST)):
            for rank, crop in enumerate(best.tolist(), 1):
                place = int(images[crop])
                box = _upright_box(self.boxes[crop % len(self.boxes)], turn_for(self.clf, paths[place]))
                rows.append(
                    {"concept": concept, "rank": rank, "id": ids[place], "value": float(found[crop, concept])}
                    | dict(zip(("left", "top", "right", "bottom"), box, strict=True))
                )
        return pd.DataFrame(rows, columns=["concept", "rank", "id", "value", "left", "top", "right", "bottom"])

    def _setup(self, key: str, signed: bool, n_crops: int) -> dict[str, Any]:
        settings = {name: value for name, value in self.settings.as_dict().items() if name != "layer"}
        return settings | {
            "key": key,
            "model": self.clf.name,
            "fingerprint": self.clf.fingerprint,
            "class_names": list(self.clf.class_names),
            "data": self.data.name,
            "data_fingerprint": self.data.fingerprint,
            "split": self.split,
            "subject": self.subject.named(self.clf.class_names),
            "classes": list(self.subject.classes),
            "gamma": float(self.subject.gamma),
            "layer": self.layer,
            "signed": signed,
            "n": self.n,
            "seed": self.seed,
            "crops": n_crops,
            "notes": [as_data(note) for note in self.notes],
            "version": __version__,
        }


def _upright_box(box: Box, turn: int) -> Box:
    corners = [place_upright(box[0], box[1], turn), place_upright(box[2], box[3], turn)]
    (left, right), (top, bottom) = (sorted(values) for values in zip(*corners, strict=True))
    return left, top, right, bottom
