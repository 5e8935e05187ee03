"""The card of one new image: what each model predicts, whether it is like training, where the model looks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from carvis.language import replaced
from carvis.prediction import NOVELTY_WORDS, Prediction, Reference, novelty_finding
from ui.state import current
from ui.state.i18n import _, n_, of_library
from ui.state.models import Opened, stamp_of
from ui.state.samples import Sample
from ui.try_it.predictions import OfImage
from ui.try_it.selection import TryItSelection
from ui.widgets import error_message, neighbour_tiles, why
from ui.widgets.heatmap import make_heatmap
from ui.widgets.images import encoded, overlaid, shown_image
from ui.widgets.text import mark, percent, plain

_BADGES = {
    "novel": ("orange", ":material/new_releases:"),
    "typical": ("green", ":material/check:"),
    "unknown": ("gray", ":material/help:"),
}
# So many fit beside each other in a card.
_NEAREST, _NEAREST_WIDTH = 3, 64
_MOST_NAMED = 10


def draw(one: OfImage, opened: Mapping[str, Opened], known: Mapping[str, Reference], chosen: TryItSelection) -> None:
    """Draw the card of an image that could be read."""
    sample = one.sample
    image, stamp = shown_image(sample), stamp_of(sample)
    card = st.container(border=True)
    with card, st.grid(len(one.predictions) + 1, min_column_width=205, gap="medium") as grid:
        with grid.cell():
            st.image(encoded(image, stamp), width="stretch", alt=_("The image {name}").format(name=sample.name))
            st.caption(plain(sample.name))
            if sample.label:
                st.markdown(_("true: {label}").format(label=f"**{plain(sample.label)}**"))
        for prediction in one.predictions:
            with grid.cell():
                model = opened.get(prediction.model)
                _prediction(prediction, sample, model)
                if model is None:
                    continue
                _novelty(prediction)
                if prediction.nearest:
                    dataset = known[prediction.model].dataset
                    neighbour_tiles.draw(
                        prediction.nearest, prediction.model, dataset, most=_NEAREST, width=_NEAREST_WIDTH
                    )
                if chosen.maps == "show" and prediction.status == "ok":
                    _heatmap(model, sample, chosen)
    with card:
        why.offer(current.dataset_name(), sample, opened, sample.id)


def name_unreadable(images: Sequence[OfImage]) -> None:
    """Name the images that cannot be read, each with the reason."""
    for one in images[:_MOST_NAMED]:
        reason, source = one.predictions[0].reason, one.sample.source
        if isinstance(source, Path):
            # Without the folders of this machine.
            reason = replaced(reason, str(source), source.name)
        st.error(f"**{plain(one.sample.name)}**: {plain(of_library(reason))}", icon=":material/broken_image:")
    if (rest := len(images) - _MOST_NAMED) > 0:
        st.caption(n_("and {n} more", "and {n} more", rest).format(n=f"{rest:,}"))


def _prediction(prediction: Prediction, sample: Sample, model: Opened | None) -> None:
    name = plain(prediction.model) if model else _("Average of the models")
    if prediction.status != "ok":
        st.markdown(f"**{name}**")
        st.error(plain(of_library(prediction.reason)), icon=":material/error:")
        return
    known = model is not None and sample.label in model.clf.class_names
    right = mark(prediction.predicted == sample.label) if known else ""
    st.markdown(f"{name}  \n**{plain(prediction.predicted)}** {right}")
    kind = _("calibrated confidence {share}") if prediction.is_calibrated else _("raw confidence {share}")
    text = kind.format(share=percent(prediction.best_confidence))
    st.progress(min(max(prediction.best_confidence, 0.0), 1.0), text=text)
    others = [f"{plain(label)} {percent(share)}" for label, share in prediction.best_top[1:]]
    if others:
        st.caption(_("then {others}").format(others=" · ".join(others)))


def _novelty(prediction: Prediction) -> None:
    if prediction.status != "ok" or not prediction.novelty_by:
        return
    colour, icon = _BADGES[prediction.novelty]
    st.badge(of_library(NOVELTY_WORDS[prediction.novelty]), icon=icon, color=colour)
    if prediction.novelty == "novel":
        st.caption(plain(of_library(novelty_finding(prediction))))


def _heatmap(model: Opened, sample: Sample, chosen: TryItSelection) -> None:
    try:
        with st.skeleton(height=220):
            heatmap = make_heatmap(model, sample, ["predicted"], method=chosen.method)
    # Whatever TensorFlow says to one model and image, the rest of the page is shown.
    except Exception as problem:
        error_message.show(problem)
        return
    image, stamp = shown_image(sample), stamp_of(sample)
    alt = _("Heatmap of {model} for {target}").format(model=model.name, target=heatmap.target_name)
    st.image(overlaid(image, stamp, heatmap.normalised, chosen.strength, chosen.colours), width="stretch", alt=alt)
    if heatmap.status != "ok":
        st.caption(f":material/visibility_off: {plain(of_library(heatmap.message))}")
