"""What page Heatmaps explains of one image by one model."""

from typing import TYPE_CHECKING, Any

from carvis.errors import CarvisError
from ui.heatmaps.selection import HeatmapSelection
from ui.state.i18n import _, of_library
from ui.state.models import Opened
from ui.state.samples import Sample
from ui.widgets.heatmap import make_heatmap

if TYPE_CHECKING:
    from carvis.explain import Heatmap


def explain(model: Opened, sample: Sample, chosen: HeatmapSelection, layer: str | None) -> "Heatmap | str":
    """Return one image's heatmap by one model, or the sentence why there is none.

    Args:
        chosen: its ``explain`` and ``against`` are ``predicted``, ``true`` or ``class:<name>``.
    """
    if model.classifier is None:
        return of_library(model.error)
    targets: list[Any] = []
    for target in filter(None, (chosen.explain, chosen.against)):
        name = sample.label if target == "true" else target.removeprefix("class:")
        if target == "predicted":
            targets.append(target)
        elif name is None or name not in model.clf.class_names:
            return _no_class(name, model)
        else:
            targets.append(model.clf.class_names.index(name))
    clf = model.clf
    try:
        heatmap = make_heatmap(model, sample, targets, method=chosen.method, layer=layer, score=chosen.score)
    except CarvisError as error:
        return of_library(error)
    if heatmap.against == heatmap.target:
        return _("Both classes are {name}: choose another class to compare with.").format(
            name=clf.class_names[heatmap.target]
        )
    return heatmap


def _no_class(name: str | None, model: Opened) -> str:
    if name is None:
        return _("The label of this image is unknown: explain the predicted class, or choose a class.")
    return _("{model} has no class {name}: explain the predicted class, or choose one of its classes.").format(
        model=model.name, name=name
    )
