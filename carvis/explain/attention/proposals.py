"""Proposed boxes: a part carried over from the annotated image that is most similar to a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from carvis.dataset.parts import Box, ImageParts, Parts
from carvis.dataset.parts.part_box import whole_box
from carvis.errors import CarvisError
from carvis.feature_space import Embeddings, nearest, rows_of
from carvis.subgroups.objects import object_mask

Size = tuple[int, int]


@dataclass(frozen=True)
class Proposal:
    """A box that a person may accept.

    Attributes:
        part: its part.
        box: in pixels of the image that it is proposed for.
        sample: the id of the image that it was carried over from.
    """

    part: str
    box: Box
    sample: str


def carried_over(box: Box, size: Size, to_size: Size, frame: Box | None = None, to_frame: Box | None = None) -> Box:
    """Return a box at the same place of another image, in whole pixels.

    Args:
        box: in pixels of an image.
        size, to_size: (height, width) of that image and of the other.
        frame, to_frame: the object's box in either; where both are given, the place is relative to them, else to the
            images.

    Raises:
        TableError: nothing of it lies in the other image.
    """
    if frame is None or to_frame is None:
        frame, to_frame = Box(0, 0, size[1], size[0]), Box(0, 0, to_size[1], to_size[0])
    across = (to_frame.right - to_frame.left) / (frame.right - frame.left)
    down = (to_frame.bottom - to_frame.top) / (frame.bottom - frame.top)
    moved = Box(
        to_frame.left + (box.left - frame.left) * across,
        to_frame.top + (box.top - frame.top) * down,
        to_frame.left + (box.right - frame.left) * across,
        to_frame.top + (box.bottom - frame.top) * down,
    )
    return whole_box(moved, to_size)


def nearest_annotated(sample: str, part: str, images: Mapping[str, ImageParts], embeddings: Embeddings) -> str | None:
    """Return the image with a box of a part that is most similar to another image, None where there is none.

    Args:
        sample: the other image's id.
        part: the part's name.
        images: what is drawn, by sample id.
        embeddings: of a model, in whose features images are compared by cosine distance.
    """
    ids = [other for other, drawn in images.items() if other != sample and part in drawn.visible]
    rows, own = rows_of(ids, embeddings), rows_of([sample], embeddings)
    known = [(other, row) for other, row in zip(ids, rows.tolist()) if row >= 0]
    if not known or own[0] < 0:
        return None
    places, _distances = nearest(embeddings.vectors[own], embeddings.vectors[[row for _, row in known]], 1)
    return known[int(places[0, 0])][0] if places[0, 0] >= 0 else None


def object_box(parts: Parts | None, sample: str, size: Size) -> Box | None:
    """Return the box around the object: all parts of an image but the background; None where it is not annotated.

    Args:
        parts: annotations that outline the whole object, as masks do.
        sample: the image's id.
        size: its (height, width).
    """
    if parts is None or sample not in parts:
        return None
    try:
        mask = object_mask(parts.present(sample, size), size)
    except CarvisError:
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1) if len(rows) else None


def proposed_boxes(
    sample: str,
    size: Size,
    part: str,
    images: Mapping[str, ImageParts],
    embeddings: Embeddings | None,
    objects: Parts | None = None,
) -> list[Proposal]:
    """Propose boxes of a part on an image: those of the most similar annotated image, carried over.

    Args:
        sample, size: the image's id and (height, width).
        part: the part's name.
        images: what is drawn, by sample id.
        embeddings: of a model; None for no proposals.
        objects: masks of the data set, for the place of the object in either image.
    """
    source = nearest_annotated(sample, part, images, embeddings) if embeddings is not None else None
    if source is None:
        return []
    drawn = images[source]
    frames = object_box(objects, source, drawn.size), object_box(objects, sample, size)
    proposals = []
    for name, box in drawn.boxes:
        if name != part:
            continue
        try:
            proposals.append(Proposal(part, carried_over(box, drawn.size, size, *frames), source))
        except CarvisError:
            # Nothing of it lies in this image.
            continue
    return proposals
