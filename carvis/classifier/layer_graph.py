"""``LayerGraph``: every layer of a model that can be explained, and the one that all of the signal passes."""

from dataclasses import replace
from functools import cached_property

import keras
import numpy as np
from numpy.typing import NDArray

from carvis.classifier.dominators import dominator_chain, is_cut, reaches, upstream
from carvis.classifier.flat_graph import Call, FlatGraph
from carvis.classifier.geometry.frame import Frame
from carvis.classifier.geometry.spatial_layout import POOLING, SpatialLayouts
from carvis.classifier.geometry.token_grid import GivenTokens
from carvis.classifier.geometry.token_use import tokens_used
from carvis.classifier.layer_notes import ambiguous_tokens, layer_notes, token_notes, why_no_default
from carvis.errors import ModelError
from carvis.language import Message

L = keras.layers
CONVOLUTIONS = (L.Conv2D, L.DepthwiseConv2D, L.SeparableConv2D)
COMPLETING = (L.BatchNormalization, L.Activation, L.ReLU, L.LeakyReLU, L.PReLU, L.ELU)
# Layers that pass their input on, place by place or pooled, without detecting anything.
_PASSED = (
    *POOLING, L.GlobalAveragePooling2D, L.GlobalMaxPooling2D, L.Dropout, L.SpatialDropout2D, L.GaussianNoise,
    L.GaussianDropout, L.AlphaDropout, L.Reshape, L.Flatten, L.Permute, L.Identity, L.ActivityRegularization,
    L.ZeroPadding2D, L.Cropping2D, L.UpSampling2D, L.CenterCrop, L.Resizing, L.RandomFlip, L.RandomRotation,
    L.RandomZoom, L.RandomTranslation, L.Cropping1D, L.ZeroPadding1D,
)  # fmt: skip
_PASSED_OPERATIONS = (
    "Reshape", "Squeeze", "ExpandDims", "Identity", "Cast", "StopGradient", "MaxPool", "AveragePool", "Transpose",
    "Flip", "Resize", "Pad", "CropImages", "PadImages", "GetItem",
)  # fmt: skip
ALL_CALLS = "#*"


class LayerGraph:
    """The calls of a model's layers and operations by their paths, and how the signal runs through them.

    Args:
        model: a built model with one image input and one output.
        name: of the model, for sentences.
        input_size: (height, width), where the model leaves it open.
        given: what a person says of the model's tokens.
    """

    def __init__(
        self,
        model: keras.Model,
        name: str,
        input_size: tuple[int, int] | None = None,
        given: GivenTokens | None = None,
    ):
        self.name, self._given = name, given
        self.graph = FlatGraph(model, input_size)
        self.calls = [self._with_tokens(call) for call in self.graph.calls]
        self.by_path = {call.path: call for call in self.calls}

    @cached_property
    def _sources(self) -> dict[int, tuple[int, ...]]:
        """What each tensor is made from, without shortcuts that carry extra tokens alone past a layer of the grid.

        In the last block of a model with a class token, what runs past the attention is that token.
        """
        sources: dict[int, tuple[int, ...]] = {}
        for number, call in enumerate(self.calls):
            if not call.is_input:
                carried = tuple(source for source in call.sources if self._carries_grid(number, source))
                sources |= dict.fromkeys(call.outputs, carried)
        return sources

    def _carries_grid(self, number: int, source: int) -> bool:
        maker = self.graph.makers[source]
        tokens = self.calls[maker].tokens if maker is not None else None
        if tokens is None or (number, source) not in self._tokens_used[1]:
            return True
        used, through = self._tokens_used
        grid = tokens.on_grid()
        return bool(through[number, source][grid].any() or not used[source][grid].any())

    @cached_property
    def _chain(self) -> list[int]:
        return dominator_chain(self._sources, self.graph.image, self.graph.output)

    @cached_property
    def _on_all_paths(self) -> frozenset[int]:
        return frozenset(self._chain)

    @cached_property
    def layouts(self) -> SpatialLayouts:
        """How all tensors of the model lie on the image."""
        return SpatialLayouts(self.graph, self._given)

    def _with_tokens(self, call: Call) -> Call:
        # Of models without such outputs nothing is probed before it is needed.
        if call.is_input or len(call.outputs) != 1 or len(call.shape) != 3:
            return call
        layout = self.layouts.of.get(call.outputs[0])
        return call if layout is None or layout.tokens is None else replace(call, tokens=layout.tokens)

    @cached_property
    def _tokens_used(self) -> tuple[dict[int, NDArray[np.bool_]], dict[tuple[int, int], NDArray[np.bool_]]]:
        return tokens_used(self.graph, self.layouts)

    def tokens_used(self, call: Call) -> NDArray[np.bool_] | None:
        """Return which tokens of a call's output reach the model's output, bool (T,); None of what has no tokens."""
        return self._tokens_used[0].get(call.outputs[0]) if call.tokens else None

    def grid_used(self, call: Call) -> bool:
        """Tell whether any cell of a call's map reaches the model's output, be it not through a class token alone."""
        used = self.tokens_used(call)
        return used is None or call.tokens is None or bool(used[call.tokens.on_grid()].any())

    def maps(self) -> list[Call]:
        """List the calls whose output is a map larger than 1x1, in execution order."""
        return [call for call in self.calls if call.map_shape]

    def conv_layers(self) -> list[str]:
        """List the paths of all convolutions with a map larger than 1x1, each call its own, in execution order."""
        return [call.path for call in self.maps() if isinstance(call.operation, CONVOLUTIONS)]

    def completed_layers(self) -> list[str]:
        """List each convolution's path, or that of the normalisation and activation that follow it directly.

        Behind them come the layers of tokens, one or two a block of a transformer.
        """
        users: dict[int, list[Call]] = {}
        for call in self.calls:
            for source in call.sources:
                users.setdefault(source, []).append(call)
        completed = [self._completing(users, self.by_path[path]).path for path in self.conv_layers()]
        return list(dict.fromkeys([*completed, *self.token_layers()]))

    def token_layers(self) -> list[str]:
        """List the paths of the layers of tokens that all of the signal passes, as the outputs of blocks are."""
        passed = (self._maker(point) for point in reversed(self._chain))
        return [call.path for call in passed if call and call.tokens and call.map_shape and self._is_candidate(call)]

    def _completing(self, users: dict[int, list[Call]], call: Call) -> Call:
        while True:
            uses = users.get(call.outputs[0], [])
            if len(uses) != 1 or call.outputs[0] == self.graph.output or not isinstance(uses[0].operation, COMPLETING):
                return call
            # Softmax over channels is the output of a fully convolutional head, no part of the convolution.
            if getattr(getattr(uses[0].operation, "activation", None), "__name__", "") == "softmax":
                return call
            call = uses[0]

    def members(self, path: str) -> list[Call]:
        """Return the calls that a path stands for: one, or all calls of a layer for a path with ``#*``.

        Raises:
            ModelError: there is none.
        """
        if path in self.by_path:
            return [self.by_path[path]]
        if path in self.groups:
            return self.groups[path]
        raise ModelError(
            Message(
                "{name} has no layer {path}: `python -m carvis summary` lists its layers.", name=self.name, path=path
            )
        )

    @cached_property
    def groups(self) -> dict[str, list[Call]]:
        """The calls of layers that are called several times and have maps, under one path each."""
        shared: dict[int, list[Call]] = {}
        for call in self.maps():
            shared.setdefault(id(call.operation), []).append(call)
        return {_common_path(calls): calls for calls in shared.values() if len(calls) > 1}

    def frame(self, call: Call) -> Frame | None:
        """Return how a call's map lies on the image, None where that is not known."""
        if not call.outputs:
            return None
        layout = self.layouts.of.get(call.outputs[0])
        return layout.place if layout is not None else None

    def frame_of(self, path: str) -> Frame | None:
        """Return how the map of the one call at a path lies on the image, None where that is not known."""
        return self.frame(self.members(path)[0])

    def passes_all(self, path: str) -> bool:
        """Tell whether all of the signal passes a layer, or the calls that a path stands for together."""
        calls = self.members(path)
        if len(calls) == 1:
            return bool(calls[0].outputs) and calls[0].outputs[0] in self._on_all_paths
        return self._cuts(calls)

    def _cuts(self, calls: list[Call]) -> bool:
        points = [call.outputs[0] for call in calls]
        return is_cut(self._sources, self.graph.image, self.graph.output, points)

    @cached_property
    def default(self) -> str | None:
        """The last place that all of the signal passes and whose map's place on the image is known."""
        single = self._last_single()
        joint = self._last_joint()
        if joint and single:
            return joint if reaches(self._sources, single.outputs[0], self.groups[joint][0].outputs[0]) else single.path
        return joint or (single.path if single else None)

    def _last_single(self) -> Call | None:
        for point in self._chain:
            call = self._maker(point)
            if (
                call is not None
                and call.map_shape
                and self._is_candidate(call)
                and self.frame(call)
                and self.grid_used(call)
            ):
                return call
        return None

    def _maker(self, point: int) -> Call | None:
        maker = self.graph.makers[point]
        return None if maker is None else self.calls[maker]

    def _is_candidate(self, call: Call) -> bool:
        """Tell whether a map holds detected features, and does not only pass its one source on."""
        step = call.operation
        linear = isinstance(step, L.Activation) and step.activation.__name__ == "linear"
        passes_through = linear or isinstance(step, _PASSED) or type(step).__name__ in _PASSED_OPERATIONS
        return not passes_through and call.outputs[0] in self.layouts.features

    def _last_joint(self) -> str | None:
        """Return the last layer all of whose calls together are passed by all of the signal, each at its own place."""
        last = None
        for path, calls in self.groups.items():
            points = {call.outputs[0] for call in calls}
            apart = all(upstream(self._sources, point) & points == {point} for point in points)
            fits = apart and all(self._is_candidate(call) and self.frame(call) for call in calls) and self._cuts(calls)
            if fits and (last is None or self._comes_after(calls, self.groups[last])):
                last = path
        return last

    def _comes_after(self, calls: list[Call], others: list[Call]) -> bool:
        return reaches(self._sources, others[0].outputs[0], calls[0].outputs[0])

    def notes(self, path: str) -> tuple[Message, ...]:
        """Return one sentence on each caveat of a layer's map."""
        return layer_notes(self, path)

    def token_notes(self, path: str) -> tuple[Message, ...]:
        """Say how the tokens of a layer are laid on a grid; nothing of a layer without tokens."""
        return tuple(token_notes(self, path, self.members(path)))

    def check_tokens(self, call: Call) -> None:
        """Refuse tokens that more than one grid fits.

        Raises:
            ModelError: they are such, and the sentence names the grids.
        """
        if call.outputs and call.outputs[0] in self.layouts.ambiguous:
            raise ModelError(ambiguous_tokens(self, call.outputs[0]))

    @property
    def why_no_default(self) -> Message:
        """Say why no layer is explained by default, and what can be done."""
        return why_no_default(self)


def _common_path(calls: list[Call]) -> str:
    """Name all calls of a layer by one path: ``#*`` at each name under which they differ, else their paths together."""
    split = [call.path.split("/") for call in calls]
    if len({len(parts) for parts in split}) > 1:
        return "&".join(call.path for call in calls)
    common = []
    for parts in zip(*split):
        plain = {part.rstrip("0123456789").rstrip("#") if "#" in part else part for part in parts}
        if len(plain) > 1:
            return "&".join(call.path for call in calls)
        common.append(parts[0] if len(set(parts)) == 1 else f"{plain.pop()}{ALL_CALLS}")
    return "/".join(common)
