"""``ModelRequest``: the checked arguments of ``build_model``."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ModelRequest:
    """The arguments of ``build_model``, checked.

    Attributes:
        size: (height, width).
        backbone: a name in ``BACKBONES``; None for a network without one.
    """

    recipe: str
    n_classes: int
    size: tuple[int, int]
    weights: str | Path | None
    backbone: str | None
    channels: int = 3
    width: int = 32
    head_units: int | None = None
    dropout: float | None = None
    open_from: str | None = None
