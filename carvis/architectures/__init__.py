"""Architectures: the own CNN, and bases of keras.applications built flat with a dense head."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
