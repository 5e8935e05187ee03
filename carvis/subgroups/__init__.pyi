from .analysis import slices
from .image_table import ImageProperties, image_properties
from .model_comparison import compare_on_slices
from .properties import PROPERTIES, Condition, Property, property_name
from .result import Slice, Slices
from .settings import ShortcutSettings, SliceSettings
from .shortcut_analysis import shortcuts
from .shortcut_result import Shortcut, Shortcuts

__all__ = [
    "PROPERTIES",
    "Condition",
    "ImageProperties",
    "Property",
    "Shortcut",
    "ShortcutSettings",
    "Shortcuts",
    "Slice",
    "SliceSettings",
    "Slices",
    "compare_on_slices",
    "image_properties",
    "property_name",
    "shortcuts",
    "slices",
]
