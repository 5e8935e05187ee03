"""What a classifier shows of itself in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carvis.display import facts, line, names, panel, shown
from carvis.language import _, localised

if TYPE_CHECKING:
    from carvis.classifier.classifier import Classifier


@shown
def classifier_html(clf: Classifier) -> str:
    """A table of what is bound to the model, and what had to be assumed; no image is computed."""
    n = len(clf.class_names)
    size = "x".join(map(str, (*clf.input_size, clf.channels)))
    # Fields that come with later cards.
    reading = ", ".join(str(getattr(clf, name)) for name in ("alpha", "orientation") if getattr(clf, name, None))
    values = {
        _("file"): clf.path.name if clf.path else None,
        _("classes"): f"{n:,}: {names(clf.class_names)}",
        _("input"): size,
        _("preprocessing"): ", ".join(filter(None, (clf.preprocessing, clf.resize, reading))),
        _("output"): getattr(clf, "output", None),
        _("parameters"): f"{clf.model.count_params():,}",
        _("layers"): f"{len(clf.model.layers):,}",
        _("layer explained by default"): getattr(clf, "default_layer", None) or clf.last_conv_layer or "–",
    }
    assumed = [line(f"⚠ {localised(sentence)}") for sentence in clf.assumptions]
    return panel(clf.name, facts(values), *assumed)
