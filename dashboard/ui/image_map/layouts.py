"""The layouts and clusters of the images on the map: small ones at once, long ones on request, kept on disk."""

import io
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from carvis.errors import StoppedError
from carvis.feature_space import Layout, aligned, clusters, layout
from carvis.progress import Progress, partial_progress
from carvis.workspace import CacheFormat, content_hash, load_or_make, open_arrays
from ui.image_map.spaces import Space
from ui.state import jobs, workspace
from ui.state.i18n import _, n_
from ui.state.rates import Work
from ui.widgets.job import on_request

_MOST_OPEN = 8
_MISSING = "_image_map_not_laid_out"


@dataclass(frozen=True, eq=False)
class Plane:
    """The drawn images of a space in the plane: a point and a cluster (-1: in none) each, in the order of ``drawn``."""

    space: Space
    layout: Layout
    clusters: NDArray[np.int64]


@st.cache_resource(show_spinner=False)
def _opened() -> OrderedDict:
    """Planes in memory, shared by all sessions."""
    return OrderedDict()


def planes(spaces: list[Space]) -> list[Plane] | None:
    """Return the spaces laid out, the others aligned to the first; None, with a button, where that takes a while."""
    missing = [space for space in spaces if _kept(space) is None]
    if missing:
        n = sum(len(space.drawn) for space in missing)
        key = content_hash("image map", [space.key for space in missing])
        note = n_("{n} image; the result is saved.", "{n} images; the result is saved.", n).format(n=f"{n:,}")
        # Thousands of images take another way than tens, and longer vectors more time.
        work = Work(("layout", len(str(n)), missing[0].vectors.shape[1]), n)
        # What is made lies in memory: the page goes on with the next run.
        on_request(
            key,
            _("Lay out the map"),
            lambda progress: _make(missing, progress),
            note,
            keeps=False,
            name="map",
            work=work,
        )
        return None
    first, *others = [_opened()[space.key] for space in spaces]
    return [first, *(_aligned(other, first) for other in others)]


def _kept(space: Space) -> Plane | None:
    shelf = _opened()
    if space.key in shelf:
        return shelf[space.key]
    # Looking on disk hashes all vectors: once a session.
    absent = st.session_state.setdefault(_MISSING, set())
    if space.key in absent:
        return None
    try:
        return _laid_out(space, lambda done, total: True)
    except StoppedError:
        absent.add(space.key)
        return None


def _make(spaces: list[Space], progress: Progress) -> bool:
    for place, space in enumerate(spaces):
        _laid_out(space, partial_progress(progress, 100 * place / len(spaces), 100 * (place + 1) / len(spaces)))
    return True


def _laid_out(space: Space, progress: Progress) -> Plane:
    """Lay out a space, or read what was kept.

    Raises:
        StoppedError: ``progress`` asked to stop; what is kept is returned without asking it.
    """
    vectors = space.vectors if len(space.drawn) == len(space.ids) else space.vectors[space.drawn]
    made = layout(vectors, workspace=workspace.get(), progress=progress)
    plane = Plane(space, made, load_or_make(jobs.cache("clusters"), space.key, _FORMAT, lambda: clusters(vectors)))
    shelf = _opened()
    shelf[space.key] = plane
    while len(shelf) > _MOST_OPEN:
        shelf.popitem(last=False)
    return plane


def _encode(members: NDArray[np.int64]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, clusters=members)
    return buffer.getvalue()


def _decode(path: Path) -> NDArray[np.int64]:
    with open_arrays(path) as file:
        return file.read("clusters", "i", (None,)).astype(np.int64)


_FORMAT = CacheFormat(".npz", _encode, _decode)


def _aligned(plane: Plane, reference: Plane) -> Plane:
    return _aligned_once(plane.space.key, reference.space.key, _plane=plane, _reference=reference)


@st.cache_resource(max_entries=8, show_spinner=False)
def _aligned_once(key: str, reference_key: str, *, _plane: Plane, _reference: Plane) -> Plane:
    return Plane(_plane.space, aligned(_plane.layout, _reference.layout, common(_plane, _reference)), _plane.clusters)


def common(one: Plane, other: Plane) -> NDArray[np.int64]:
    """Return the rows (P, 2) of the images that both planes show, by id."""
    ids = one.space.ids[one.space.drawn], other.space.ids[other.space.drawn]
    _shared, first, second = np.intersect1d(*ids, assume_unique=True, return_indices=True)
    return np.stack([first, second], axis=1)
