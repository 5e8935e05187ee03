"""Sheets of images: rows of equal images, each row with a title and each image with a caption below it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from carvis.figures.style import INK, QUIET, bare, fonts, new_figure


def image_sheet(rows: Sequence[tuple[str, Sequence[np.ndarray], Sequence[str]]], *, title: str = "") -> Figure:
    """Draw rows of images, so that images in one column belong together.

    Args:
        rows: for each row its title, its images, uint8 (H, W, 3) or (H, W, 1), and the caption below each.
        title: text above the sheet.
    """
    columns = max((len(images) for _, images, _ in rows), default=1)
    height = 0.7 + 2.15 * len(rows)
    figure = new_figure(max(4.0, 0.3 + 1.7 * columns), height)
    # In inches: of a sheet with many rows a share would be an empty band.
    grid = figure.add_gridspec(
        len(rows), columns, left=0.02, right=0.98, bottom=0.2 / height, top=1 - 0.55 / height, hspace=0.35, wspace=0.08
    )
    for row, (name, images, captions) in enumerate(rows):
        for column, (image, caption) in enumerate(zip(images, captions, strict=True)):
            axes = figure.add_subplot(grid[row, column])
            axes.imshow(image if image.shape[2] == 3 else image[..., 0], cmap="gray", vmin=0, vmax=255)
            bare(axes)
            axes.set_xlabel(caption, fontsize=7.5, color=QUIET, family=fonts(), parse_math=False)
            if column == 0:
                axes.set_title(name, fontsize=9, color=INK, loc="left", family=fonts(), parse_math=False)
    place = {"x": 0.02, "y": 1 - 0.06 / height, "ha": "left", "va": "top"}
    figure.suptitle(title, **place, fontsize=11, color=INK, family=fonts(), parse_math=False)
    return figure
