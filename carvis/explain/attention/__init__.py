"""Attention on parts: what a model looks at and what it needs, over a whole test set.

Importing it loads no TensorFlow; measuring does.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
