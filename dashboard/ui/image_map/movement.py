"""From one model's map to the other's: which images moved most."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ui.image_map.chart import Cloud
from ui.image_map.selection import ImageMapSelection
from ui.state import selection
from ui.state.i18n import _, n_
from ui.state.widget_values import careful
from ui.widgets.text import plain

MOST_LINES = 30


@dataclass(frozen=True, eq=False)
class Movement:
    """The images that moved most between two maps: ids, and a line (k, 2, 2) in the chart for each, longest first."""

    ids: tuple[str, ...]
    lines: NDArray[np.float32]


def between(clouds: Sequence[Cloud]) -> Movement | None:
    """Return the images whose places on two aligned maps lie furthest apart; None for a single map."""
    if len(clouds) != 2:
        return None
    ids = [cloud.plane.space.ids[cloud.rows] for cloud in clouds]
    shared, first, second = np.intersect1d(ids[0], ids[1], assume_unique=True, return_indices=True)
    # Where they lie in the aligned layouts, not in the chart, which draws the second beside the first.
    places = [
        cloud.plane.layout.points[np.searchsorted(cloud.plane.space.drawn, cloud.rows[rows])]
        for cloud, rows in zip(clouds, (first, second), strict=True)
    ]
    distance = np.linalg.norm(places[0] - places[1], axis=1)
    most = np.lexsort([shared, -distance])[:MOST_LINES]
    most = most[distance[most] > 0]
    lines = np.stack([clouds[0].points[first[most]], clouds[1].points[second[most]]], axis=1)
    return Movement(tuple(shared[most].tolist()), lines)


def show(movement: Movement, models: Sequence[str]) -> None:
    """Say what the lines are, and offer their images."""
    n = len(movement.ids)
    if not n:
        return
    words = n_(
        "The map of {second} is turned and scaled onto that of {first}. The line shows the image that moved most.",
        "The map of {second} is turned and scaled onto that of {first}. Lines show the {n} images that moved most.",
        n,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(words.format(first=plain(models[0]), second=plain(models[1]), n=n), width="stretch")
        active = selection.get(ImageMapSelection).moved == "most"
        st.button(
            _("Show these images"),
            icon=":material/check:" if active else ":material/conversion_path:",
            key="show_moved",
            type="primary" if active else "secondary",
            on_click=careful(selection.change),
            kwargs={"moved": "" if active else "most", "page": 1, "open": ""},
        )
