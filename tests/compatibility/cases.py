"""A tiny model around one layer, that each Keras can build."""

from collections.abc import Callable

# Shapes without the batch.
VECTOR, SERIES, IMAGE = (6,), (5, 4), (8, 10, 3)


class Case:
    """A tiny model around one layer.

    Args:
        shapes: of its inputs.
        call: takes the module ``layers`` of a Keras and the input tensors, gives the output.
        dtype: of the inputs.
        writers: the Keras that know these settings.
    """

    def __init__(self, *shapes: tuple, call: Callable, dtype: str = "float32", writers=("keras 2", "keras 3")):
        self.shapes, self.call, self.dtype, self.writers = shapes, call, dtype, writers

    def build(self, library):
        """Build the model with the module ``keras`` or ``tf_keras``."""
        tensors = [library.Input(shape, dtype=self.dtype) for shape in self.shapes]
        return library.Model(tensors[0] if len(tensors) == 1 else tensors, self.call(library.layers, *tensors))


def on(shape: tuple, make: Callable, **facts) -> Case:
    """A layer on one input."""
    return Case(shape, call=lambda L, x: make(L)(x), **facts)


def variants(shape: tuple, name: str, *settings: dict, positional: tuple = ()) -> list[Case]:
    return [
        on(shape, lambda L, chosen=chosen: getattr(L, name)(*positional, **chosen)) for chosen in (settings or ({},))
    ]


_INTERPOLATIONS = ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area"]
_OF_KERAS_2 = ("gaussian", "mitchellcubic")


def interpolated(name: str, *positional, **settings) -> list[Case]:
    """The layer with each interpolation that a Keras has."""

    def case(method: str, **facts) -> Case:
        return on(IMAGE, lambda L: getattr(L, name)(*positional, interpolation=method, **settings), **facts)

    return [
        *(case(method) for method in _INTERPOLATIONS),
        *(case(method, writers=("keras 2",)) for method in _OF_KERAS_2),
    ]
