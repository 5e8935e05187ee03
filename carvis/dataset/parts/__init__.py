"""Annotated parts of images: masks and boxes that people bring, read as one thing. Loads no TensorFlow."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
