"""The form that saves a card for a model file without one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from carvis.classifier.card_options import CARD_OPTIONS
from carvis.workspace import content_hash, sha256_of_file
from ui.models import card_samples
from ui.state import selection
from ui.state.i18n import _, shown_as, translated
from ui.widgets.layout import error, guarded
from ui.widgets.text import plain

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from ui.state.models import Opened


def description(fact: str, name: str) -> str:
    """Return the sentence on a choice of the card; empty for an unknown one."""
    return _(CARD_OPTIONS[fact].get(name, ""))


def input_size(clf: "Classifier") -> str:
    """Return a model's input size: height × width × channels."""
    if clf.native_size:
        return _("any size × {channels}: the model resizes images itself").format(channels=clf.channels)
    height, width = clf.input_size
    return f"{height} × {width} × {clf.channels}"


def fill(name: str, facts: dict) -> None:
    """Fill values into the fields of a model's form, at the next run."""
    for fact, value in facts.items():
        if fact == "class_names":
            st.session_state[_key("names", name)] = "\n".join(value)
        elif fact in CARD_OPTIONS:
            st.session_state[selection.spoken(_key(fact, name))] = value


def show(model: "Opened", path: Path) -> None:
    """Show the form of a model's card with sample predictions, and save the card once it is confirmed."""
    from carvis.classifier.card import read_size

    clf = model.clf
    names = st.text_area(
        _("Class names, one per line, in the order of the model's outputs"),
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
    helps = {"output": _("What the model's output values mean.")}
    columns, facts = st.columns(2), {}
    for place, (fact, options) in enumerate(CARD_OPTIONS.items()):
        current, key = getattr(clf, fact), selection.spoken(_key(fact, model.name))
        initial: dict[str, Any] = {}
        if key not in st.session_state and current in options:
            initial["index"] = list(options).index(current)
        texts = translated(options)
        shown = {name: f"{name}: {text}" for name, text in texts.items()} if fact == "preprocessing" else texts
        with columns[place % 2]:
            facts[fact] = st.selectbox(
                labels[fact], list(options), format_func=shown_as(shown), key=key, help=helps.get(fact), **initial
            )
    with columns[1]:
        size = st.text_input(
            _("Input size"),
            placeholder=_("original size"),
            disabled=not clf.open_size,
            help=_("One side, or height x width; only for models without a fixed input size."),
            key=_key("size", model.name),
            **_start(_key("size", model.name), "" if clf.native_size else "{}x{}".format(*clf.input_size)),
        )
    saved_notes = (clf.card and clf.card.notes) or ""
    notes = st.text_input(_("Notes"), key=_key("notes", model.name), **_start(_key("notes", model.name), saved_notes))
    class_names = [line.strip() for line in names.splitlines() if line.strip()]
    if len(class_names) != len(clf.class_names) or len(set(class_names)) != len(class_names):
        sentence = _("The model has {n} outputs: enter {n} different class names, one per line.")
        error(sentence.format(n=len(clf.class_names)))
        return
    with guarded():
        facts["input_size"] = read_size(size) if clf.open_size else clf.input_size
        variant = clf.replace(class_names=class_names, **facts)
        has_samples = card_samples.show(variant, model.lock)
        # Assumed names must be confirmed; changing a name or a fact asks for confirmation again.
        confirmed = st.checkbox(
            _("I have compared the class names with the images: they are correct")
            if has_samples
            else _("I know that these class names are correct"),
            key=_key(f"confirmed_{content_hash(class_names, facts)}", model.name),
        )
        save_clicked = st.button(
            _("Save the card"),
            type="primary",
            icon=":material/save:",
            disabled=not confirmed,
            key=_key("save", model.name),
            help=None if confirmed else _("Confirm the class names first"),
        )
        if save_clicked and confirmed:
            _save(variant, path, facts, notes)
            saved = _("Saved the card of {model}.").format(model=plain(model.name))
            st.toast(saved, icon=":material/check_circle:")
            st.rerun()


def _key(field: str, name: str) -> str:
    return f"card_{field}_{name}"


def _start(key: str, value: str) -> dict:
    """Return a field's initial value, only where the session holds none: Streamlit accepts one of the two."""
    return {} if key in st.session_state else {"value": value}


def _save(clf: "Classifier", path: Path, facts: dict[str, str], notes: str) -> None:
    from carvis.classifier import update_card

    size = None if clf.native_size else list(clf.input_size)
    card = facts | {"class_names": clf.class_names, "input_size": size, "channels": clf.channels}
    update_card(path, card | {"notes": notes.strip()}, sha256_of_file(path))
