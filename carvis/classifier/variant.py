"""A classifier under other facts that shares its Keras model."""

import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from carvis.classifier.classifier import Classifier


def variant_of(clf: "Classifier", changes: dict) -> "Classifier":
    """Return a classifier that differs in some arguments; what is given is no longer assumed."""
    names = [name for name in inspect.signature(type(clf)).parameters if name != "model"]
    facts = {name: getattr(clf, name) for name in names if hasattr(clf, name)}
    if unknown := set(changes) - set(facts):
        raise TypeError(f"variant() takes no {', '.join(sorted(unknown))}")
    made = type(clf)(clf.model, **facts | {"assumed": clf.assumed - set(changes)} | changes)
    # What the model makes of a batch does not depend on the facts: its traced function serves all variants.
    if made.input_size == clf.input_size and not clf.native_size:
        made.__dict__["_forward"] = clf._forward
    return made
