"""Concepts as a sheet: a row a concept, with its importance, its best crops and its map on one image."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from carvis.errors import CarvisError
from carvis.figures.sheets import image_sheet
from carvis.images import overlay, read_image, resize
from carvis.language import _

if TYPE_CHECKING:
    from carvis.explain.concepts import Concepts

_SIDE = 160


def concept_sheet(found: Concepts, paths: Mapping[str, str | Path], crops: int = 6) -> Figure:
    """Draw the concepts of a class, the most important one first.

    Args:
        found: the concepts.
        paths: the file of each image by its id; crops of others are not drawn.
        crops: how many a concept.
    """
    rows = []
    for concept, facts in found.table.iterrows():
        number = int(str(concept))
        images, captions = [], []
        try:
            for sample, pixels in found.crop_images(number, paths, crops):
                images.append(resize(pixels, (_SIDE, _SIDE)))
                captions.append(Path(sample).stem[-18:])
            images += [mapped(found, number, paths)] if images else []
            captions += [_("map on the first image")] if images else []
        except CarvisError:
            # An image that is gone since: the row keeps what was drawn.
            captions = captions[: len(images)]
        title = _("{name}: importance {importance}, score without it {fall}").format(
            name=facts["name"], importance=f"{facts['importance']:.2f}", fall=f"{-facts['fall']:+.2f}"
        )
        rows.append((title, images, captions))
    title = _("{model}, {subject}: concepts of {layer}").format(
        model=found.setup["model"], subject=found.subject or _("all classes"), layer=found.layer
    )
    return image_sheet(rows, title=title)


def mapped(found: Concepts, concept: int, paths: Mapping[str, str | Path], sample: str = "") -> NDArray[np.uint8]:
    """Lay the map of a concept over an image that it was found in: uint8 (H, W, 3).

    Args:
        sample: the image's id; by default the one with the concept's best crop. Its map is drawn on the scale of all
            images, so that one without the concept stays as it is.

    Raises:
        ImageError: it cannot be read.
    """
    rows = found.crops[found.crops["concept"] == concept].sort_values("rank")
    sample = sample or str(rows["id"].iloc[0])
    place = found.images["id"].tolist().index(sample)
    top = max(float(grid[..., concept].max()) for grid in found.image_maps)
    image = resize(read_image(paths[sample]), (_SIDE, _SIDE))
    return overlay(image, found.image_maps[place][..., concept] / (top or 1.0), 0.6)
