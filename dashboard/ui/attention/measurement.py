"""Attention on parts, measured on request and kept: on disk by content, and opened without loading any model."""

import contextlib
from collections import OrderedDict
from pathlib import Path

import streamlit as st
from typing_extensions import TypedDict

from carvis.dataset import Dataset
from carvis.dataset.parts import Parts
from carvis.errors import CarvisError
from carvis.explain.attention import Attention, AttentionSettings, attention_key, attention_on_parts, load_attention
from carvis.workspace import Cache, content_hash, json_text, read_json
from carvis.workspace.json_schema import Texts
from ui.state import classifiers, data, selection
from ui.state.i18n import _
from ui.state.widget_values import careful
from ui.widgets import error_message
from ui.widgets.layout import error
from ui.widgets.text import plain

_MEASURING, _IDENTITIES, _MOST_OPEN = "attention_measuring", "attention_identities", 24


class _Identity(TypedDict):
    fingerprint: str
    class_names: Texts


def attention_settings(chosen: selection.Selection) -> AttentionSettings:
    """Return how every model is measured."""
    return AttentionSettings(
        method=chosen.method,
        target="true" if chosen.explain == "true" else "predicted",
        score=chosen.score,
        occlude=chosen.cover == "yes",
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _cache(folder: Path) -> Cache:
    return Cache(folder / "attention")


def _here() -> Cache:
    return _cache(data.workspace().cache_dir)


@st.cache_resource(show_spinner=False)
def _opened() -> OrderedDict:
    """Results in memory, shared by all sessions, so that their summaries are worked out once."""
    return OrderedDict()


def _identity(name: str) -> tuple[str, list[str]] | None:
    """Return a model's fingerprint and class names without opening it, None where it was never opened here."""
    if known := st.session_state.get(_IDENTITIES, {}).get(classifiers.file_key(name)):
        return known
    file = _here().get(classifiers.file_key(name), ".json")
    if file is None:
        return None
    # A damaged file in the cache is made anew.
    with contextlib.suppress(CarvisError):
        facts = read_json(file, _Identity)
        return facts["fingerprint"], facts["class_names"]
    return None


def result(name: str, pictures: Dataset, split: str, parts: Parts, settings: AttentionSettings) -> Attention | None:
    """Return one model's result where it was measured before."""
    try:
        identity = _identity(name)
    except OSError:
        return None
    if identity is None:
        return None
    key = attention_key(identity, (pictures.fingerprint, split), parts.fingerprint, settings)
    shelf = _opened()
    if key not in shelf:
        found = load_attention(_here(), key)
        if found is None:
            return None
        shelf[key] = found
        while len(shelf) > _MOST_OPEN:
            shelf.popitem(last=False)
    return shelf[key]


def offer(missing: list[str], pictures: Dataset, split: str, parts: Parts, settings: AttentionSettings) -> bool:
    """Offer to measure the models that were not measured yet, with progress and a way to stop.

    Returns:
        Whether something was measured, so that the page is to be drawn anew.
    """
    if not missing:
        return False
    names = ", ".join(plain(name) for name in missing)
    slot = st.container(border=True)
    with slot:
        # What was asked, so that another question or a later visit does not go on by itself.
        wanted = content_hash(missing, split, parts.fingerprint, settings.as_dict())
        if st.session_state.get(_MEASURING) != wanted:
            st.markdown(_("Not measured yet with these settings: {names}.").format(names=names))
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    _("Measure"),
                    icon=":material/play_arrow:",
                    type="primary",
                    key="attention_go",
                    on_click=careful(_begin),
                    args=(wanted,),
                )
                st.caption(_work(len(missing), len(parts), len(parts.names), settings.occlude))
            return False
        st.button(_("Stop"), icon=":material/stop:", key="attention_stop", on_click=careful(_end))
        done = False
        for name in missing:
            done |= _measure(name, pictures, split, parts, settings)
    _end()
    return done


def _begin(wanted: str) -> None:
    st.session_state[_MEASURING] = wanted


def _end() -> None:
    st.session_state.pop(_MEASURING, None)


def _work(models: int, pictures: int, parts: int, occlude: bool) -> str:
    passes = models * pictures * (1 + 2 * parts if occlude else 1)
    return _("{n} forward passes; results are kept.").format(n=f"{passes:,}")


def _measure(name: str, pictures: Dataset, split: str, parts: Parts, settings: AttentionSettings) -> bool:
    bar = st.progress(0.0, text=_("Opening {model} …").format(model=plain(name)))
    model = classifiers.open_model(name)
    if model.classifier is None:
        bar.empty()
        error(model.error)
        return False
    clf = model.classifier

    def progress(done: float, total: float) -> None:
        # Drawing the bar is also where a click on Stop ends the run.
        words = _("{model}: {done} of {total} images").format(
            model=plain(name), done=f"{done:,.0f}", total=f"{total:,.0f}"
        )
        bar.progress(done / max(total, 1), text=words)

    try:
        facts = {"fingerprint": clf.fingerprint, "class_names": list(clf.class_names)}
        with model.lock:
            found = attention_on_parts(clf, pictures, split, parts, settings, progress=progress, cache=_here())
        identity = facts["fingerprint"], facts["class_names"]
        _opened()[attention_key(identity, (pictures.fingerprint, split), parts.fingerprint, settings)] = found
        st.session_state.setdefault(_IDENTITIES, {})[classifiers.file_key(name)] = identity
        # In a workspace that cannot be written, what was found is there for this session.
        with contextlib.suppress(CarvisError):
            _here().put(classifiers.file_key(name), ".json", json_text(facts).encode())
    # Whatever TensorFlow says to one model, the others are measured, and the next run does not begin it again.
    except Exception as problem:
        bar.empty()
        st.markdown(f"**{plain(name)}**")
        error_message.of(problem).show()
        return False
    bar.empty()
    return True
