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


ALPHA = {
    "drop-alpha": N_("alpha channel dropped, as Keras's load_img does"),
    "on-white": N_("transparent images on white"),
    "on-black": N_("transparent images on black"),
}
ORIENTATION = {
    "as-stored": N_("not turned by the EXIF orientation, as Keras's load_img reads"),
    "upright": N_("turned upright by the EXIF orientation"),
}


def reading_words(alpha: str, orientation: str) -> str:
    """Say how a model reads image files."""
    return "; ".join(_(words[name]) for words, name in ((ALPHA, alpha), (ORIENTATION, orientation)))


def preprocessing_words(name: str) -> str:
    return _(PREPROCESSING[name]) if name in PREPROCESSING else ""


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
        with left:
            alpha = st.selectbox(
                _("Transparency"),
                list(ALPHA),
                index=list(ALPHA).index(clf.alpha),
                format_func=translated(ALPHA).get,
                key=f"card_alpha_{model.name}",
            )
        with right:
            orientation = st.selectbox(
                _("Orientation"),
                list(ORIENTATION),
                index=list(ORIENTATION).index(clf.orientation),
                format_func=translated(ORIENTATION).get,
                key=f"card_orientation_{model.name}",
            )
        notes = st.text_input(_("Notes"), key=f"card_notes_{model.name}")
        if not st.form_submit_button(_("Save the card"), type="primary", icon=":material/save:"):
            return
    try:
        facts = {"preprocessing": preprocessing, "resize": resize, "alpha": alpha, "orientation": orientation}
        _save(model, path, names, facts, notes)
    except CarvisError as problem:
        error(problem)
    else:
        st.toast(_("The card of {model} is saved.").format(model=plain(model.name)), icon=":material/check_circle:")
        st.rerun()


def _save(model: "Opened", path: Path, names: str, facts: dict[str, str], notes: str) -> None:
    from carvis.classifier.card import ModelCard, write_card

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
        input_size=clf.input_size,
        channels=clf.channels,
        **facts,
        notes=notes.strip(),
        sha256=sha256_of_file(path),
    )
    write_card(path, card)
