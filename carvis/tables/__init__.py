"""Text that people, Excel or scripts wrote: its encoding is found out; CSV that no spreadsheet runs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
