"""Which heatmap methods a model can have, and why not the others."""

from typing import TYPE_CHECKING

from carvis.explain.methods import METHODS
from carvis.language import Message

if TYPE_CHECKING:
    from carvis.classifier import Classifier


def why_not(clf: "Classifier", name: str) -> Message | None:
    """Say why a model cannot be explained by a method; None where it can, given a layer where the method takes one."""
    family = METHODS[name].family
    if family == "gradient" and not clf.passes_floats:
        at_input = sorted(name for name, method in METHODS.items() if method.family == "gradient")
        return Message(
            "{name} takes integer input and computes differently on floats, so it has no gradient at "
            "its input: choose a method other than {methods}.",
            name=clf.name,
            methods=", ".join(at_input),
        )
    if family == "attention":
        # TensorFlow is loaded where a model is.
        from carvis.explain.keras.attention_weights import why_no_attention

        return why_no_attention(clf)
    return None
