"""The controls of page Activations: the image and how channels are drawn, and the activations of each layer."""

from pathlib import Path

import numpy as np
import streamlit as st

from carvis.explain.units.channels import RANGE_SENTENCES
from ui.activations.selection import ActivationSelection
from ui.state import problems, selection
from ui.state.i18n import N_, _, of_library, shown_as, translated
from ui.state.models import Opened, stamp_of
from ui.state.samples import Sample
from ui.widgets.pickers import COLOURS, segments

ORDER = {"number": N_("By number"), "largest": N_("Largest first")}
RANGE = {"channel": N_("Per channel"), "layer": N_("Per layer")}
# All layers of a VGG16 at 256 pixels take 70 MB.
_CACHED = 4


def choose_sample(samples: list[Sample]) -> Sample:
    """Choose one image: the last of the selection, unless an upload was chosen in this session."""
    by_id = {sample.id: sample for sample in samples}
    key = "activations_picture"
    uploads = [sample.id for sample in samples if isinstance(sample.source, bytes)]
    new = set(uploads) - set(st.session_state.get("activations_uploads", ()))
    st.session_state["activations_uploads"] = tuple(uploads)
    if new:
        sample_id = next(name for name in uploads if name in new)
    else:
        previous = st.session_state.get(key)
        sample_id = previous if previous in uploads else samples[-1].id
    selection.show(key, sample_id)
    if len(samples) > 1:
        st.selectbox(
            _("Image"),
            list(by_id),
            format_func=shown_as({sample.id: sample.name for sample in samples}),
            key=key,
            on_change=selection.by_person(key, _take_sample),
            args=(key,),
        )
    return by_id[sample_id]


def _take_sample(key: str) -> None:
    """Move an image of the data set to the end of the selection, where a link finds it."""
    samples, chosen = selection.get(ActivationSelection).sample, st.session_state[key]
    if chosen in samples:
        selection.change(sample=(*(sample for sample in samples if sample != chosen), chosen))


def choose_look() -> ActivationSelection:
    """Offer the order of the channels, what shares a colour scale, and the colours."""
    chosen = selection.get(ActivationSelection)
    rows = (
        (("order", _("Order of channels"), ORDER), ("columns", _("Per row"), {"16": "16", "8": "8"})),
        (("range", _("Colour scale"), RANGE),),
    )
    for controls in rows:
        with st.container(horizontal=True, vertical_alignment="top", gap="medium"):
            for field, label, texts in controls:
                segments(field, label, texts, getattr(chosen, field), width="content")
            if controls is rows[-1]:
                st.selectbox(
                    _("Colours"),
                    list(COLOURS),
                    format_func=shown_as(translated(COLOURS)),
                    width=180,
                    **selection.control("colours", chosen.colours),
                )
    return chosen


def range_note(chosen: ActivationSelection) -> str:
    """Say what shares a colour scale."""
    return of_library(RANGE_SENTENCES[chosen.range])


def layer_activations(model: Opened, sample: Sample) -> dict[str, np.ndarray] | str:
    """Return the activations of each layer for an image, or the sentence why there are none.

    The arrays are shared between sessions and are not to be changed.
    """
    if model.classifier is None:
        return of_library(model.error)
    try:
        return _activations(model.clf.fingerprint, stamp_of(sample), _model=model, _source=sample.source)
    # Whatever TensorFlow says to one model, the others are shown.
    except Exception as problem:
        return problems.described(problem).sentence


@st.cache_resource(max_entries=_CACHED, show_spinner=False)
def _activations(fingerprint: str, stamp: object, *, _model: Opened, _source: Path | bytes) -> dict[str, np.ndarray]:
    from carvis.explain import activations

    clf = _model.clf
    with _model.lock:
        return activations(clf, _source, "completed")
