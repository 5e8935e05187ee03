"""The form that saves a card for a model file without one."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from carvis.errors import CarvisError
from carvis.workspace import sha256_of_file
from ui.i18n import N_, _, translated
from ui.page import error
from ui.texts import plain

if TYPE_CHECKING:
    from ui.classifiers import Opened

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
    "area": N_("area"),
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


def preprocessing_words(name: str) -> str:
    return _(PREPROCESSING[name]) if name in PREPROCESSING else ""


def output_words(name: str) -> str:
    return _(OUTPUT[name]) if name in OUTPUT else ""


def size_words(clf) -> str:
    """Say the size of the images that go into a model: height × width × channels."""
    if clf.native_size:
        return _("any size × {channels}: the model resizes images itself").format(channels=clf.channels)
    height, width = clf.input_size
    return f"{height} × {width} × {clf.channels}"


def show(model: "Opened", path: Path) -> None:
    """Ask for what a model file does not tell, and save it as its card."""
    clf = model.classifier
    words = {name: f"{name}: {text}" for name, text in translated(PREPROCESSING).items()}
    with st.form(f"card_{model.name}", border=False):
        names = st.text_area(
            _("Class names, one a line, in the order of the model's answers"),
            "\n".join(clf.class_names),
            key=f"card_names_{model.name}",
            height=160,
        )
        left, right = st.columns(2)
        with left:
            preprocessing = st.selectbox(
                _("Preprocessing"),
                list(PREPROCESSING),
                index=list(PREPROCESSING).index(clf.preprocessing) if clf.preprocessing in PREPROCESSING else 0,
                format_func=words.get,
                key=f"card_preprocessing_{model.name}",
            )
        with right:
            resize = st.selectbox(
                _("Resize"),
                list(RESIZE),
                index=list(RESIZE).index(clf.resize) if clf.resize in RESIZE else 0,
                format_func=translated(RESIZE).get,
                key=f"card_resize_{model.name}",
            )
        left, right = st.columns(2)
        with left:
            output = st.selectbox(
                _("Output"),
                list(OUTPUT),
                index=list(OUTPUT).index(clf.output),
                format_func=translated(OUTPUT).get,
                help=_("What the numbers that the model gives mean."),
                key=f"card_output_{model.name}",
            )
        with right:
            size = st.text_input(
                _("Input size"),
                "" if clf.native_size else "{}x{}".format(*clf.input_size),
                placeholder=_("as they are"),
                disabled=not clf.open_size,
                help=_("One side, or height x width. It can be set where the model leaves it open."),
                key=f"card_size_{model.name}",
            )
        notes = st.text_input(_("Notes"), key=f"card_notes_{model.name}")
        if not st.form_submit_button(_("Save the card"), type="primary", icon=":material/save:"):
            return
    try:
        _save(model, path, names, preprocessing, resize, output, size, notes)
    except CarvisError as problem:
        error(problem)
    else:
        st.toast(_("The card of {model} is saved.").format(model=plain(model.name)), icon=":material/check_circle:")
        st.rerun()


def _save(
    model: "Opened", path: Path, names: str, preprocessing: str, resize: str, output: str, size: str, notes: str
) -> None:
    from carvis.classifier.card import ModelCard, read_size, write_card

    clf = model.classifier
    listed = [line.strip() for line in names.splitlines() if line.strip()]
    if len(listed) != len(clf.class_names) or len(set(listed)) != len(listed):
        raise CarvisError(
            _("The model has {n} answers, so it needs {n} different class names, one a line.").format(
                n=len(clf.class_names)
            )
        )
    card = ModelCard(
        class_names=listed,
        input_size=read_size(size) if clf.open_size else clf.input_size,
        channels=clf.channels,
        preprocessing=preprocessing,
        resize=resize,
        output=output,
        notes=notes.strip(),
        sha256=sha256_of_file(path),
    )
    write_card(path, card)
