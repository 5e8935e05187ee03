"""Filter patterns: the images that excite single channels of a layer most.

Each part is a file: what is to grow (``objective``), what is changed to make it grow (``parametrisation``), what is
done to the image on its way to the model (``transforms``), the loop (``optimiser``), patterns on disk (``cache``), and
the call that brings them together (``render``).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
