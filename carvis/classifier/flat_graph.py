"""The flat graph of a model: every call of every layer and operation, with nested models taken apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import keras

from carvis.classifier.files.scope_names import shown_name
from carvis.classifier.graph import Node, Step, calls_of

if TYPE_CHECKING:
    from carvis.classifier.geometry.token_grid import TokenGrid

# The sides of a tensor, None where one is open.
Shape: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer or operation; tensors are numbered within the graph.

    Attributes:
        path: names joined by ``/``; from its second call on, a layer or nested model is marked by the call's number,
            as in ``vgg16#2/block5_conv3``.
        operation: the layer or operation.
        number: 1 for the first call that this path names.
        turn: how many calls of the same operation come before this one when the model runs.
        sources, outputs: the tensors taken and given.
        shape: of the first output, the batch first.
        node: the call as Keras knows it; None for what no graph is known of.
        tokens: how the tokens of the one output (N, T, c) lie on a grid; None where it is no such output, or where
            that is not known.
    """

    path: str
    operation: Step
    number: int
    turn: int
    sources: tuple[int, ...]
    outputs: tuple[int, ...]
    shape: Shape
    node: Node = None
    tokens: "TokenGrid | None" = None

    @property
    def is_input(self) -> bool:
        """Whether this call is an input of the model."""
        return isinstance(self.operation, keras.layers.InputLayer)

    @property
    def has_map(self) -> bool:
        """Whether the one output is a map (N, h, w, c), or tokens that can be laid on a grid as one."""
        return len(self.outputs) == 1 and (len(self.shape) == 4 or self.tokens is not None)

    @property
    def map_shape(self) -> Shape | None:
        """(height, width, channels) where the one output is a map larger than 1x1, or tokens laid on one, else None."""
        if self.is_input or not self.has_map:
            return None
        sides = (self.tokens.height, self.tokens.width) if self.tokens else self.shape[1:3]
        return None if sides == (1, 1) else (*sides, self.shape[-1])

    def as_map(self, output: Any) -> Any:
        """Return the call's output, or anything of its shape, as a map (N, h, w, c)."""
        return self.tokens.lay(output) if self.tokens else output


def inner_graph(step: Step) -> keras.Model | None:
    """Return the functional model that a nested model runs, or None where no graph is known of it."""
    if isinstance(step, keras.Sequential):
        step = step._functional
    return step if isinstance(step, keras.Model) and hasattr(step, "_nodes_by_depth") else None


class FlatGraph:
    """All calls of a model in the order in which they run.

    Args:
        model: a built model with one image input and one output.
        input_size: (height, width), where the model leaves it open.

    Attributes:
        calls: the calls, those of inputs included.
        shapes: of each tensor, by its number.
        makers: the place in ``calls`` of the call that gives each tensor; None for the image itself.
        image, output: the numbers of the model's input and output.
    """

    def __init__(self, model: keras.Model, input_size: tuple[int, int] | None = None):
        self.calls: list[Call] = []
        self.shapes: list[Shape] = []
        self.makers: list[int | None] = []
        self._turns: dict[int, int] = {}
        shape = tuple(model.inputs[0].shape)
        sides = input_size or (None, None)
        self.image = self._tensor((shape[0], *(own or side for own, side in zip(shape[1:3], sides)), *shape[3:]), None)
        [self.output] = self._flatten(model, [self.image], "")

    def _tensor(self, shape: Shape, maker: int | None) -> int:
        self.shapes.append(tuple(shape))
        self.makers.append(maker)
        return len(self.shapes) - 1

    def _flatten(self, model: keras.Model, inputs: Sequence[int], prefix: str) -> list[int]:
        listed = not isinstance(model, keras.Sequential)
        model = inner_graph(model)
        numbers = dict(zip(map(id, model.inputs), inputs))
        names = _segments(model)
        for node in _nodes(model):
            step, path = node.operation, f"{prefix}{names[id(node)][0]}"
            if node.is_input:
                if listed and isinstance(step, keras.layers.InputLayer):
                    numbered = tuple(numbers[id(tensor)] for tensor in node.outputs if id(tensor) in numbers)
                    shape = self.shapes[numbered[0]] if numbered else ()
                    self.calls.append(Call(path, step, 1, 0, (), numbered, shape, node))
                continue
            # As Keras does: what cannot be computed is skipped.
            if any(id(tensor) not in numbers for tensor in node.input_tensors):
                continue
            sources = tuple(numbers[id(tensor)] for tensor in node.input_tensors)
            if inner_graph(step) is not None:
                outputs = self._flatten(step, sources, f"{path}/")
            else:
                outputs = self._call(path, names[id(node)][1], node, sources)
            numbers |= zip(map(id, node.outputs), outputs)
        return [numbers[id(tensor)] for tensor in model.outputs]

    def _call(self, path: str, number: int, node: Node, sources: tuple[int, ...]) -> list[int]:
        step = node.operation
        shapes = self._output_shapes(node, sources)
        outputs = [self._tensor(shape, len(self.calls)) for shape in shapes]
        turn = self._turns[id(step)] = self._turns.get(id(step), -1) + 1
        self.calls.append(Call(path, step, number, turn, sources, tuple(outputs), shapes[0] if shapes else (), node))
        return outputs

    def _output_shapes(self, node: Node, sources: tuple[int, ...]) -> list[Shape]:
        """Return the shapes that Keras recorded, or compute them where this call has other inputs."""
        recorded = [tuple(tensor.shape) for tensor in node.outputs]
        shapes = [self.shapes[source] for source in sources]
        if shapes == [tuple(tensor.shape) for tensor in node.input_tensors]:
            return recorded
        try:
            specs = [keras.KerasTensor(shape, dtype=tensor.dtype) for shape, tensor in zip(shapes, node.input_tensors)]
            args, kwargs = node.arguments.fill_in(dict(zip(map(id, node.input_tensors), specs)))
            outputs = keras.tree.flatten(node.operation.compute_output_spec(*args, **kwargs))
            return [tuple(tensor.shape) for tensor in outputs] if len(outputs) == len(recorded) else recorded
        # A custom layer may not support it.
        except Exception:
            return recorded


def _nodes(model: keras.Model) -> Iterator[Node]:
    for depth in sorted(model._nodes_by_depth, reverse=True):
        yield from model._nodes_by_depth[depth]


def _segments(model: keras.Model) -> dict[int, tuple[str, int]]:
    """Name each call within its own model by the layer's name and, from the second call on, the call's number."""
    segments = {}
    names = {shown_name(step) for step in model.operations}
    for step in model.operations:
        name = shown_name(step)
        for number, node in enumerate(calls_of(model, step), 1):
            mark = "#"
            while number > 1 and f"{name}{mark}{number}" in names:
                mark += "#"
            segments[id(node)] = (name if number == 1 else f"{name}{mark}{number}"), number
    return segments
