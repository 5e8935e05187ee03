"""The files of a split that an evaluation did not read as images."""

import streamlit as st

from carvis.errors import CarvisError
from ui.confusion import matrix
from ui.state import current, data
from ui.state.i18n import n_, of_library
from ui.widgets.text import plain

_NAMED = 3


def words(evaluation) -> str:
    """Say how many files were not read, and name some; empty where there are none."""
    files = evaluation.metrics.get("not_read") or []
    names = ", ".join(file["path"].rsplit("/", 1)[-1] for file in files[:_NAMED]) + (" …" if files[_NAMED:] else "")
    said = n_(
        "{n} other file is not read as an image and is not counted ({names}); page Overview says why.",
        "{n} other files are not read as images and are not counted ({names}); page Overview says why.",
        len(files),
    )
    return said.format(n=f"{len(files):,}", names=names) if files else ""


def why_nothing() -> str:
    """Say why the chosen split shows no images though it holds files; empty where it shows some, or holds none."""
    try:
        split, pictures = current.split(), data.dataset(current.dataset_name()) if current.dataset_name() else None
        if pictures is None or not split or len(pictures.samples(split)):
            return ""
        return " ".join(str(of_library(note)) for note in pictures.not_read_notes(split))
    except CarvisError:
        return ""


def say(view: "matrix.View") -> None:
    """Say it once below what is drawn of several evaluations."""
    for said in dict.fromkeys(filter(None, (words(model.evaluation) for model in view.models))):
        st.caption(plain(said))
