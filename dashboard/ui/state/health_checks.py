"""The checks of data sets that were made before: on disk, and in memory for all sessions."""

import contextlib
from collections import OrderedDict

import streamlit as st

from carvis.dataset import Dataset
from carvis.dataset.health import Health, check_dataset
from carvis.dataset.health.image_facts import CACHE_BYTES
from carvis.errors import CarvisError
from carvis.workspace import Cache, content_hash, json_text
from ui.state import jobs, workspace
from ui.state.i18n import _

_MOST_OPEN = 4


def cache() -> Cache:
    """Return the workspace's cache of what is known about images."""
    return jobs.cache("health", CACHE_BYTES)


@st.cache_resource(show_spinner=False)
def _opened() -> OrderedDict:
    """Results in memory, shared by all sessions."""
    return OrderedDict()


def key_of(dataset: Dataset) -> str:
    """Name the check of a data set by what decides its result."""
    return content_hash("checked", str(dataset.root), dataset.fingerprint, workspace.image_times(dataset))


def kept(dataset: Dataset) -> Health | None:
    """Return the health of a data set as it is now; None where it was never checked."""
    key = key_of(dataset)
    shelf = _opened()
    if key in shelf:
        return shelf[key]
    if cache().get(key, ".json"):
        with st.spinner(_("Loading the last check …")):
            return keep(key, check_dataset(dataset, cache=cache()))
    return None


def keep(key: str, health: Health, disk_cache: Cache | None = None) -> Health:
    """Keep a result in memory, and note on disk that the data set was checked.

    Args:
        key: as ``key_of`` names it.
        disk_cache: the cache; None notes nothing on disk.
    """
    if disk_cache is not None:
        # If the workspace is read-only, the result lasts until the dashboard ends.
        with contextlib.suppress(CarvisError):
            disk_cache.put(key, ".json", json_text(health.summary()).encode())
    shelf = _opened()
    shelf[key] = health
    while len(shelf) > _MOST_OPEN:
        shelf.popitem(last=False)
    return health
