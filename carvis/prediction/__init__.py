"""Predictions for new images: how sure they are, and whether the images are like those of training."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
