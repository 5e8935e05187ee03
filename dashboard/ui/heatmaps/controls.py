"""The controls of page Heatmaps: the class explained, and how heatmaps are computed and drawn."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from carvis.explain.scale import SCALE_SENTENCES
from carvis.explain.score import score_note
from ui.heatmaps.selection import HeatmapSelection
from ui.state import current, selection, unreadable, workspace
from ui.state.i18n import N_, _, of_library, shown_as, translated
from ui.state.models import Opened
from ui.widgets import pickers
from ui.widgets.pickers import segments
from ui.widgets.text import plain

VIEW = {"overlay": N_("Overlay"), "map": N_("Heatmap only"), "both": N_("Both")}
SCALE = {"map": N_("Per heatmap"), "model": N_("Per model"), "density": N_("Density, shared by all")}
SCORE = {"logit": N_("Logit (before softmax)"), "probability": N_("Probability (as in the tutorial)")}
SCORE_NOTES = {
    "logit": N_("Score: logit."),
    "probability": N_("Score: probability."),
}


def explainable_classes(models: list[str]) -> list[str]:
    """List what can be explained: the predicted class, the true one, or any by its name."""
    names: dict[str, None] = {}
    with unreadable.item("data set", current.dataset_name()):
        if current.dataset_name():
            names |= dict.fromkeys(workspace.dataset(current.dataset_name()).class_names)
    for model in models:
        with unreadable.item("model", model):
            card = current.card_of(workspace.model_files()[model])
            names |= dict.fromkeys((card and card.class_names) or ())
    return ["predicted", "true", *(f"class:{name}" for name in names)]


def _in_words(values: list[str]) -> dict[str, str]:
    """Put the classes that can be explained into words, now: a ``format_func`` may be called outside the run."""
    special = {"predicted": _("the predicted class"), "true": _("the true class")}
    return {value: special.get(value, value.removeprefix("class:")) for value in values}


def choose_target(values: list[str]) -> tuple[HeatmapSelection, list[str]]:
    """Choose the class to explain.

    Args:
        values: as ``explainable_classes`` lists them.

    Returns:
        The selection without classes that are not here, and what cannot be done.
    """
    chosen, problems = selection.get(HeatmapSelection), []
    if chosen.explain not in values:
        sentence = _("There is no class {name}: the predicted class is explained instead.")
        problems.append(sentence.format(name=chosen.explain))
        chosen = replace(chosen, explain="predicted")
    if chosen.against and chosen.against not in values:
        problems.append(_("There is no class {name}: the contrast is ignored.").format(name=chosen.against))
        chosen = replace(chosen, against="")
    st.selectbox(
        _("Evidence for"),
        values,
        format_func=shown_as(_in_words(values)),
        width="stretch",
        **selection.control("explain", chosen.explain),
    )
    return chosen, problems


def settings(values: list[str], chosen: HeatmapSelection) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Offer how heatmaps are computed and drawn.

    Returns:
        The popover, and the place in it for the method: what needs opened models is put there.

    Args:
        values: as ``explainable_classes`` lists them.
    """
    window = st.popover(_("Settings"), icon=":material/tune:")
    colours = list(pickers.COLOURS)
    with window:
        method_slot = st.container()
        # A closed window's widgets come to life when it is opened: they need their start values in every run.
        st.selectbox(
            _("Rather than"),
            values,
            index=values.index(chosen.against) if chosen.against else None,
            placeholder=_("no other class"),
            format_func=shown_as(_in_words(values)),
            help=_("Evidence for one class over another: explains the difference of their scores."),
            **selection.control("against", chosen.against or None),
        )
        for field, label, texts in (
            ("view", _("Show"), VIEW),
            ("scale", _("Colour scale"), SCALE),
            ("score", _("Score"), SCORE),
        ):
            segments(field, label, texts, getattr(chosen, field), wrap=True)
        st.selectbox(
            _("Colours"),
            colours,
            colours.index(chosen.colours),
            format_func=shown_as(translated(pickers.COLOURS)),
            **selection.control("colours", chosen.colours),
        )
        st.slider(
            _("Opacity of the overlay"),
            0,
            100,
            chosen.strength,
            format="%d %%",
            disabled=chosen.colours == "tutorial",
            **selection.control("strength", chosen.strength),
        )
    return window, method_slot


def scale_note(chosen: HeatmapSelection) -> str:
    """Say which scale and score are on."""
    sentences = [of_library(SCALE_SENTENCES[chosen.scale]), _(SCORE_NOTES[chosen.score])]
    return " ".join([*sentences, _("Method: {name}.").format(name=chosen.method)])


def score_notes(opened: dict[str, Opened], chosen: HeatmapSelection) -> list[str]:
    """Say which models have not the chosen score, and what is explained instead."""
    notes = [score_note(model.clf, chosen.score) for model in opened.values() if model.classifier]
    return [plain(of_library(note)) for note in notes if note]


def remove(sample: str) -> None:
    """Take an image out of the selection."""
    selection.change(sample=tuple(other for other in selection.get(HeatmapSelection).sample if other != sample))
