"""Text that people, Excel or scripts wrote: its encoding is found out; CSV that no spreadsheet runs."""

from carvis.tables.csv_file import escaped, to_csv, unescaped
from carvis.tables.encodings import Reading, readings, text_of

__all__ = ["Reading", "escaped", "readings", "text_of", "to_csv", "unescaped"]
