"""What can be chosen of a confusion matrix; the command line and the page offer the same."""

from typing import Literal, get_args

# What a cell says: a count, or its share of the true class (row) or of the predicted class (column).
Cells = Literal["count", "row", "column"]
CELLS: tuple[Cells, ...] = get_args(Cells)
# In which order the classes stand: confused ones side by side, by name, or by super-class.
ClassOrder = Literal["confused", "name", "super"]
CLASS_ORDERS: tuple[ClassOrder, ...] = get_args(ClassOrder)
