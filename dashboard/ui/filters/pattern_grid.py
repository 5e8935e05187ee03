"""Filter patterns in a page: drawn on request, filter by filter from the cache, shown with their numbers."""

import io
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from carvis.explain.filters.settings import FilterSettings
from carvis.images import crossed_tile, encode_image
from carvis.progress import Progress
from ui.state import jobs
from ui.state.i18n import _, n_, of_library
from ui.state.models import Opened
from ui.widgets.download import download
from ui.widgets.images import encoded_once
from ui.widgets.text import plain

if TYPE_CHECKING:
    from carvis.explain import FilterPatterns

_TILE, _MOST_OPEN = 76, 64


def draw(
    model: Opened, layer: str, filters: list[int], settings: FilterSettings, progress: Progress
) -> "FilterPatterns":
    """Draw the patterns of some filters, cached ones from the cache."""
    from carvis.explain import draw_filters

    with model.lock:
        return draw_filters(model.clf, layer, filters, settings, cache=jobs.cache("filters"), progress=progress)


def cached(model: Opened, layer: str, filters: list[int], settings: FilterSettings) -> "FilterPatterns":
    """Return the cached patterns of some filters."""
    from carvis.explain import draw_filters

    shelf, cache = _complete(), jobs.cache("filters")
    key = (cache.folder, model.clf.fingerprint, model.name, layer, tuple(filters), settings)
    if key not in shelf:
        # The model is not run, so its lock is not needed.
        found = draw_filters(model.clf, layer, filters, settings, cache=cache, progress=lambda done, total: True)
        if len(found.filters) < len(filters):
            return found
        shelf[key] = found
        while len(shelf) > _MOST_OPEN:
            shelf.popitem(last=False)
    return shelf[key]


@st.cache_resource(show_spinner=False)
def _complete() -> "OrderedDict[tuple, FilterPatterns]":
    """Patterns in memory, shared by all sessions: a layer is a file a filter on disk."""
    return OrderedDict()


def depth(model: Opened, layer: str) -> int:
    """Return how many filters a layer has."""
    return int(model.clf.map_layer(layer).shape[-1] or 0)


def tiles(patterns: "FilterPatterns") -> None:
    """Show patterns with their numbers; that of a dead filter is crossed out and says so."""
    if not patterns.filters:
        return
    images, captions, alts = [], [], []
    for index, image in zip(patterns.filters, patterns.images, strict=True):
        dead = index in patterns.dead
        tile = crossed_tile(image.shape[0]) if dead else image
        images.append(encoded_once(partial(_encoded_apart, tile), "pattern", tile))
        captions.append(f"{index} ✕" if dead else f"{index}*" if index in patterns.retried else f"{index}")
        alt = _("Filter {index}: dead, no pattern") if dead else _("Pattern of filter {index}")
        alts.append(alt.format(index=index))
    st.image(images, caption=captions, width=_TILE, alt=alts)


def _encoded_apart(image: np.ndarray) -> bytes:
    return encode_image(_apart(image), "PNG")


def _apart(image: np.ndarray) -> np.ndarray:
    """Give an image transparent edges left and right, or neighbouring images would touch."""
    side = image.shape[0]
    edge = max(2, side // 20)
    framed = np.zeros((side, side + 2 * edge, 4), np.uint8)
    framed[:, edge : edge + side, :3] = image
    framed[:, edge : edge + side, 3] = 255
    return framed


def tiles_large(patterns: "FilterPatterns") -> None:
    """Show patterns large."""
    for index, image in zip(patterns.filters, patterns.images, strict=True):
        dead = index in patterns.dead
        alt = _("Filter {index}: dead, no pattern") if dead else _("Pattern of filter {index}")
        tile = crossed_tile(image.shape[0]) if dead else image
        st.image(
            encoded_once(partial(encode_image, tile, "PNG"), "large pattern", tile),
            width=240,
            alt=alt.format(index=index),
        )


def facts(patterns: "FilterPatterns") -> None:
    """Say how patterns came about."""
    settings = patterns.settings
    facts_shown = [
        plain(patterns.layer),
        _("{size} pixels").format(size=settings.size),
        n_("{n} step", "{n} steps", settings.step_count).format(n=settings.step_count),
        _("input: {preprocessing}").format(
            preprocessing="128 – 148" if settings.start == "tutorial" else plain(patterns.preprocessing)
        ),
    ]
    st.caption(" · ".join(facts_shown))


def notes(patterns: "FilterPatterns") -> None:
    """Say below patterns which filters had no gradient from the first noise.

    Above them it would push the tiles of some models down.
    """
    for note in patterns.notes:
        st.caption(plain(of_library(note)))


def downloads(patterns: "FilterPatterns", number: int) -> None:
    """Offer the tutorial's grid as a PNG, and the patterns as numbers."""
    if not patterns.filters:
        return
    stem = f"{patterns.model_name}--{patterns.layer.replace('/', '_')}"
    with st.container(horizontal=True, gap="xsmall"):
        download(
            _("Figure"),
            lambda: encode_image(patterns.grid(), "PNG"),
            file_name=f"{stem}.png",
            key=f"grid_{number}",
            help=_("The patterns as one grid, eight per row on black, as in the tutorial"),
        )
        download(
            _("Numbers"),
            lambda: _numbers(patterns),
            file_name=f"{stem}.npz",
            key=f"patterns_{number}",
            help=_("The patterns and the settings that made them as a NumPy file"),
        )


def _numbers(patterns: "FilterPatterns") -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, images=patterns.images, filters=patterns.filters, facts=patterns.as_json())
    return buffer.getvalue()
