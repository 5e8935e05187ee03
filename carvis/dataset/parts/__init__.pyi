from .annotations import box_parts, find_parts, read_parts
from .parts import BACKGROUNDS, REST, Parts

__all__ = [
    "BACKGROUNDS",
    "REST",
    "Parts",
    "box_parts",
    "find_parts",
    "read_parts",
]
