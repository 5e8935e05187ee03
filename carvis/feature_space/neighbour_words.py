"""What the images nearest to an image say, in one sentence."""

from collections import Counter
from collections.abc import Sequence

from carvis.language import Message

_IMAGES = {
    "train": Message("training images"),
    "valid": Message("validation images"),
    "test": Message("test images"),
}


def neighbour_finding(
    labels: Sequence[str], model: str, split: str = "train", label_issues: Sequence[bool] | None = None
) -> Message:
    """Say which class most of the images nearest to an image have, and how many of those labels are issues.

    Args:
        labels: of the nearest images, nearest first; at least one. Of classes equally frequent, that of the nearest.
        model: the name of the model in whose features they are near.
        split: the canonical split that they are of.
        label_issues: whether each of them is a label issue; None where that is not known.
    """
    # A counter lists what is equally frequent in the order in which it was met.
    label, n = Counter(labels).most_common(1)[0]
    finding = Message.of_number(
        "{n} of the {total} {images} nearest to it for {model} is {label}",
        "{n} of the {total} {images} nearest to it for {model} are {label}",
        n,
        total=len(labels),
        images=_IMAGES[split],
        model=model,
        label=label,
    )
    if label_issues is None:
        return Message("{finding}.", finding=finding)
    n_issues = sum(issue for issue, of in zip(label_issues, labels, strict=True) if issue and of == label)
    if n == 1:
        words = Message("; it is a label issue") if n_issues else Message("; it is no label issue")
        return Message("{finding}{issues}.", finding=finding, issues=words)
    words = (
        Message.of_number("; {n} of them is a label issue", "; {n} of them are label issues", n_issues)
        if n_issues
        else Message("; none of them is a label issue")
    )
    return Message("{finding}{issues}.", finding=finding, issues=words)
