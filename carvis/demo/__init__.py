"""Drawn cars whose ground truth is known: the embedded demo data set with a mask for every part."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
