"""Training: recipes on ``keras.Model.fit``, and the run directory that says everything about a run."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
