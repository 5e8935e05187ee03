from .analysis import slices
from .embedding_properties import FeatureColumns, feature_columns
from .image_table import ImageProperties, image_properties
from .model_comparison import compare_on_slices
from .properties import PROPERTIES, Condition, Property, property_name
from .result import Slice, Slices
from .settings import ShortcutSettings, SliceSettings
from .shortcut_analysis import shortcuts
from .shortcut_result import Shortcut, Shortcuts
from .storage import SEARCH, slices_format

__all__ = [
    "PROPERTIES",
    "SEARCH",
    "Condition",
    "FeatureColumns",
    "ImageProperties",
    "Property",
    "Shortcut",
    "ShortcutSettings",
    "Shortcuts",
    "Slice",
    "SliceSettings",
    "Slices",
    "compare_on_slices",
    "feature_columns",
    "image_properties",
    "property_name",
    "shortcuts",
    "slices",
    "slices_format",
]
