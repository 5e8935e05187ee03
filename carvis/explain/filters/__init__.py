"""Filter patterns: the images that single channels of a layer respond to most (activation maximisation).

The four parts, as in Lucid, are functions in a file each: what is maximised (``objective``), what is changed to
maximise it (``parametrisation``), what is done to the images before the model (``transforms``), how far a step goes
(``optimiser``). ``ascent`` is the loop, ``settings`` what travels from page and command line, ``cache`` the patterns on
disk, and ``render`` the call that brings them together.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
