"""Attention on parts, measured on request and kept: on disk by content, and opened without loading any model."""

import contextlib
from collections import OrderedDict

import streamlit as st
from typing_extensions import TypedDict

from carvis.dataset import Dataset
from carvis.dataset.parts import Parts
from carvis.errors import CarvisError
from carvis.explain.attention import Attention, AttentionSettings, attention_key, attention_on_parts, load_attention
from carvis.progress import Progress, partial_progress
from carvis.workspace import Cache, content_hash, json_text, read_json
from carvis.workspace.json_schema import Texts
from ui.attention.selection import AttentionSelection
from ui.state import jobs
from ui.state.i18n import _
from ui.state.models import file_key, open_model
from ui.state.rates import Work
from ui.widgets import error_message
from ui.widgets.job import on_request
from ui.widgets.layout import error
from ui.widgets.text import plain

_IDENTITIES, _MOST_OPEN = "attention_identities", 24


class _Identity(TypedDict):
    fingerprint: str
    class_names: Texts


def attention_settings(chosen: AttentionSelection) -> AttentionSettings:
    """Return how every model is measured."""
    return AttentionSettings(
        method=chosen.method,
        target="true" if chosen.explain == "true" else "predicted",
        score=chosen.score,
        occlude=chosen.cover == "yes",
    )


def _cache() -> Cache:
    return jobs.cache("attention")


@st.cache_resource(show_spinner=False)
def _opened() -> OrderedDict:
    """Results in memory, shared by all sessions, so that their summaries are worked out once."""
    return OrderedDict()


def _identity(name: str) -> tuple[str, list[str]] | None:
    """Return a model's fingerprint and class names without opening it, None where it was never opened here."""
    if cached := st.session_state.get(_IDENTITIES, {}).get(file_key(name)):
        return cached
    file = _cache().get(file_key(name), ".json")
    if file is None:
        return None
    # A damaged cache file is recomputed.
    with contextlib.suppress(CarvisError):
        facts = read_json(file, _Identity)
        return facts["fingerprint"], facts["class_names"]
    return None


def result(name: str, dataset: Dataset, split: str, parts: Parts, settings: AttentionSettings) -> Attention | None:
    """Return one model's result where it was measured before."""
    try:
        identity = _identity(name)
    except OSError:
        return None
    if identity is None:
        return None
    key = attention_key(identity, (dataset.fingerprint, split), parts.fingerprint, settings)
    results = _opened()
    if key not in results:
        measured = load_attention(_cache(), key)
        if measured is None:
            return None
        results[key] = measured
        while len(results) > _MOST_OPEN:
            results.popitem(last=False)
    return results[key]


def offer(missing: list[str], dataset: Dataset, split: str, parts: Parts, settings: AttentionSettings) -> None:
    """Offer to measure the models that were not measured yet, with progress and a way to stop."""
    if not missing:
        return

    def measure(progress: Progress) -> int | None:
        n_measured = 0
        for number, name in enumerate(missing):
            n_measured += _measure(
                name,
                dataset,
                split,
                parts,
                settings,
                partial_progress(progress, 100 * number / len(missing), 100 * (number + 1) / len(missing)),
            )
        return n_measured or None

    with st.container(border=True):
        names = ", ".join(plain(name) for name in missing)
        st.markdown(_("Not measured yet with these settings: {names}.").format(names=names))
        key = content_hash("attention", missing, split, parts.fingerprint, settings.as_dict())
        passes = len(missing) * len(parts) * (1 + 2 * len(parts.names) if settings.occlude else 1)
        note = _("{n} forward passes; the results are saved.").format(n=f"{passes:,}")
        made_of = ("attention", settings.method, settings.occlude, [file_key(name) for name in missing])
        work = Work(made_of, passes)
        on_request(key, _("Measure"), measure, note, keeps=False, name="attention", work=work, tried=False)


def _measure(
    name: str, dataset: Dataset, split: str, parts: Parts, settings: AttentionSettings, progress: Progress
) -> bool:
    model = open_model(name)
    if model.classifier is None:
        error(model.error)
        return False
    clf = model.clf

    try:
        facts = {"fingerprint": clf.fingerprint, "class_names": list(clf.class_names)}
        with model.lock:
            measured = attention_on_parts(clf, dataset, split, parts, settings, progress=progress, cache=_cache())
        identity = clf.fingerprint, list(clf.class_names)
        _opened()[attention_key(identity, (dataset.fingerprint, split), parts.fingerprint, settings)] = measured
        st.session_state.setdefault(_IDENTITIES, {})[file_key(name)] = identity
        # In a workspace that cannot be written, what was found is there for this session.
        with contextlib.suppress(CarvisError):
            _cache().put(file_key(name), ".json", json_text(facts).encode())
    # Whatever error one model raises, the others are measured, and the next run does not retry it.
    except Exception as problem:
        st.markdown(f"**{plain(name)}**")
        error_message.show(problem)
        return False
    return True
