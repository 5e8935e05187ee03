"""Matplotlib figures for files and reports: each function returns a Figure and never shows it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
