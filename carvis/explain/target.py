"""What is explained: one class, or one class rather than another."""

from collections.abc import Sequence
from dataclasses import dataclass

from carvis.errors import ModelError
from carvis.language import Message
from carvis.workspace.sample_ids import composed


@dataclass(frozen=True)
class Contrast:
    """Evidence for class ``i`` rather than for class ``j``: the score of i less gamma times the score of j.

    Args:
        i, j: ``predicted``, ``true``, a class index or a class name.
        gamma: 0 explains class i alone.
    """

    i: str | int
    j: str | int
    gamma: float = 1.0


Target = str | int | Contrast
PREDICTED = -1


@dataclass(frozen=True)
class ResolvedTarget:
    """A target as class indices, for one image; ``PREDICTED`` stands for the predicted class.

    Attributes:
        index, against: the class explained and the one it is contrasted with, the same one without a contrast.
        gamma: weight of the other class's score; 0 without a contrast.
    """

    index: int
    against: int
    gamma: float


def resolve_target(target: Target, label: str | int | None, class_names: Sequence[str], model: str) -> ResolvedTarget:
    """Resolve a target for an image whose true class is ``label``.

    Raises:
        ModelError: there is no such class, or the true class is needed and not known.
    """
    if isinstance(target, Contrast):
        index, against = (_index(part, label, class_names, model) for part in (target.i, target.j))
        return ResolvedTarget(index, against, float(target.gamma))
    index = _index(target, label, class_names, model)
    return ResolvedTarget(index, index, 0.0)


def needs_label(target: Target) -> bool:
    """Return whether a target depends on the true class."""
    return "true" in ((target.i, target.j) if isinstance(target, Contrast) else (target,))


def target_name(index: int, against: int, gamma: float, class_names: Sequence[str]) -> str:
    """Return the name of what is explained."""
    if gamma == 0:
        return class_names[index]
    factor = "" if gamma == 1 else f"{gamma:g} x "
    return f"{class_names[index]} rather than {factor}{class_names[against]}"


def _index(target: str | int, label: str | int | None, class_names: Sequence[str], model: str) -> int:
    if target == "predicted":
        return PREDICTED
    if target == "true":
        if label is None:
            raise ModelError(Message("The label is unknown: give labels, or explain the predicted class."))
        return _index(label, None, class_names, model)
    if isinstance(target, str):
        if target not in class_names:
            # File systems and models spell accented and Japanese letters either way.
            candidates = [i for i, name in enumerate(class_names) if composed(name) == composed(target)]
            if len(candidates) == 1:
                return candidates[0]
            raise ModelError(
                Message(
                    "{target} is not a class of {model}: choose one of {choices}.",
                    target=target,
                    model=model,
                    choices=", ".join(class_names),
                )
            )
        return class_names.index(target)
    if not 0 <= target < len(class_names):
        raise ModelError(
            Message(
                "{model} has no class {target}: its classes are 0 to {n}.",
                model=model,
                target=target,
                n=len(class_names) - 1,
            )
        )
    return int(target)
