"""The space of images: what a model's scores are made from, one vector an image, and what lies near what in it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
