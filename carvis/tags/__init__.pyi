from .csv_exchange import export_tags, import_tags
from .database import TagError
from .image_sets import ImageSets, SetExistsError
from .tags import TAGS, NoteChangedError, Tags

__all__ = [
    "TAGS",
    "ImageSets",
    "NoteChangedError",
    "SetExistsError",
    "TagError",
    "Tags",
    "export_tags",
    "import_tags",
]
