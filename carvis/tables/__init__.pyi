from .csv_file import escaped, to_csv, unescaped
from .encodings import Reading, readings, text_of

__all__ = [
    "Reading",
    "escaped",
    "readings",
    "text_of",
    "to_csv",
    "unescaped",
]
