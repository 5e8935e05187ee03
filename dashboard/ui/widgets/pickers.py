"""The controls of page Heatmaps: models, class explained, pictures, and how the maps are drawn."""

from dataclasses import replace
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from carvis.explain.methods import METHODS
from carvis.explain.scale import SCALE_SENTENCES
from carvis.images import IMAGE_SUFFIXES
from ui.misclassified.gallery import MOST_SELECTED
from ui.state import classifiers, current, data, selection
from ui.state.i18n import N_, _, of_library, translated
from ui.state.widget_values import careful
from ui.widgets import unreadable
from ui.widgets.layout import guarded
from ui.widgets.text import plain

VIEW = {"overlay": N_("Over the picture"), "map": N_("Map alone"), "both": N_("Both")}
COLOURS = {"viridis": "viridis", "cividis": "cividis", "magma": "magma", "tutorial": N_("tutorial look (JET)")}
SCALE = {"map": N_("Each map by itself"), "model": N_("Shared in each model"), "density": N_("Density, shared by all")}
SCORE = {"logit": N_("Logit (before softmax)"), "probability": N_("Probability (as in the tutorial)")}
SCORE_NOTES = {
    "logit": N_("Score: logit."),
    "probability": N_("Score: probability."),
}


def choose_models(names: list[str], shown: list[str]) -> None:
    """Offer the models of the workspace; those that cannot be opened are named on the page, and say why when chosen."""
    classifiers.openable({name: data.model_files()[name] for name in names})
    st.multiselect(
        _("Models"),
        names,
        placeholder=_("Choose models"),
        width="stretch",
        wrap=True,
        **selection.control("model", shown),
    )


def classes(models: list[str]) -> list[str]:
    """List what can be explained: the predicted class, the true one, or any by its name."""
    names: dict[str, None] = {}
    with unreadable.item("data set", current.dataset_name()):
        if current.dataset_name():
            names |= dict.fromkeys(data.dataset(current.dataset_name()).class_names)
    for model in models:
        with unreadable.item("model", model):
            card = current.card_of(data.model_files()[model])
            names |= dict.fromkeys(card.class_names if card else ())
    return ["predicted", "true", *(f"class:{name}" for name in names)]


def _in_words(values: list[str]) -> dict[str, str]:
    """Put the classes that can be explained into words, now: a ``format_func`` may be called outside the run."""
    special = {"predicted": _("the predicted class"), "true": _("the true class")}
    return {value: special.get(value, value.removeprefix("class:")) for value in values}


def choose_target(values: list[str]) -> tuple[selection.Selection, list[str]]:
    """Choose the class to explain.

    Args:
        values: as ``classes`` lists them.

    Returns:
        The selection without classes that are not here, and what cannot be done.
    """
    chosen, problems = selection.get(), []
    if chosen.explain not in values:
        words = _("There is no class {name} here; the predicted class is explained.")
        problems.append(words.format(name=chosen.explain))
        chosen = replace(chosen, explain="predicted")
    if chosen.against and chosen.against not in values:
        problems.append(_("There is no class {name} here; it is compared with none.").format(name=chosen.against))
        chosen = replace(chosen, against="")
    st.selectbox(
        _("Evidence for"),
        values,
        format_func=_in_words(values).get,
        width="stretch",
        **selection.control("explain", chosen.explain),
    )
    return chosen, problems


def add_pictures() -> list[data.Picture]:
    """Offer pictures of the data set and uploads, and return what was uploaded."""
    with st.popover(_("Add pictures"), icon=":material/add_photo_alternate:"):
        name, split = current.dataset_name(), current.split()
        if split:
            with guarded():
                samples = data.dataset(name).samples(split)
                label = st.selectbox(_("Class"), sorted(samples["label"].unique()), key="add_class")
                ids = samples.loc[samples["label"] == label, "id"].tolist()
                one = st.selectbox(
                    _("Picture"), ids, format_func=lambda sample: sample.rsplit("/", 1)[-1], key="add_sample"
                )
                st.button(
                    _("Add"),
                    icon=":material/add:",
                    key="add_picture",
                    on_click=careful(_add),
                    args=(name, split, one),
                    disabled=len(selection.get().sample) >= MOST_SELECTED,
                )
        uploads = st.file_uploader(
            _("Or upload pictures of your own"),
            type=[suffix.lstrip(".") for suffix in IMAGE_SUFFIXES],
            accept_multiple_files=True,
            key="uploads",
            help=_("They stay in this browser session and are not saved."),
        )
        if selection.get().sample:
            st.button(
                _("Remove all pictures"), key="remove_all", on_click=careful(partial(selection.change, sample=()))
            )
    return [data.Picture(f"upload {file.file_id}", file.name, file.getvalue()) for file in uploads[:MOST_SELECTED]]


def _add(name: str, split: str, sample: str) -> None:
    now = selection.get()
    kept = now.sample if now.data in ("", name) else ()
    selection.change(data=name, split=split, sample=tuple(dict.fromkeys((*kept, sample))))


def remove(sample: str) -> None:
    """Take an image out of the selection."""
    selection.change(sample=tuple(one for one in selection.get().sample if one != sample))


def pictures(uploads: list[data.Picture]) -> tuple[list[data.Picture], str]:
    """Return the pictures to explain, and a note where the page chose one by itself."""
    found = list(uploads)
    name = current.dataset_name()
    for sample in selection.get().sample[:MOST_SELECTED]:
        with guarded():
            found.append(data.picture(name, sample))
    if found or selection.get().sample or not current.split():
        return found, ""
    return _example(name)


def _example(name: str) -> tuple[list[data.Picture], str]:
    table = current.tables().get(current.table())
    try:
        # Where it cannot be read the first picture does as well.
        if table and table.is_evaluation and current.evaluation(table):
            for sample in data.misclassified(table)["id"].head(20):
                example = data.picture(name, sample)
                words = _("Nothing is selected yet: this is the most confident mistake of {model}.")
                return [example], words.format(model=plain(table.model))
        samples = data.dataset(name).samples(current.split())
        if len(samples):
            return [data.picture(name, samples["id"].iloc[0])], _("Nothing is selected yet: this is the first picture.")
    except Exception as problem:
        unreadable.add("data set", name, problem)
    return [], ""


def settings(values: list[str], chosen: selection.Selection) -> DeltaGenerator:
    """Offer how maps are made and drawn, and return the window for what only opened models can tell.

    Args:
        values: as ``classes`` lists them.
    """
    window = st.popover(_("Settings"), icon=":material/tune:")
    methods, colours = list(METHODS), list(COLOURS)
    with window:
        # A closed window's widgets come to life when it is opened: they need their start values in every run.
        st.selectbox(_("Method"), methods, methods.index(chosen.method), **selection.control("method", chosen.method))
        st.caption(of_library(METHODS[chosen.method].caption))
        st.selectbox(
            _("Rather than"),
            values,
            index=values.index(chosen.against) if chosen.against else None,
            placeholder=_("no other class"),
            format_func=_in_words(values).get,
            help=_("Show what speaks for one class rather than for another: the difference of their scores."),
            **selection.control("against", chosen.against or None),
        )
        for field, label, words in (
            ("view", _("Show"), VIEW),
            ("scale", _("Colour scale"), SCALE),
            ("score", _("Score"), SCORE),
        ):
            st.segmented_control(
                label,
                list(words),
                default=getattr(chosen, field),
                format_func=translated(words).get,
                required=True,
                wrap=True,
                **selection.control(field, getattr(chosen, field)),
            )
        st.selectbox(
            _("Colours"),
            colours,
            colours.index(chosen.colours),
            format_func=translated(COLOURS).get,
            **selection.control("colours", chosen.colours),
        )
        st.slider(
            _("Strength of the overlay"),
            0,
            100,
            chosen.strength,
            format="%d %%",
            disabled=chosen.colours == "tutorial",
            **selection.control("strength", chosen.strength),
        )
    return window


def scale_note(chosen: selection.Selection) -> str:
    """Say which scale and score are on."""
    sentences = [of_library(SCALE_SENTENCES[chosen.scale]), _(SCORE_NOTES[chosen.score])]
    return " ".join([*sentences, _("Method: {name}.").format(name=chosen.method)])


def without_logit(opened: dict[str, classifiers.Opened], chosen: selection.Selection) -> list[str]:
    """Say which models have no such score, and what is explained in its place."""
    words = _("{model} has no logit before a softmax, as it joins several probabilities: log-probability explained.")
    found = [model.classifier for model in opened.values() if model.classifier]
    return [words.format(model=plain(clf.name)) for clf in found if clf.score_kind(chosen.score) != chosen.score]
