"""Patching a method of a layer for a while: in one thread, undone in order."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

# Two threads that patch a layer at once would each restore the other's patch.
PATCHING = threading.RLock()


def in_this_thread(own: Callable, wrapper: Callable) -> Callable:
    """Return a function that runs ``wrapper(own, ...)`` for the calls of this thread alone, else ``own``.

    Another thread may use the model at the same time.
    """
    patching = threading.get_ident()

    def call(*args: Any, **kwargs: Any) -> Any:
        return wrapper(own, *args, **kwargs) if threading.get_ident() == patching else own(*args, **kwargs)

    return call


@contextlib.contextmanager
def patched(target: object, name: str, wrapper: Callable) -> Iterator[None]:
    """Run ``wrapper(own, ...)`` in place of a method of an object while the block lasts, in this thread alone.

    Threads that patch wait for each other. ``object`` sets and deletes, as Keras tracks what is set on a layer.
    """
    with PATCHING:
        before = target.__dict__.get(name)
        object.__setattr__(target, name, in_this_thread(getattr(target, name), wrapper))
        try:
            yield
        finally:
            if before is None:
                object.__delattr__(target, name)
            else:
                object.__setattr__(target, name, before)
