"""The concepts of a class: found on request, kept on disk by all that decides them, opened without the model."""

import contextlib

import streamlit as st
from typing_extensions import TypedDict

from carvis.dataset import Dataset
from carvis.errors import CarvisError
from carvis.evaluation import Evaluation
from carvis.explain.concepts import (
    Concepts,
    ConceptSettings,
    concepts,
    concepts_key,
    load_cached_concepts,
    split_fingerprint,
    with_names,
)
from carvis.progress import Progress
from carvis.workspace import content_hash, json_text, read_json
from carvis.workspace.json_schema import Texts
from ui.concepts.controls import Choice
from ui.state import current, evaluations, jobs, unreadable, workspace
from ui.state.i18n import _
from ui.state.models import file_key, open_model
from ui.state.rates import Work
from ui.widgets.job import on_request
from ui.widgets.layout import error

_BYTES = 300_000_000


def searched(choice: Choice, dataset: Dataset, split: str) -> Concepts | None:
    """Return the concepts of a class; None, with a button, where they were not found before."""
    settings = ConceptSettings(layer=choice.layer)
    images = split_fingerprint(dataset, split)
    work = content_hash("concepts", file_key(choice.model), images, split, choice.classes, choice.n, settings.as_dict())
    cache, evaluation = jobs.cache("concepts", _BYTES), _evaluation(choice.model)
    identity = _identity(choice.model, evaluation) if work not in jobs.results() else None
    if identity is not None and set(choice.classes) <= set(identity[1]):
        classes = tuple(identity[1].index(name) for name in choice.classes)
        key = concepts_key(identity, (images, split), (classes, 1.0), choice.n, 0, settings)
        if (kept := load_cached_concepts(cache, key)) is not None:
            jobs.keep(work, kept)

    def make(progress: Progress) -> Concepts | None:
        opened = open_model(choice.model)
        if opened.classifier is None:
            error(opened.error)
            return None
        subject = (
            (choice.classes[0], choice.classes[1]) if len(choice.classes) == 2 else next(iter(choice.classes), None)
        )
        clf = opened.classifier
        facts = {"fingerprint": clf.fingerprint, "class_names": list(clf.class_names)}
        # In a workspace that cannot be written, what was found is there for this session.
        with contextlib.suppress(CarvisError, OSError):
            cache.put(file_key(choice.model), ".json", json_text(facts).encode())
        with opened.lock:
            return concepts(
                clf,
                dataset,
                subject,
                choice.n,
                settings=settings,
                split=split,
                evaluation=evaluation,
                cache=cache,
                progress=progress,
            )

    note = _("Half a minute for 15 images of a small model, some minutes for 60 of a VGG16; the result is saved.")
    work_of = Work(("concepts", file_key(choice.model), choice.layer, choice.n), 1)
    found = on_request(work, _("Find concepts"), make, note, icon="search", name="concepts", work=work_of, tried=False)
    if found is None:
        return None
    with unreadable.item("names", found.key[:12]):
        return with_names(workspace.get(), found)
    return found


def _evaluation(model: str) -> Evaluation | None:
    table = evaluations.on(current.dataset_name(), current.split()).get(model)
    return current.evaluation(table) if table else None


def _stamp(model: str) -> tuple[int, ...]:
    return evaluations.stamp(evaluations.on(current.dataset_name(), current.split())[model])


class _Identity(TypedDict):
    fingerprint: str
    class_names: Texts


def _identity(model: str, evaluation: Evaluation | None) -> tuple[str, list[str]] | None:
    """Return a model's fingerprint and class names without opening it; None where nothing tells them."""
    file = jobs.cache("concepts", _BYTES).get(file_key(model), ".json")
    # A damaged file of the cache is written anew.
    with contextlib.suppress(OSError, CarvisError):
        if file is not None:
            facts = read_json(file, _Identity)
            return facts["fingerprint"], facts["class_names"]
        path = str(workspace.model_files()[model])
        if evaluation is not None and _is_of(path, file_key(model), _stamp(model), _evaluation=evaluation):
            fingerprint = evaluation.setup["model"].get("fingerprint")
            return (str(fingerprint), list(evaluation.class_names)) if fingerprint else None
    return None


@st.cache_data(max_entries=64, show_spinner=False)
def _is_of(path: str, key: str, stamp: tuple[int, ...], *, _evaluation: Evaluation) -> bool:
    return bool(_evaluation.made_with(path))
