from .csv_exchange import export_tags, import_tags
from .database import TagError
from .tags import TAGS, NoteChangedError, Tags

__all__ = [
    "TAGS",
    "NoteChangedError",
    "TagError",
    "Tags",
    "export_tags",
    "import_tags",
]
