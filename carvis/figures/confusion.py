"""The confusion matrix."""

import numpy as np
from matplotlib.figure import Figure

from carvis.figures.style import INK, fonts, new_figure


def confusion_matrix(counts, *, title: str = "") -> Figure:
    """Draw a confusion matrix with its counts, rows true and columns predicted.

    Args:
        counts: DataFrame (n_classes, n_classes) of whole numbers, index true, columns predicted.
        title: words above the matrix.
    """
    n = len(counts)
    side = max(4.0, 0.36 * n + 2.2)
    figure = new_figure(side, side)
    axes = figure.add_subplot()
    values = counts.to_numpy()
    axes.imshow(values, cmap="viridis")
    if n <= 40:
        middle = values.max() / 2
        for row, column in zip(*np.nonzero(values)):
            colour = "black" if values[row, column] > middle else "white"
            axes.text(column, row, str(values[row, column]), ha="center", va="center", fontsize=8, color=colour)
    size = 8 if n <= 40 else 5
    axes.set_xticks(range(n), counts.columns, rotation=90, fontsize=size, family=fonts(), parse_math=False)
    axes.set_yticks(range(n), counts.index, fontsize=size, family=fonts(), parse_math=False)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(title, fontsize=11, color=INK, loc="left", family=fonts(), parse_math=False)
    figure.tight_layout()
    return figure
