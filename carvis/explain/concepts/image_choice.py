"""Which images the concepts of a class are found in: those that the model takes for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from carvis.dataset import Dataset, Unreadable
from carvis.errors import DatasetError
from carvis.explain.concepts.subject import Subject
from carvis.language import Message
from carvis.progress import Progress
from carvis.workspace import sha256_of_file
from carvis.workspace.sample_ids import composed

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.evaluation import Evaluation


class ImageChoice(NamedTuple):
    """The chosen images, as ``Dataset.samples`` with the index of the predicted class, and what to know of them."""

    samples: pd.DataFrame
    notes: list[Message]


def choose_images(
    clf: Classifier,
    data: Dataset,
    split: str,
    subject: Subject,
    most: int,
    seed: int,
    evaluation: Evaluation | None,
    progress: Progress,
) -> ImageChoice:
    """Choose the images of a split that are predicted as a class, up to ``most`` of them, in the order of their ids.

    Args:
        evaluation: whose predictions are used where they are of this model and these images.

    Raises:
        DatasetError: there is none.
        StoppedError: ``progress`` asked to stop.
    """
    # As the model spells them: file systems write accented letters either way.
    spelling = {composed(name): name for name in clf.class_names}
    samples = data.samples(split)
    samples = samples.assign(label=samples["label"].map(lambda label: spelling.get(composed(label), label)))
    if samples.empty:
        folder = data.folder(split)
        raise DatasetError(Message("{folder} has no images: put some into its class folders.", folder=folder))
    notes: list[Message] = []
    known = _known(clf, split, samples, subject, evaluation)
    if known is None:
        from carvis.explain.concepts.forward import predicted_classes

        unreadable = Unreadable()
        places, classes = predicted_classes(clf, samples["path"].tolist(), unreadable, progress)
        known = samples.iloc[places].assign(predicted=classes)
        if n := len(unreadable.reasons):
            notes.append(
                Message.of_number(
                    "{n} image cannot be read and is skipped.", "{n} images cannot be read and are skipped.", n
                )
            )
    chosen = known[subject.includes(known["predicted"].to_numpy())]
    if chosen.empty:
        raise DatasetError(
            Message(
                "{model} predicts no image of {data} ({split}) as {name}: choose another class or split.",
                model=clf.name,
                data=data.name,
                split=split,
                name=subject.named(clf.class_names) or "–",
            )
        )
    if len(chosen) > most:
        notes.append(Message("{n} of {all} images were drawn at random.", n=most, all=len(chosen)))
        chosen = chosen.iloc[np.sort(np.random.default_rng(seed).permutation(len(chosen))[:most])]
    return ImageChoice(chosen, notes)


def _known(
    clf: Classifier, split: str, samples: pd.DataFrame, subject: Subject, evaluation: Evaluation | None
) -> pd.DataFrame | None:
    """Return the images of a class by the predictions of an evaluation, None where it is of something else."""
    if evaluation is None or evaluation.setup["model"].get("fingerprint") != clf.fingerprint:
        return None
    index = {name: place for place, name in enumerate(clf.class_names)}
    rows = evaluation.predictions.set_index("id")
    unreadable = {entry["id"] for entry in evaluation.metrics.get("unreadable", ())}
    known = samples[~samples["id"].isin(unreadable)]
    # Images may have been added since: without them the result would be another one than without the evaluation.
    if evaluation.split != split or known.empty or "sha256" not in rows or not known["id"].isin(rows.index).all():
        return None
    known = known.assign(predicted=rows["predicted"].map(index).loc[known["id"]].to_numpy(int))
    known = known[subject.includes(known["predicted"].to_numpy())]
    # The images may have changed since.
    hashes = rows["sha256"].loc[known["id"]].tolist()
    same = all(sha256_of_file(path) == content for path, content in zip(known["path"], hashes, strict=True))
    return known if same else None
