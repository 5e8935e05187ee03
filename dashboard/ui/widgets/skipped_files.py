"""The files of a split that an evaluation did not read as images."""

from collections.abc import Iterable

import streamlit as st

from carvis.errors import CarvisError
from carvis.evaluation import Evaluation
from ui.state import current, workspace
from ui.state.i18n import n_, of_library
from ui.widgets.text import plain

_NAMED = 3


def note(evaluation: Evaluation) -> str:
    """Say how many files were not read, and name some; empty where there are none."""
    files = evaluation.metrics.get("not_read") or []
    names = ", ".join(file["path"].rsplit("/", 1)[-1] for file in files[:_NAMED]) + (" …" if files[_NAMED:] else "")
    sentence = n_(
        "{n} other file was skipped ({names}); page Overview gives the reason.",
        "{n} other files were skipped ({names}); page Overview gives the reasons.",
        len(files),
    )
    return sentence.format(n=f"{len(files):,}", names=names) if files else ""


def why_nothing() -> str:
    """Say why the chosen split shows no images though it holds files; empty where it shows some, or holds none."""
    try:
        split, dataset = current.split(), workspace.dataset(current.dataset_name()) if current.dataset_name() else None
        if dataset is None or not split or len(dataset.samples(split)):
            return ""
        return " ".join(str(of_library(note)) for note in dataset.not_read_notes(split))
    except CarvisError:
        return ""


def show(evaluations: Iterable[Evaluation]) -> None:
    """Say it once below what is drawn of several evaluations."""
    for sentence in dict.fromkeys(filter(None, map(note, evaluations))):
        st.caption(plain(sentence))
