"""What a classifier shows of itself in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carvis.display import facts, html_unless_damaged, line, names, panel
from carvis.language import _, localised

if TYPE_CHECKING:
    from carvis.classifier.classifier import Classifier


@html_unless_damaged
def classifier_html(clf: Classifier) -> str:
    """A table of what is bound to the model, and what had to be assumed; no image is computed."""
    n = len(clf.class_names)
    size = _("any size x ") if clf.native_size else "{}x{}x".format(*clf.input_size)
    resize = _("by the model itself") if clf.native_size else clf.resize
    values = {
        _("file"): clf.path.name if clf.path else None,
        _("classes"): f"{n:,}: {names(clf.class_names)}",
        _("input"): f"{size}{clf.channels}",
        _("preprocessing"): f"{clf.preprocessing}, {resize}, {clf.reading}",
        _("output"): clf.output,
        _("parameters"): f"{clf.model.count_params():,}",
        _("layers"): f"{clf.totals().layers:,}",
        _("layer explained by default"): clf.default_layer or "–",
    }
    assumed = [line(f"⚠ {localised(sentence)}") for sentence in clf.assumptions]
    return panel(clf.name, facts(values), *assumed)
