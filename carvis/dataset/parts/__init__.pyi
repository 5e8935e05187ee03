from .annotations import box_parts, find_parts, read_parts
from .drawn import DrawnParts, Imported
from .image_order import drawing_order
from .part_box import LONGEST_PART, ImageParts, PartBox, part_name, part_names
from .parts import BACKGROUNDS, REST, Parts
from .shapes import Box
from .stored import stored_parts, with_drawn

__all__ = [
    "BACKGROUNDS",
    "LONGEST_PART",
    "REST",
    "Box",
    "DrawnParts",
    "ImageParts",
    "Imported",
    "PartBox",
    "Parts",
    "box_parts",
    "drawing_order",
    "find_parts",
    "part_name",
    "part_names",
    "read_parts",
    "stored_parts",
    "with_drawn",
]
