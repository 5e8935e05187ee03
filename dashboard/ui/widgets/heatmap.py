"""One image's heatmap by one model, made once for all sessions and pages."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from ui.state.models import Opened, stamp_of
from ui.state.samples import Sample

if TYPE_CHECKING:
    from carvis.explain import Heatmap

_MAPS = 600


def make_heatmap(
    model: Opened,
    sample: Sample,
    targets: list[Any],
    *,
    method: str = "grad-cam",
    layer: str | None = None,
    score: str = "logit",
) -> "Heatmap":
    """Return one image's heatmap by one model that is open.

    Args:
        targets: what is explained, ``predicted`` or a class index; of two, the first rather than the second.

    Raises:
        CarvisError: the image cannot be read, or the model has no such heatmap.
    """
    clf = model.clf
    # The map carries the names too, which a saved card may change.
    names = (clf.name, *clf.class_names)
    settings = {"method": method, "layer": layer, "score": score}
    return _make(clf.fingerprint, names, stamp_of(sample), targets, settings, _model=model, _source=sample.source)


@st.cache_resource(max_entries=_MAPS, show_spinner=False)
def _make(
    fingerprint: str,
    names: tuple[str, ...],
    stamp: object,
    targets: list[Any],
    settings: dict,
    *,
    _model: Opened,
    _source: Path | bytes,
) -> "Heatmap":
    from carvis.explain import Contrast, heatmaps

    target = targets[0] if len(targets) == 1 else Contrast(*targets)
    clf = _model.clf
    with _model.lock:
        return next(iter(heatmaps(clf, [_source], target=target, **settings)))
