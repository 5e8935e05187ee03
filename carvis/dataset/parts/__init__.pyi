from .annotations import box_parts, find_parts, read_parts
from .parts import REST, Parts

__all__ = [
    "REST",
    "Parts",
    "box_parts",
    "find_parts",
    "read_parts",
]
