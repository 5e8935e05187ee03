"""carvis: train image classifiers with Keras and see where they look.

Names are resolved on first use, so that ``import carvis`` loads no TensorFlow.
"""

from typing import Any

import lazy_loader

__version__ = "0.1.0"

_resolve, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        # In a script or notebook, too, TensorFlow's start-up lines look like errors.
        from carvis.startup import quiet_tensorflow

        quiet_tensorflow()
    return _resolve(name)
