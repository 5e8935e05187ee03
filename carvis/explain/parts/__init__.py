"""Annotated parts of pictures: masks and boxes that people bring, read as one thing. Loads no TensorFlow."""

from carvis.explain.parts.parts import REST, Parts
from carvis.explain.parts.reading import box_parts, find_parts, read_parts

__all__ = ["REST", "Parts", "box_parts", "find_parts", "read_parts"]
