"""``TokenGrid``: how the tokens of a tensor (N, T, C) lie on a grid, and which grids a number of tokens allows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

# A class token and four registers, as in Darcet et al., "Vision Transformers Need Registers" (ICLR 2024).
MOST_EXTRA = 5

Origin = Literal["graph", "measured", "counted", "given"]


@dataclass(frozen=True)
class TokenGrid:
    """How tokens lie on a grid: row by row, with extra tokens (class, distillation, register) before or behind.

    Attributes:
        height, width: of the grid.
        before, after: how many extra tokens come before and behind the tokens of the grid.
        origin: where that is known from: followed through the ``graph``; ``measured``, by which tokens a changed part
            of the image changes; ``counted``, as the one grid with the image's sides that the number of tokens allows;
            ``given`` by a person or the card.
    """

    height: int
    width: int
    before: int = 0
    after: int = 0
    origin: Origin = "graph"

    @property
    def cells(self) -> int:
        """How many tokens lie on the grid."""
        return self.height * self.width

    @property
    def extra(self) -> int:
        """How many tokens do not."""
        return self.before + self.after

    @property
    def count(self) -> int:
        """How many tokens there are."""
        return self.cells + self.extra

    def __str__(self) -> str:
        return f"{self.height}x{self.width}" + (f" + {self.extra}" if self.extra else "")

    def on_grid(self) -> NDArray[np.bool_]:
        """Return which of the tokens lie on the grid, bool (T,)."""
        places = np.arange(self.count)
        return (places >= self.before) & (places < self.before + self.cells)

    def lay(self, values: Any) -> Any:
        """Lay the tokens (N, T, ...) of an array or tensor on the grid: (N, h, w, ...)."""
        part = values[:, self.before : self.before + self.cells]
        shape = (-1, self.height, self.width, *part.shape[2:])
        if isinstance(part, np.ndarray):
            return part.reshape(shape)
        import keras

        return keras.ops.reshape(part, shape)


def grids_of(count: int, sides: tuple[int, int]) -> list[TokenGrid]:
    """List the grids of square patches of an image that a number of tokens allows, the fewest extra tokens first.

    Args:
        count: T, at most ``MOST_EXTRA`` of which are extra ones, taken to come first.
        sides: (height, width) of the image, or of the map that the patches are cut from; a patch divides both.
    """
    height, width = sides
    grids = [
        TokenGrid(height // patch, width // patch, count - (height // patch) * (width // patch), origin="counted")
        for patch in range(1, min(sides) + 1)
        if height % patch == 0 and width % patch == 0
    ]
    return sorted((grid for grid in grids if 0 <= grid.before <= MOST_EXTRA and grid.cells > 1), key=lambda g: g.before)


@dataclass(frozen=True)
class GivenTokens:
    """What a person says of a model's tokens; None for what is not said.

    Attributes:
        grid: (height, width).
        extra: how many tokens come before those of the grid.
    """

    grid: tuple[int, int] | None = None
    extra: int | None = None

    def of(self, count: int, grids: Sequence[TokenGrid]) -> TokenGrid | None:
        """Return the grid of so many tokens by what is given; None where that does not fit or is not enough.

        Args:
            grids: those that the number of tokens allows.
        """
        if self.grid is not None:
            before = count - self.grid[0] * self.grid[1]
            fits = before >= 0 and self.extra in (None, before)
            return TokenGrid(*self.grid, before, origin="given") if fits else None
        fitting = [grid for grid in grids if self.extra is not None and grid.extra == self.extra]
        return replace(fitting[0], before=self.extra or 0, after=0, origin="given") if len(fitting) == 1 else None


def measured_grid(
    run: Callable[[NDArray[np.float32]], NDArray[np.float64] | None],
    shape: Sequence[int],
    source: TokenGrid | tuple[int, int],
    grids: Sequence[TokenGrid],
) -> TokenGrid | bool:
    """Find out how a step's tokens lie by changing parts of what it takes.

    Args:
        run: the step: (N, ...) -> (N, T, C), or None where it fails.
        shape: of one of its inputs, without the batch: a map (h, w, c), or tokens (T, C).
        source: the grid of that input: (h, w) of a map.
        grids: what may be; of each, the extra tokens may also come last.

    Returns:
        The grid; True where each change reaches most tokens, so that nothing can be told; False where no grid fits.
    """
    rng = np.random.default_rng(0)
    base = rng.normal(size=(1, *shape)).astype(np.float32)
    placed = [replace(grid, before=k, after=grid.extra - k) for grid in grids for k in sorted({grid.extra, 0})[::-1]]
    fitting: list[TokenGrid] = []
    for grid in placed:
        cells = _probed_cells(grid)
        changed = np.concatenate([base] * (1 + len(cells)))
        for image, cell in zip(changed[1:], cells, strict=True):
            part = _part(image, source, grid, cell)
            if part is None:
                break
            part += rng.normal(size=part.shape).astype(np.float32)
        else:
            outputs = run(changed)
            if outputs is None or outputs.shape[:2] != (len(changed), grid.count):
                return True
            differences = np.abs(outputs[1:] - outputs[:1]).max(axis=2)
            if (differences > 1e-6 * max(differences.max(), 1e-30)).mean() > 0.9:
                return True
            expected = [grid.before + row * grid.width + column for row, column in cells]
            if (differences.argmax(axis=1) == expected).all():
                fitting.append(replace(grid, origin="measured"))
    return fitting[0] if len(fitting) == 1 else bool(fitting)


def _probed_cells(grid: TokenGrid) -> list[tuple[int, int]]:
    """Return the corners and a cell off the diagonal: no two grids and no other order agree on all of them."""
    rows, columns = grid.height - 1, grid.width - 1
    return sorted({(0, 0), (0, columns), (rows, 0), (rows, columns), (rows // 2, min(columns, rows // 2 + 1))})


def _part(
    values: NDArray[np.float32], source: TokenGrid | tuple[int, int], grid: TokenGrid, cell: tuple[int, int]
) -> NDArray[np.float32] | None:
    """Return the part of a step's input that a cell of the grid stands for, None where the grid does not cut it so."""
    if isinstance(source, TokenGrid):
        if (source.height, source.width) != (grid.height, grid.width):
            return None
        place = source.before + cell[0] * grid.width + cell[1]
        return values[place : place + 1]
    tall, wide = source[0] // grid.height, source[1] // grid.width
    if (tall * grid.height, wide * grid.width) != tuple(source):
        return None
    return values[cell[0] * tall : (cell[0] + 1) * tall, cell[1] * wide : (cell[1] + 1) * wide]
