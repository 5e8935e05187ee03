"""Hooks on the calls of a model's layers: what goes in and what comes out while the model runs."""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras

from carvis.classifier.flat_graph import Call
from carvis.classifier.method_patches import patched

# Called with the place of a call among those hooked, its first argument and its output.
Keep = Callable[[int, Any, Any], None]


def wrapped_call(layer: keras.Operation, wrapper: Callable) -> contextlib.AbstractContextManager[None]:
    """Run ``wrapper(call, *args)`` in place of the layer's ``call`` while the block lasts."""
    return patched(layer, "call", wrapper)


def call_index(layer: Call | keras.Operation) -> tuple[keras.Operation, int]:
    """Return a layer and the index of the call that is meant: of a layer by itself the first, 0."""
    return (layer.operation, layer.turn) if isinstance(layer, Call) else (layer, 0)


def as_map(layer: Call | keras.Operation | None, output: Any) -> Any:
    """Return what a hooked call gives, or anything of its shape, as a map (N, h, w, c); of a layer itself as it is."""
    return layer.as_map(output) if isinstance(layer, Call) else output


@contextlib.contextmanager
def hooked_calls(layers: Sequence[Call | keras.Operation], keep: Keep) -> Iterator[None]:
    """Hand the input and the output of each call to ``keep``, with its place in ``layers``, while the block lasts.

    A layer may be called several times in one pass: its calls are counted.
    """
    hooked: dict[int, tuple[keras.Operation, dict[int, list[int]]]] = {}
    for place, layer in enumerate(layers):
        operation, index = call_index(layer)
        hooked.setdefault(id(operation), (operation, {}))[1].setdefault(index, []).append(place)

    def counting(places: dict[int, list[int]]) -> Callable:
        indices = itertools.count()

        def wrapper(call: Callable, *args: Any, **kwargs: Any) -> Any:
            output = call(*args, **kwargs)
            for place in places.get(next(indices), ()):
                keep(place, next(iter((*args, *kwargs.values())), None), output)
            return output

        return wrapper

    with contextlib.ExitStack() as patches:
        for operation, places in hooked.values():
            patches.enter_context(wrapped_call(operation, counting(places)))
        yield
