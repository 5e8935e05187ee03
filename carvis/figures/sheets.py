"""Sheets of pictures: rows of equal pictures, each row with a title and each picture with words below it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from carvis.figures.style import INK, QUIET, bare, fonts, new_figure


def picture_sheet(rows: Sequence[tuple[str, Sequence[np.ndarray], Sequence[str]]], *, title: str = "") -> Figure:
    """Draw rows of pictures, so that what stands below one another belongs together.

    Args:
        rows: for each row its title, its pictures, uint8 (H, W, 3) or (H, W, 1), and the words below each.
        title: words above the sheet.
    """
    columns = max((len(pictures) for _, pictures, _ in rows), default=1)
    figure = new_figure(max(4.0, 0.3 + 1.7 * columns), 0.7 + 2.15 * len(rows))
    grid = figure.add_gridspec(
        len(rows), columns, left=0.02, right=0.98, bottom=0.06, top=0.86, hspace=0.35, wspace=0.08
    )
    for row, (name, pictures, words) in enumerate(rows):
        for column, (picture, below) in enumerate(zip(pictures, words, strict=True)):
            axes = figure.add_subplot(grid[row, column])
            axes.imshow(picture if picture.shape[2] == 3 else picture[..., 0], cmap="gray", vmin=0, vmax=255)
            bare(axes)
            axes.set_xlabel(below, fontsize=7.5, color=QUIET, family=fonts(), parse_math=False)
            if column == 0:
                axes.set_title(name, fontsize=9, color=INK, loc="left", family=fonts(), parse_math=False)
    figure.suptitle(title, x=0.02, ha="left", fontsize=11, color=INK, family=fonts(), parse_math=False)
    return figure
