"""Health of a data set: broken files, duplicates within and across splits, and a split without leaks."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
