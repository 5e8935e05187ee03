"""The form that saves a card for a model file without one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from carvis.workspace import content_hash, sha256_of_file
from ui.models import card_samples
from ui.state import selection
from ui.state.i18n import N_, _, shown_as, translated
from ui.widgets.layout import error, guarded
from ui.widgets.text import plain

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from ui.state.models import Opened

PREPROCESSING = {
    "unit": N_("pixel values divided by 255, from 0 to 1"),
    "caffe": N_("BGR with ImageNet's mean subtracted, as VGG16 and ResNet50 were trained"),
    "tf": N_("from -1 to 1, as MobileNet was trained"),
    "torch": N_("ImageNet's mean and deviation, as models from PyTorch were trained"),
    "none": N_("pixel values from 0 to 255; the model scales them itself"),
}
RESIZE = {
    "nearest": N_("nearest neighbour, as Keras's load_img does"),
    "bilinear": N_("bilinear, as tf.image.resize does"),
    "bicubic": N_("bicubic"),
    "area": N_("area averaging"),
}
OUTPUT = {
    "probability": N_("probabilities, used as they are"),
    "independent": N_("a probability for each class by itself, used as it is"),
    "share": N_("values of another sum than 1, divided by it"),
    "logit": N_("scores; softmax (sigmoid for one output) gives the probabilities"),
    "independent-logit": N_("a score for each class by itself; sigmoid gives the probabilities"),
    "log-probability": N_("logarithms of probabilities"),
    "signed": N_("scores from -1 to 1; (1 + x) / 2 gives the probabilities"),
}


ALPHA = {
    "drop-alpha": N_("alpha channel dropped, as Keras's load_img does"),
    "on-white": N_("transparent images on white"),
    "on-black": N_("transparent images on black"),
}
ORIENTATION = {
    "as-stored": N_("not turned by the EXIF orientation, as Keras's load_img reads"),
    "upright": N_("turned upright by the EXIF orientation"),
}


_CHOICES = {
    "preprocessing": PREPROCESSING,
    "resize": RESIZE,
    "alpha": ALPHA,
    "orientation": ORIENTATION,
    "output": OUTPUT,
}


def reading_words(alpha: str, orientation: str) -> str:
    """Say how a model reads image files."""
    return "; ".join(_(words[name]) for words, name in ((ALPHA, alpha), (ORIENTATION, orientation)))


def preprocessing_words(name: str) -> str:
    """Describe a preprocessing; empty where it is unknown."""
    return _(PREPROCESSING[name]) if name in PREPROCESSING else ""


def output_words(name: str) -> str:
    """Describe the meaning of a model's output; empty where it is unknown."""
    return _(OUTPUT[name]) if name in OUTPUT else ""


def size_words(clf: "Classifier") -> str:
    """Say the size of the images that go into a model: height × width × channels."""
    if clf.native_size:
        return _("any size × {channels}: the model resizes images itself").format(channels=clf.channels)
    height, width = clf.input_size
    return f"{height} × {width} × {clf.channels}"


def fill(name: str, facts: dict) -> None:
    """Put facts into the fields of a model's form, at the next run."""
    for fact, value in facts.items():
        if fact == "class_names":
            st.session_state[_key("names", name)] = "\n".join(value)
        elif fact in _CHOICES:
            st.session_state[selection.spoken(_key(fact, name))] = value


def show(model: "Opened", path: Path) -> None:
    """Ask for what a model file does not tell, show it on images, and save it as its card once it is confirmed."""
    from carvis.classifier.card import read_size

    clf = model.clf
    names = st.text_area(
        _("Class names, one a line, in the order of the model's answers"),
        key=_key("names", model.name),
        height=160,
        **_start(_key("names", model.name), "\n".join(clf.class_names)),
    )
    labels = {
        "preprocessing": _("Preprocessing"),
        "resize": _("Resize"),
        "alpha": _("Transparency"),
        "orientation": _("Orientation"),
        "output": _("Output"),
    }
    helps = {"output": _("What the numbers that the model gives mean.")}
    columns, facts = st.columns(2), {}
    for place, (fact, words) in enumerate(_CHOICES.items()):
        own, key = getattr(clf, fact), selection.spoken(_key(fact, model.name))
        start: dict[str, Any] = {} if key in st.session_state or own not in words else {"index": list(words).index(own)}
        texts = translated(words)
        shown = {name: f"{name}: {text}" for name, text in texts.items()} if fact == "preprocessing" else texts
        with columns[place % 2]:
            facts[fact] = st.selectbox(
                labels[fact], list(words), format_func=shown_as(shown), key=key, help=helps.get(fact), **start
            )
    with columns[1]:
        size = st.text_input(
            _("Input size"),
            placeholder=_("as they are"),
            disabled=not clf.open_size,
            help=_("One side, or height x width. It can be set where the model leaves it open."),
            key=_key("size", model.name),
            **_start(_key("size", model.name), "" if clf.native_size else "{}x{}".format(*clf.input_size)),
        )
    noted = (clf.card and clf.card.notes) or ""
    notes = st.text_input(_("Notes"), key=_key("notes", model.name), **_start(_key("notes", model.name), noted))
    listed = [line.strip() for line in names.splitlines() if line.strip()]
    if len(listed) != len(clf.class_names) or len(set(listed)) != len(listed):
        sentence = _("The model has {n} answers, so it needs {n} different class names, one a line.")
        error(sentence.format(n=len(clf.class_names)))
        return
    with guarded():
        facts["input_size"] = read_size(size) if clf.open_size else clf.input_size
        variant = clf.variant(class_names=listed, **facts)
        seen = card_samples.show(variant, model.lock)
        # A guess is no fact before somebody has compared it with images: other names ask anew.
        confirmed = st.checkbox(
            _("I have compared the names with the images: they are right")
            if seen
            else _("I know that these names are right"),
            key=_key(f"confirmed_{content_hash(listed, facts)}", model.name),
        )
        saves = st.button(
            _("Save the card"),
            type="primary",
            icon=":material/save:",
            disabled=not confirmed,
            key=_key("save", model.name),
            help=None if confirmed else _("Confirm the names first"),
        )
        if saves and confirmed:
            _save(variant, path, facts, notes)
            saved = _("The card of {model} is saved.").format(model=plain(model.name))
            st.toast(saved, icon=":material/check_circle:")
            st.rerun()


def _key(what: str, name: str) -> str:
    return f"card_{what}_{name}"


def _start(key: str, value: str) -> dict:
    """Give a field its first value only where the session holds none: Streamlit takes one of both."""
    return {} if key in st.session_state else {"value": value}


def _save(clf: "Classifier", path: Path, facts: dict[str, str], notes: str) -> None:
    from carvis.classifier import update_card

    size = None if clf.native_size else list(clf.input_size)
    card = facts | {"class_names": clf.class_names, "input_size": size, "channels": clf.channels}
    update_card(path, card | {"notes": notes.strip()}, sha256_of_file(path))
