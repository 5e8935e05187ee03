"""``FilterPatterns``: the patterns of one layer and how they were made."""

from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from carvis.explain.filters.settings import FilterSettings
from carvis.images import crossed_tile, write_image
from carvis.language import Message
from carvis.workspace import atomic_write, json_text, staged_folder

# Of the starting noise, in pixel values: the tutorial's first; a filter with no gradient there is tried again from
# wider noise.
SPREADS = (20.0, 80.0, 255.0)


@dataclass(frozen=True, eq=False)
class Pattern:
    """The pattern of one filter.

    Attributes:
        image: uint8 (size, size, c), black for a dead filter.
        attempt: place in ``SPREADS`` of the noise it was drawn from, ``len(SPREADS)`` for a dead filter.
    """

    image: NDArray[np.uint8]
    attempt: int

    @property
    def dead(self) -> bool:
        """Whether the filter had no gradient from any noise."""
        return self.attempt >= len(SPREADS)

    @property
    def retried(self) -> bool:
        """Whether the filter had a gradient only from wider noise."""
        return 0 < self.attempt < len(SPREADS)


@dataclass(frozen=True, eq=False)
class FilterPatterns:
    """Patterns of some filters of one layer.

    Attributes:
        images: uint8 (n, size, size, 3 or 1); that of a dead filter is black.
        filters: the index of each.
        dead: the indices of filters that had no gradient at any start.
        retried: the indices of filters that had a gradient only from a second or third, wider noise.
        layer, model_name, fingerprint, preprocessing, settings: what made them.
        functions: names of the objective, parametrisation, transforms and optimiser that were given, by argument.
    """

    images: NDArray[np.uint8]
    filters: tuple[int, ...]
    dead: tuple[int, ...]
    retried: tuple[int, ...]
    layer: str
    model_name: str
    fingerprint: str
    preprocessing: str
    settings: FilterSettings
    functions: dict[str, str] = field(default_factory=dict)

    def _repr_html_(self) -> str | None:
        from carvis.explain.display import filters_html

        return filters_html(self)

    @property
    def notes(self) -> tuple[Message, ...]:
        """Which filters had no gradient from the first noise, a sentence each."""
        notes = []
        if n := len(self.dead):
            notes.append(
                Message.of_number(
                    "{n} dead filter (✕), no gradient from any noise: {filters}",
                    "{n} dead filters (✕), no gradient from any noise: {filters}",
                    n,
                    filters=", ".join(map(str, self.dead)),
                )
            )
        if n := len(self.retried):
            notes.append(
                Message.of_number(
                    "{n} filter with a gradient only from wider noise (*): {filters}",
                    "{n} filters with a gradient only from wider noise (*): {filters}",
                    n,
                    filters=", ".join(map(str, self.retried)),
                )
            )
        return tuple(notes)

    def grid(self, columns: int = 8, margin: int = 5) -> NDArray[np.uint8]:
        """Lay the patterns out row by row on black: uint8 (H, W, 3).

        Args:
            margin: pixels between two patterns; a dead filter is crossed out.
        """
        count, size = len(self.images), self.images.shape[1]
        columns = max(1, min(columns, count))
        rows = -(-count // columns)
        step = size + margin
        canvas = np.zeros((rows * step - margin, columns * step - margin, 3), np.uint8)
        for place, (index, image) in enumerate(zip(self.filters, self.images, strict=True)):
            top, left = step * (place // columns), step * (place % columns)
            tile = crossed_tile(size) if index in self.dead else image
            canvas[top : top + size, left : left + size] = tile
        return canvas

    @property
    def facts(self) -> dict[str, object]:
        """Everything but the images."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name != "images"}
        return values | {"settings": self.settings.as_dict()}

    def as_json(self, **more: object) -> str:
        """Return how the patterns were made as JSON."""
        return json_text(self.facts | more, indent=1) + "\n"

    def save(self, path: str | Path, columns: int = 8, margin: int = 5) -> Path:
        """Write the grid as PNG, and beside it a ``.json`` that says how it was made."""
        path = Path(path).with_suffix(".png")
        with staged_folder(path.parent, replace=True) as folder:
            write_image(folder / path.name, self.grid(columns, margin))
            atomic_write((folder / path.name).with_suffix(".json"), self.as_json(columns=columns, margin=margin))
        return path
