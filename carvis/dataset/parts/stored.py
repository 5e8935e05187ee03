"""``stored_parts``: all parts that are annotated of a data set, its own and those that a person drew, as one."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from carvis.dataset import Dataset, workspace_of
from carvis.dataset.parts.annotations import find_parts, read_parts
from carvis.dataset.parts.drawn import DrawnParts
from carvis.dataset.parts.parts import REST, Draw, Parts
from carvis.workspace import Workspace, content_hash


def stored_parts(data: Dataset, split: str = "test", workspace: Workspace | str | Path | None = None) -> Parts | None:
    """Return the parts that are annotated of a split: the data set's own, with the boxes drawn by hand.

    On an image, a part that a person drew, or marked as not visible, replaces the data set's own part of that name;
    all its other parts stay.

    Args:
        data: the data set; of its own annotations the first that ``find_parts`` lists are taken.
        split: train, valid or test.
        workspace: that keeps the drawn boxes; by default the one that the data set lies in.

    Returns:
        None where nothing is annotated.

    Raises:
        TableError: annotations cannot be read, or name no image of this split.
        DatasetError: the data set has no such split.
    """
    source = next(iter(find_parts(data)), None)
    return with_drawn(read_parts(source, data, split) if source else None, data, split, workspace)


def with_drawn(
    own: Parts | None, data: Dataset, split: str = "test", workspace: Workspace | str | Path | None = None
) -> Parts | None:
    """Return annotations with the boxes drawn by hand, which replace them as ``stored_parts`` says.

    Args:
        own: annotations of the split; None for the drawn boxes alone.
        data, split, workspace: as ``stored_parts``.

    Returns:
        None where there are neither.

    Raises:
        TableError: the file of the drawn boxes is damaged.
        DatasetError: the data set has no such split.
    """
    space = workspace_of(data, workspace)
    drawn = DrawnParts.of(data, space).parts(split) if space else None
    if own is None or drawn is None:
        return own or drawn
    return _joined(own, drawn)


def _joined(own: Parts, drawn: Parts) -> Parts:
    rest = own.names[-1] == REST
    own_names = [name for name in own.names if not (rest and name == REST)]
    names = [*own_names, *(name for name in drawn.names if name not in own.names and name != REST)]
    draw: dict[str, Draw] = {}
    unknown: dict[str, frozenset[str]] = {}
    for sample in dict.fromkeys((*own, *drawn)):
        by_hand = _known(drawn, sample) - {REST}
        missing = set(names) - _known(own, sample) - by_hand
        # What no part covers is known where every part is.
        rest_known = rest and not missing
        if missing:
            unknown[sample] = frozenset(missing | ({REST} if rest else set()))
        draw[sample] = partial(_draw, own.drawn.get(sample), drawn.drawn.get(sample), by_hand, rest, rest_known)
    return Parts(
        (*names, REST) if rest else tuple(names),
        content_hash("joined", own.fingerprint, drawn.fingerprint),
        f"{own.source} + {drawn.source}",
        (*own.notes, *drawn.notes),
        draw,
        {**drawn.files, **own.files},
        unknown,
    )


def _known(parts: Parts, sample: str) -> frozenset[str]:
    return frozenset(parts.names) - parts.unknown.get(sample, frozenset()) if sample in parts else frozenset()


def _draw(
    own: Draw | None, drawn: Draw | None, by_hand: frozenset[str], rest: bool, rest_known: bool, size: tuple[int, int]
) -> dict[str, NDArray[np.bool_]]:
    masks = {name: mask for name, mask in (own(size) if own else {}).items() if name not in by_hand}
    masks |= {name: mask for name, mask in (drawn(size) if drawn else {}).items() if name in by_hand}
    if rest:
        masks.pop(REST, None)
    if rest_known:
        masks[REST] = ~np.logical_or.reduce([*masks.values(), np.zeros(size, bool)])
    return masks
