"""What the map shows: one model's images in the plane, or two models' side by side with lines between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carvis.images import colorize
from carvis.workspace import content_hash
from ui.image_map.groups import Colours
from ui.image_map.layouts import Plane
from ui.image_map.scatter import packed
from ui.image_map.spaces import MOST_DRAWN, sample

# Between two models' clouds, in widths of a cloud.
_GAP = 0.12
# Steps of the scale of a number.
_STEPS = 32


@dataclass(frozen=True, eq=False)
class Cloud:
    """The points of one plane on the map.

    ``rows`` are their rows in the table of the space, ``points`` (n, 2) where they are drawn.
    """

    plane: Plane
    rows: NDArray[np.intp]
    points: NDArray[np.float32]


def clouds(planes: Sequence[Plane]) -> list[Cloud]:
    """Return each plane's points as they are drawn: side by side at the same scale, thinned where they are many."""
    most = MOST_DRAWN // len(planes)
    first = planes[0].layout.points
    first = first[np.isfinite(first).all(axis=1)]
    low, high = (first.min(axis=0), first.max(axis=0)) if len(first) else (np.zeros(2), np.ones(2))
    side = float(max(*(high - low), 1e-6))
    found: list[Cloud] = []
    for plane in planes:
        kept = sample(len(plane.space.drawn), most)
        kept = kept[np.isfinite(plane.layout.points[kept]).all(axis=1)]
        points = (plane.layout.points[kept] - low) / side
        if found and len(points) and len(found[-1].points):
            points[:, 0] += found[-1].points[:, 0].max() + _GAP - points[:, 0].min()
        found.append(Cloud(plane, plane.space.drawn[kept], points.astype(np.float32)))
    return found


def content(
    clouds: Sequence[Cloud],
    colours: Sequence[Colours],
    chosen: NDArray[np.bool_] | None,
    lines: NDArray[np.float32] | None,
    words: Mapping[str, Any],
    dark: bool,
) -> bytes:
    """Return the map as the browser reads it.

    Args:
        clouds: one, or two side by side.
        colours: of each cloud's images.
        chosen: of each row of the first cloud's table, whether it stands out; None where all do.
        lines: (k, 2, 2) from a point of the first cloud to one of the second.
        words: what the map says: alt, words, and scale where a number is drawn.
        dark: whether the page is.
    """
    entries: dict[tuple[str, str, str], int] = {}
    groups = []
    for cloud, how in zip(clouds, colours, strict=True):
        of_row = np.zeros(len(cloud.plane.space.ids), np.uint8)
        for one in how.groups:
            of_row[one.rows] = entries.setdefault((one.name, one.colour, one.mark), len(entries))
        groups.append(of_row[cloud.rows])
    listed: list[dict[str, Any]] = [{"name": name, "colour": colour, "mark": mark} for name, colour, mark in entries]
    if any(how.values is not None for how in colours):
        first = len(listed)
        listed += [{"name": None, "colour": colour, "mark": "circle", "tip": tip} for colour, tip in _scale(dark)]
        for place, (cloud, how) in enumerate(zip(clouds, colours, strict=True)):
            values = np.full(len(cloud.rows), np.nan) if how.values is None else how.values[cloud.rows]
            known = np.isfinite(values)
            steps = np.clip(np.nan_to_num(values) * _STEPS, 0, _STEPS - 1).astype(np.uint8)
            groups[place] = np.where(known, first + steps, groups[place]).astype(np.uint8)
    keys = [cloud.plane.space.keys[cloud.rows] for cloud in clouds]
    places, group = np.concatenate([cloud.points for cloud in clouds]), np.concatenate(groups)
    flags = [_stands_out(cloud, clouds[0], chosen) for cloud in clouds]
    n = [np.bincount(part, minlength=len(listed)) for part in groups]
    header = dict(words) | {
        # Where this differs, other images are shown, and the view begins anew.
        "layout": content_hash([cloud.plane.space.key for cloud in clouds]),
        "groups": [
            entry | {"count": " · ".join(f"{counts[place]:,}" for counts in n)} for place, entry in enumerate(listed)
        ],
        "titles": _titles(clouds),
        "lines": [] if lines is None else lines.astype(float).tolist(),
    }
    # Large groups first, so that what is rare lies above them.
    order = np.argsort(-np.sum(n, axis=0)[group], kind="stable")
    return packed(header, np.concatenate(keys)[order], places[order], group[order], np.concatenate(flags)[order])


def scale_colours(dark: bool) -> list[str]:
    """Return the colours of a number from 0 to 1."""
    return [colour for colour, _tip in _scale(dark)]


def _scale(dark: bool) -> list[tuple[str, str]]:
    # The end that is as light, or as dark, as the page is left out.
    low, high = (0.2, 1.0) if dark else (0.0, 0.85)
    at = np.linspace(low, high, _STEPS)
    tips = [f"{step / _STEPS:.0%}–{(step + 1) / _STEPS:.0%}" for step in range(_STEPS)]
    return [("#" + bytes(rgb.tolist()).hex(), tip) for rgb, tip in zip(colorize(at[None], "cividis")[0], tips)]


def _stands_out(cloud: Cloud, first: Cloud, chosen: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    if chosen is None:
        return np.zeros(len(cloud.rows), np.uint8)
    if cloud is first:
        return chosen[cloud.rows].astype(np.uint8)
    return np.isin(cloud.plane.space.ids[cloud.rows], first.plane.space.ids[chosen]).astype(np.uint8)


def _titles(clouds: Sequence[Cloud]) -> list[dict[str, Any]]:
    if len(clouds) == 1:
        return []
    found = []
    for cloud in clouds:
        if len(cloud.points):
            (left, _low), (right, top) = cloud.points.min(axis=0), cloud.points.max(axis=0)
            found.append({"text": cloud.plane.space.model, "at": [float(left + right) / 2, float(top)]})
    return found
