"""The map on the page: the chart, its choice by lasso, box or click, and what stands beside and below it."""

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ui.image_map import chart, groups, hover, lasso, movement, scatter
from ui.image_map.chart import Cloud
from ui.image_map.chosen import Chosen
from ui.image_map.layouts import Plane
from ui.image_map.movement import Movement
from ui.image_map.selection import Colouring, ImageMapSelection
from ui.state import selection
from ui.state.i18n import _, n_, of_library
from ui.widgets.chart_theme import Look
from ui.widgets.text import percent, plain

_KEY = "image_map"


def show(clouds: list[Cloud], tables: list[pd.DataFrame], chosen: Chosen, moved: Movement | None) -> None:
    """Draw the map.

    Args:
        clouds: one, or two side by side.
        tables: of each cloud's space, as ``spaces.rows`` returns them.
        chosen: the rows of the first table that stand out.
        moved: the images that moved most between two clouds.
    """
    by, dark = selection.get(ImageMapSelection).colour_by, Look.now().dark
    planes = [cloud.plane for cloud in clouds]
    spaces = [plane.space for plane in planes]
    classes = groups.frequent_classes(tables[0])
    colours = [groups.of_images(by, table, planes[0], classes, dark) for table in tables]
    lines = None if moved is None else moved.lines
    left, right = st.columns([5, 1])
    with left:
        content = chart.content(clouds, colours, chosen.rows, lines, _words(clouds, by, dark), dark)
        scatter.draw(content, _KEY, partial(lasso.take, spaces[0]))
    with right:
        hover.show(tables[0], spaces)
    for note in dict.fromkeys(how.note for how in colours if how.note):
        st.caption(note)
    _say_trust(planes)
    _say_sample(clouds)
    if moved is not None:
        movement.show(moved, [space.model for space in spaces])


def _words(clouds: list[Cloud], by: Colouring, dark: bool) -> dict[str, Any]:
    """Return what the map says."""
    words = {
        "pan": _("Move"),
        "lasso": _("Lasso"),
        "box": _("Box"),
        "in": _("Zoom in"),
        "out": _("Zoom out"),
        "home": _("Show all"),
        "toggle": _("Show or hide"),
    }
    scale = {"title": _("Confidence"), "low": percent(0), "high": percent(1), "colours": chart.scale_colours(dark)}
    return {"alt": _alt(clouds), "words": words} | ({"scale": scale} if by == "confidence" else {})


def _alt(clouds: list[Cloud]) -> str:
    n = len(clouds[0].rows)
    words = n_(
        "{n} image, laid out by how similar {model} finds them; the list of clusters below says the same in words",
        "{n} images, laid out by how similar {model} finds them; the list of clusters below says the same in words",
        n,
    )
    return words.format(n=f"{n:,}", model=", ".join(cloud.plane.space.model for cloud in clouds))


def _say_trust(planes: list[Plane]) -> None:
    """Say how far each map can be trusted."""
    models: dict[str, list[str]] = {}
    for plane in planes:
        models.setdefault(plain(of_library(plane.layout.words)), []).append(f"**{plain(plane.space.model)}**")
    for words, names in models.items():
        name = f"{', '.join(names)}: " if len(planes) > 1 else ""
        st.caption(f":material/rule: {name}{words}")


def _say_sample(clouds: list[Cloud]) -> None:
    """Say where only a part of the images is drawn."""
    drawn, total = len(clouds[0].rows), len(clouds[0].plane.space.ids)
    if drawn < total:
        words = _("{drawn} of {total} images are drawn, sampled at random. Search, classes and sets cover all of them.")
        st.caption(f":material/filter_alt: {words.format(drawn=f'{drawn:,}', total=f'{total:,}')}")
