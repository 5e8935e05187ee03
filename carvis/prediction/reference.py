"""What a model's predictions for new images are held against: its validation predictions and its training images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from carvis.dataset import Dataset
from carvis.errors import CarvisError, ModelError
from carvis.evaluation import Evaluation
from carvis.evaluation.comparison import Temperature
from carvis.feature_space import Embeddings, embeddings, stored_embeddings
from carvis.feature_space.distances import nearest
from carvis.language import Message
from carvis.prediction.novelty import FALSE_ALARMS, NEIGHBOURS, Novelty, NoveltyScore, neighbour_scores
from carvis.prediction.table import rate_words
from carvis.prediction.validation import model_temperature, validation_evaluation
from carvis.progress import Progress, advance, no_progress
from carvis.workspace import Cache, CacheFormat, Workspace, content_hash, load_cached, read_json, store_cached

if TYPE_CHECKING:
    from carvis.classifier import Classifier

# Validation images whose energy is computed: enough for a rate of 1 %, few enough to wait for.
CALIBRATION_IMAGES = 500
# Those whose distances are: a product of matrices.
_MOST_DISTANCES = 2_000
_VERSION = 1


@dataclass(frozen=True, eq=False)
class Reference:
    """What one model's predictions for new images are held against.

    Attributes:
        temperature: fitted on the model's stored validation predictions; None where there are none.
        training: the embeddings of the training images; None where they are not stored.
        novelty: the scores of validation images; None where there are none.
        dataset: the name of the data set that the training images belong to; empty where it is not known.
        computable: whether energies of validation images could be computed to tell what is novel, and are not kept.
        notes: what is missing, and what would provide it.
    """

    temperature: Temperature | None = None
    training: Embeddings | None = None
    novelty: Novelty | None = None
    dataset: str = ""
    computable: bool = False
    notes: tuple[Message, ...] = ()

    @property
    def wanted(self) -> NoveltyScore | Literal[""]:
        """What a pass through the model has to give beside probabilities."""
        if self.novelty is not None:
            return self.novelty.score
        return "training-distance" if self.training is not None else ""


def reference_of(
    clf: Classifier,
    workspace: Workspace,
    *,
    data: Dataset | None = None,
    rate: float = FALSE_ALARMS,
    by: NoveltyScore | None = None,
    compute: bool = True,
    progress: Progress | None = None,
) -> Reference:
    """Gather what a model's predictions are held against, from what ``evaluate`` stored.

    Where no embeddings of training and validation images are stored, the energies of up to 500 validation images are
    computed once and kept in the workspace's cache.

    Args:
        workspace: holds the evaluations and, where ``data`` is not given, the data set the model was trained on.
        data: the data set that the model was trained on; embeddings of its images that are missing are made and kept.
        rate: of false alarms.
        by: the score to judge by; by default the distance where embeddings are stored, else the energy.
        compute: whether to compute energies that are not kept yet.
        progress: called with (images done, images in all) while energies are computed.

    Raises:
        StoppedError: ``progress`` asked to stop.
    """
    if not 0 < rate < 1:
        raise CarvisError(Message("A rate of false alarms of {rate} is invalid: give one between 0 and 1.", rate=rate))
    evaluation, notes = validation_evaluation(clf, workspace)
    temperature, more = model_temperature(clf, evaluation)
    name = data.name if data else _dataset_name(clf, evaluation)
    training, novelty, replaced, others = _by_distance(clf, workspace, name, data, evaluation, rate, progress)
    computable = False
    if novelty is None or by == "energy":
        valid = data or _dataset(workspace, name)
        novelty, computable, words = _by_energy(clf, workspace, valid, evaluation, rate, compute, progress)
        others += [words] if words else []
    if novelty is not None and not np.isfinite(novelty.threshold):
        others = [
            Message(
                "{n} validation images are too few for a rate of false alarms of {rate}: {needed} are needed.",
                n=len(novelty.calibration),
                rate=rate_words(rate),
                needed=novelty.needed,
            )
        ]
    if by == "training-distance" and novelty is not None and novelty.score != by:
        novelty = None
    return Reference(temperature, training, novelty, name, computable, (*notes, *more, *replaced, *others))


def _dataset_name(clf: Classifier, evaluation: Evaluation | None) -> str:
    if evaluation is not None:
        return evaluation.setup["dataset"]["name"]
    return (clf.card.dataset if clf.card else None) or ""


def _dataset(workspace: Workspace, name: str) -> Dataset | None:
    for folder in workspace.datasets():
        if name and folder.name == name:
            try:
                return Dataset(folder)
            except CarvisError:
                return None
    return None


def _by_distance(
    clf: Classifier,
    workspace: Workspace,
    name: str,
    data: Dataset | None,
    evaluation: Evaluation | None,
    rate: float,
    progress: Progress | None,
) -> tuple[Embeddings | None, Novelty | None, list[Message], list[Message]]:
    """Hold new images against the training images, if the embeddings of those and of validation images are stored.

    Returns:
        The training images, what new ones are held against, which images were replaced, and what is missing.
    """
    training, valid = (
        # By content where the images are here: another folder may have the name of the data set that was evaluated.
        (_features(clf, workspace, data, split, progress) if data else None) or _stored(clf, workspace, name, split)
        for split in ("train", "valid")
    )
    replaced = [words for part in (training, valid) if part is not None and (words := part.changed_note)]
    missing = [split for split, stored in (("train", training), ("valid", valid)) if stored is None]
    if training is None or valid is None:
        splits = {
            "train": Message("training"),
            "valid": Message("validation"),
        }
        names = [splits[split] for split in missing]
        which = names[0] if len(names) == 1 else Message("{one} and {other}", one=names[0], other=names[1])
        note = Message(
            "{model}: no embeddings of its {which} images are stored, so new images are not compared with them: "
            "evaluate it with {options}.",
            model=clf.name,
            which=which,
            options=", ".join(f"--split {split}" for split in missing),
        )
        return training, None, replaced, [note]
    vectors = valid.vectors[_calibration_rows(valid.ids, evaluation, _MOST_DISTANCES)]
    _indices, distances = nearest(vectors, training.vectors, min(NEIGHBOURS, len(training.ids)))
    return training, Novelty("training-distance", neighbour_scores(distances), rate), replaced, []


def _features(
    clf: Classifier, workspace: Workspace, data: Dataset, split: str, progress: Progress | None
) -> Embeddings | None:
    """Return the embeddings of a split's images, computed where they are not kept; None where there are none."""
    if split not in data.splits or data.samples(split).empty:
        return None
    try:
        return embeddings(clf, data, split, workspace=workspace, progress=progress)
    except ModelError:
        return None


def _stored(clf: Classifier, workspace: Workspace, dataset: str, split: str) -> Embeddings | None:
    """Return the stored embeddings of a split's images by this very model."""
    stored = stored_embeddings(workspace, (dataset, split, clf.name)) if dataset else None
    return stored if stored is not None and len(stored) and stored.fingerprint == clf.fingerprint else None


def _calibration_rows(
    ids: Sequence[str] | NDArray[np.str_], evaluation: Evaluation | None, most: int
) -> NDArray[np.int_]:
    """Choose validation images, without those that are also in training: no new image is."""
    rows = np.arange(len(ids))
    if evaluation is not None and "copy_of" in evaluation.predictions:
        table = evaluation.predictions
        copies = set(table["id"][table["copy_of"].fillna("") != ""])
        clean = rows[[str(one) not in copies for one in ids]]
        rows = clean if len(clean) else rows
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def _by_energy(
    clf: Classifier,
    workspace: Workspace,
    data: Dataset | None,
    evaluation: Evaluation | None,
    rate: float,
    compute: bool,
    progress: Progress | None,
) -> tuple[Novelty | None, bool, Message | None]:
    """Hold new images against the energies of validation images, if those are there.

    Returns:
        What they are held against, whether that could be computed and is not, and why there is none.
    """
    from carvis.prediction.forward import has_energy

    if not has_energy(clf):
        words = Message("{model} has no logits of exclusive classes, so it has no energy score either.", model=clf.name)
        return None, False, words
    if data is None or "valid" not in data.splits or data.samples("valid").empty:
        words = Message("{model}: no validation images are here, so there is no energy score either.", model=clf.name)
        return None, False, words
    samples = data.samples("valid")
    chosen = samples.iloc[_calibration_rows(samples["id"].tolist(), evaluation, CALIBRATION_IMAGES)]
    key = content_hash("energies", clf.fingerprint, data.fingerprint, chosen["id"].tolist(), _VERSION)
    cache = Cache(workspace.cache_dir / "novelty", 50_000_000)
    energies = load_cached(cache, key, _FORMAT)
    if energies is None and not compute:
        return None, True, None
    if energies is None:
        energies = _energies(clf, chosen["path"].tolist(), progress or no_progress)
        store_cached(cache, key, _FORMAT, energies)
    words = Message("{model}: new images are held against validation images by their energy score.", model=clf.name)
    return Novelty("energy", np.asarray(energies, np.float64), rate), False, words


def _energies(clf: Classifier, paths: list[str], progress: Progress) -> list[float]:
    from carvis.prediction.forward import run
    from carvis.prediction.image_batches import ImageSource, image_batches

    found: list[float] = []
    sources = [ImageSource(path, Path(path)) for path in paths]
    done = 0
    for batch in image_batches({clf.name: clf}, sources):
        for one in batch:
            if one.reason is None:
                energies = run(clf, clf.preprocess(one.fitted[clf.name][0][None]), "energy").energies
                assert energies is not None
                found += energies[np.isfinite(energies)].tolist()
        done += len(batch)
        advance(progress, done, len(paths))
    return found


def _encode(values: list[float]) -> bytes:
    return json.dumps(values).encode()


def _decode(path: Path) -> list[float]:
    return read_json(path, list[float])


_FORMAT = CacheFormat(".json", _encode, _decode)
