"""Text that people, Excel or scripts wrote: its encoding is found out."""

from carvis.tables.encodings import Reading, readings, text_of

__all__ = ["Reading", "readings", "text_of"]
