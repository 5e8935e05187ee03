"""Models against each other on the same images: who is right where, whether a gap is real, how honest confidence is.

Plain numpy functions, a concept a file, and ``compare``, which puts them together. Loads no TensorFlow.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
