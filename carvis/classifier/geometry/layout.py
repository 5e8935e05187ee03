"""``SpatialLayout``: how the cells of a tensor lie on the image."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from carvis.classifier.flat_graph import Shape
from carvis.classifier.geometry.frame import Frame
from carvis.classifier.geometry.receptive_field import usual_or_exact
from carvis.classifier.geometry.token_grid import Origin, TokenGrid

WHOLE = Frame()

Kind = Literal["map", "tokens", "crossed", "lost", "none"]


@dataclass(frozen=True)
class SpatialLayout:
    """How the cells of a tensor lie on the image.

    Attributes:
        kind: ``map`` (N, h, w, c), ``tokens`` (N, T, c), ``crossed`` (N, c, h * w); ``lost`` where the tensor
            has cells whose places are not known, ``none`` where it has no cells.
        grid: (h, w) of a tensor with known places, else (0, 0).
        extra: how many tokens come before and behind the h * w of the grid.
        origin: where the grid of tokens is known from, as ``TokenGrid.origin``.
        frame: where that grid lies on the image; borders that padding adds or that convolutions drop are left aside.
        exact: the same with these borders.
        trail: of a lost tensor, the ramps after steps that only move values, and the layout where they started.
    """

    kind: Kind
    grid: tuple[int, int] = (0, 0)
    frame: Frame | None = None
    trail: "tuple[NDArray[np.float32], SpatialLayout] | None" = None
    exact: Frame = WHOLE
    extra: tuple[int, int] = (0, 0)
    origin: Origin = "graph"

    @property
    def tokens(self) -> TokenGrid | None:
        """How the tokens lie on the grid; None where these are no tokens."""
        return TokenGrid(*self.grid, *self.extra, self.origin) if self.kind == "tokens" else None

    @property
    def count(self) -> int:
        """How many cells or tokens there are."""
        return self.grid[0] * self.grid[1] + sum(self.extra)

    def on_grid(self, values: np.ndarray) -> np.ndarray:
        """Return the part of values (N, T) of all tokens that lies on the grid, (N, h, w)."""
        return (self.tokens or TokenGrid(*self.grid)).lay(values)

    @property
    def place(self) -> Frame | None:
        """Where the map is to be laid on the image; None where that is not known, or where this is no map."""
        if self.kind not in ("map", "tokens") or self.frame is None:
            return None
        return usual_or_exact(self.frame, self.exact, self.grid)

    @property
    def known(self) -> bool:
        """Whether the place on the image is known."""
        return self.frame is not None


NONE, LOST = SpatialLayout("none"), SpatialLayout("lost")


def fits(shape: Shape, layout: SpatialLayout) -> bool:
    """Tell whether a tensor of a shape has the cells of a layout."""
    if layout.kind == "map":
        return len(shape) >= 4 and tuple(shape[1:3]) == layout.grid
    return len(shape) == 3 and shape[1 if layout.kind == "tokens" else 2] == layout.count


def place_of(grid: TokenGrid) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the sides of a grid of tokens, and how many extra ones come before and behind."""
    return (grid.height, grid.width), (grid.before, grid.after)


def of_tokens(grid: TokenGrid, frame: Frame | None, exact: Frame) -> SpatialLayout:
    """Return the layout of tokens with a grid."""
    sides, extra = place_of(grid)
    return SpatialLayout("tokens", sides, frame, exact=exact, extra=extra, origin=grid.origin)
