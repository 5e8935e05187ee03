"""Concepts: what a model looks for in the images of a class, found without annotations (CRAFT).

Importing it loads no TensorFlow; finding concepts does.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
