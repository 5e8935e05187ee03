"""A model's stored validation predictions, and the temperature that they give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carvis.errors import CarvisError
from carvis.evaluation import Evaluation, join, load_evaluation
from carvis.evaluation.comparison import Temperature, average_probabilities, fit_temperature
from carvis.evaluation.comparison.temperature import fitted
from carvis.language import Message, message_of
from carvis.workspace import Workspace
from carvis.workspace.sample_ids import composed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carvis.classifier import Classifier

INDEPENDENT = ("independent", "independent-logit")


def validation_evaluation(clf: Classifier, workspace: Workspace) -> tuple[Evaluation | None, list[Message]]:
    """Find the model's stored evaluation of validation images, that of the data set it was trained on first.

    Returns:
        The evaluation, None where there is none, and notes on those that cannot be used.
    """
    own = clf.card.dataset if clf.card else None
    folders = [path for path in workspace.evaluations() if path.parts[-2:] == ("valid", clf.name)]
    notes: list[Message] = []
    for folder in sorted(folders, key=lambda path: path.parts[-3] != own):
        try:
            evaluation = load_evaluation(folder)
        except CarvisError as error:
            notes.append(Message("{reason}", reason=message_of(error)))
            continue
        if evaluation.setup["model"].get("fingerprint") == clf.fingerprint:
            return evaluation, []
        notes.append(
            Message(
                "{model} has changed since it was evaluated on the validation images of {data}: evaluate it again.",
                model=clf.name,
                data=evaluation.setup["dataset"]["name"],
            )
        )
    return None, notes


def model_temperature(clf: Classifier, evaluation: Evaluation | None) -> tuple[Temperature | None, list[Message]]:
    """Return the temperature that calibrates a model, None where there is none, and why.

    Args:
        evaluation: of the model on validation images, where there is one.
    """
    if clf.output in INDEPENDENT:
        words = Message("{model} judges each class by itself: its confidence is raw.", model=clf.name)
        return None, [words]
    if evaluation is None:
        words = Message(
            "{model}: the confidence is raw, since the model was not evaluated on validation images: evaluate it with "
            "--split valid.",
            model=clf.name,
        )
        return None, [words]
    temperature = fit_temperature(evaluation)
    if temperature.bounded:
        words = Message(
            "{model}: the confidence is raw, since no temperature fits its validation images.", model=clf.name
        )
        return None, [words]
    return temperature, []


def average_temperature(evaluations: Mapping[str, Evaluation | None]) -> Temperature | None:
    """Return the temperature that calibrates the average of several models; None where one was not evaluated.

    Args:
        evaluations: of each model on validation images.
    """
    known = {name: one for name, one in evaluations.items() if one is not None}
    if len(known) < len(evaluations):
        return None
    try:
        joined = join(known)
    except CarvisError:
        return None
    class_names = {name: one.class_names for name, one in known.items()}
    probabilities = average_probabilities({name: joined.probabilities(name) for name in joined.names}, class_names)
    names = [composed(name) for name in class_names[joined.names[0]]]
    labels = pd.Index(names).get_indexer(pd.Index(joined.table["label"].map(composed)))
    value, bounded = fitted(probabilities, np.asarray(labels))
    return None if bounded else Temperature(value, len(labels), False, "")
