"""Shapes as values in a graph of Keras 2: what ``tf.shape`` gives, of which some sides may be open."""

from collections.abc import Iterable, Sequence
from typing import Any

import keras


class Open:
    """The type of ``OPEN``."""


OPEN = Open()
Side = int | Open


class ShapeValue:
    """The value of ``tf.shape``: whole numbers, and ``OPEN`` for the batch and for sides that a model leaves open."""

    def __init__(self, sides: Iterable[Side]):
        self.sides = list(sides)


def shape_value(x: keras.KerasTensor) -> ShapeValue:
    """Return the shape of a tensor."""
    return ShapeValue(OPEN if side is None else side for side in x.shape)


def sides_of(shape: ShapeValue | Sequence[Any]) -> list[Any]:
    """Return the sides of a shape, be it the value of ``tf.shape`` or a list."""
    return shape.sides if isinstance(shape, ShapeValue) else list(shape)


def static_sides(shape: ShapeValue | Sequence[Any]) -> list[int]:
    """Return a shape with -1 for the one side that may be open.

    Raises:
        TypeError: several sides are open.
    """
    sides = [-1 if side is OPEN else side for side in sides_of(shape)]
    if sides.count(-1) > 1 or not all(isinstance(side, int) for side in sides):
        raise TypeError("several sides are open")
    return sides
