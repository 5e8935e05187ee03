"""``FilterPatterns``: the patterns of one layer and how they were made."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from carvis.images import write_image
from carvis.workspace import atomic_write, json_text, staged_folder


@dataclass(frozen=True, eq=False)
class FilterPatterns:
    """Patterns of some filters of one layer.

    Attributes:
        images: uint8 (n, size, size, 3 or 1); a filter that never answered is black.
        filters: the index of each.
        deaf: the indices of filters that had no gradient at any start.
        retried: the indices of filters that answered only from a second or third, wider noise.
        layer, model_name, fingerprint, preprocessing, settings: what made them.
    """

    images: np.ndarray
    filters: tuple[int, ...]
    deaf: tuple[int, ...]
    retried: tuple[int, ...]
    layer: str
    model_name: str
    fingerprint: str
    preprocessing: str
    settings: dict

    def _repr_html_(self) -> str | None:
        from carvis.explain.display import filters_html

        return filters_html(self)

    def grid(self, columns: int = 8, margin: int = 5) -> np.ndarray:
        """Lay the patterns out row by row on black: uint8 (H, W, 3).

        Args:
            margin: pixels between two patterns; a filter that never answered is crossed out.
        """
        count, size = len(self.images), self.images.shape[1]
        columns = max(1, min(columns, count))
        rows = -(-count // columns)
        step = size + margin
        canvas = np.zeros((rows * step - margin, columns * step - margin, 3), np.uint8)
        for place, (index, image) in enumerate(zip(self.filters, self.images, strict=True)):
            top, left = step * (place // columns), step * (place % columns)
            tile = crossed(size) if index in self.deaf else image
            canvas[top : top + size, left : left + size] = tile
        return canvas

    @property
    def facts(self) -> dict:
        """Everything but the pictures."""
        return {key: value for key, value in asdict(self).items() if key != "images"}

    def as_json(self, **more) -> str:
        """Return how the patterns were made as JSON."""
        return json_text(self.facts | more, indent=1) + "\n"

    def save(self, path: str | Path, columns: int = 8, margin: int = 5) -> Path:
        """Write the grid as PNG, and beside it a ``.json`` that says how it was made."""
        path = Path(path).with_suffix(".png")
        with staged_folder(path.parent, replace=True) as made:
            write_image(made / path.name, self.grid(columns, margin))
            atomic_write((made / path.name).with_suffix(".json"), self.as_json(columns=columns, margin=margin))
        return path


def crossed(size: int) -> np.ndarray:
    """A dark tile with a cross: uint8 (size, size, 3)."""
    tile = np.full((size, size, 3), 24, np.uint8)
    along = np.arange(size)
    tile[along, along] = tile[along, size - 1 - along] = 90
    return tile
