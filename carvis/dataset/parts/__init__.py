"""Annotated parts of images: masks and boxes that people bring, read as one thing. Loads no TensorFlow."""

from carvis.dataset.parts.annotations import box_parts, find_parts, read_parts
from carvis.dataset.parts.parts import REST, Parts

__all__ = ["REST", "Parts", "box_parts", "find_parts", "read_parts"]
