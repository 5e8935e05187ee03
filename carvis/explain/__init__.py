"""Heatmaps, where a model looks when it decides, and filter patterns, what single channels respond to."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
