"""How each tensor of a model lies on the image, and which layers mix distant places."""

from dataclasses import replace

import keras
import numpy as np
from numpy.typing import NDArray

from carvis.classifier.flat_graph import Call, FlatGraph, Shape
from carvis.classifier.geometry.call_outputs import single_output
from carvis.classifier.geometry.frame import Frame, frame_of, ramps
from carvis.classifier.geometry.layout import LOST, NONE, WHOLE, Kind, SpatialLayout, fits, of_tokens, place_of
from carvis.classifier.geometry.mixing import ATTENTION, NORMALISING, PRODUCTS, foreign, learned, mixes
from carvis.classifier.geometry.receptive_field import exact_frame
from carvis.classifier.geometry.token_grid import (
    MOST_EXTRA,
    GivenTokens,
    TokenGrid,
    grids_of,
    measured_grid,
)
from carvis.classifier.graph import Step

L = keras.layers
POOLING = (L.MaxPooling2D, L.AveragePooling2D)
# Layers that leave every value, or every group of values, at its place: not probed.
_STAYING = (
    *NORMALISING, *POOLING, L.Dropout, L.SpatialDropout2D, L.GaussianNoise, L.GaussianDropout, L.AlphaDropout,
    L.Activation, L.ReLU, L.LeakyReLU, L.PReLU, L.ELU, L.Softmax, L.ZeroPadding2D, L.UpSampling2D, L.Rescaling,
    L.Identity, L.ActivityRegularization,
)  # fmt: skip
_SIDE_BY_SIDE = ("Concatenate", "Stack")
# Of two inputs and more, what these give at a place comes from that place.
_PLACE_BY_PLACE = (
    "Add", "Subtract", "Multiply", "Divide", "TrueDivide", "DivideNoNan", "Maximum", "Minimum", "Average", "Power",
    "Where", "Mod", "Arctan2", "SquaredDifference", "Logaddexp", "Hypot", "Greater", "GreaterEqual", "Less",
    "LessEqual", "Equal", "NotEqual", "LogicalAnd", "LogicalOr",
)  # fmt: skip


class SpatialLayouts:
    """How all tensors of a graph lie on the image.

    Attributes:
        of: the layout of each tensor, by its number.
        features: the numbers of tensors that are no longer an image: a layer that learns comes before them.
        attention: the numbers of tensors with a softmax before them, as attention weights have.
        mixing: the numbers of calls that mix distant places.
        ambiguous: the grids that each tensor of tokens may have where more than one fits, by its number.
    """

    def __init__(self, graph: FlatGraph, given: GivenTokens | None = None) -> None:
        self.graph, self.given = graph, given or GivenTokens()
        self.of: dict[int, SpatialLayout] = {}
        self.features: set[int] = set()
        self.attention: set[int] = set()
        self.mixing: set[int] = set()
        self.ambiguous: dict[int, list[TokenGrid]] = {}
        _, height, width, *_rest = graph.shapes[graph.image]
        sized = height is not None and width is not None
        self.of[graph.image] = SpatialLayout("map", (height, width), Frame()) if sized else LOST
        for number, call in enumerate(graph.calls):
            if call.is_input:
                continue
            signal = [source for source in call.sources if source in self.of]
            if not signal:
                continue
            feature = learned(call.operation) or any(source in self.features for source in signal)
            attention = _is_softmax(call.operation) or any(source in self.attention for source in signal)
            if mixes(call, signal, graph.shapes, self.of, self.attention):
                self.mixing.add(number)
            for output in call.outputs:
                layout = self._layout(call, output, signal)
                self.of[output] = self._with_tokens(call, output, signal, layout, feature)
                self.features |= {output} if feature else set()
                self.attention |= {output} if attention else set()

    def _layout(self, call: Call, output: int, signal: list[int]) -> SpatialLayout:
        shape = self.graph.shapes[output]
        if len(shape) < 3 or shape[1:3] == (1, 1) or (len(shape) == 3 and shape[1] == 1):
            return NONE
        if None in shape[1:]:
            return LOST
        before = [self.of[source] for source in signal]
        if len(signal) > 1:
            return self._merged(call, shape, signal)
        layout, step = before[0], call.operation
        if not (layout.known or layout.trail):
            return LOST if layout.kind == "lost" else NONE
        moves = not (learned(step) or isinstance(step, _STAYING)) and len(call.outputs) == 1
        if moves:
            return self._moved(call, shape, layout, signal[0])
        if not layout.known:
            return LOST
        if layout.kind == "map" and len(shape) >= 4:
            grid = (shape[1], shape[2])
            exact = exact_frame(step, layout.grid, grid).within(layout.exact)
            return SpatialLayout("map", grid, layout.frame, exact=exact)
        same = layout.kind in ("tokens", "crossed") and len(shape) == 3
        count = shape[1] if layout.kind == "tokens" else shape[2]
        return layout if same and count == layout.count else LOST

    def _with_tokens(
        self, call: Call, output: int, signal: list[int], layout: SpatialLayout, feature: bool
    ) -> SpatialLayout:
        """Return the layout, or that of tokens whose grid is given, measured or counted."""
        shape = self.graph.shapes[output]
        if len(shape) != 3 or None in shape[1:] or shape[1] == 1 or not self.of[self.graph.image].known:
            return layout
        count, image = shape[1], self.of[self.graph.image].grid
        given = self.given.of(count, grids_of(count, image)) if feature and layout.kind != "crossed" else None
        if given is not None:
            followed = layout.kind == "tokens" and (layout.grid, layout.extra) == place_of(given)
            return layout if followed else of_tokens(given, WHOLE, WHOLE)
        if layout.known or len(call.sources) != 1:
            return layout
        source = self.of[signal[0]]
        grids = self._grids(count, source)
        measured = self._measured(call, signal[0], grids) if source.known and grids else True
        if isinstance(measured, TokenGrid):
            # What is part of Keras and only moves values is as good as followed.
            measured = measured if foreign(call.operation) else replace(measured, origin=source.origin)
            return of_tokens(measured, source.frame, source.exact)
        # What is no part of Keras may cut patches and mix them at once: only their number is left.
        countable = measured and grids and learned(call.operation) and foreign(call.operation)
        # So many tokens were there before, in places that are not known.
        same = len(self.graph.shapes[signal[0]]) == 3 and self.graph.shapes[signal[0]][1] == count
        if not countable or same:
            return layout
        if len(grids) > 1:
            self.ambiguous[output] = grids
            return layout
        return of_tokens(grids[0], source.frame or WHOLE, source.exact)

    def _grids(self, count: int, source: SpatialLayout) -> list[TokenGrid]:
        """List the grids that a number of tokens allows, made from tokens, a map, or a tensor with unknown places."""
        if source.kind != "tokens":
            return grids_of(count, source.grid if source.known else self.of[self.graph.image].grid)
        extra = count - source.grid[0] * source.grid[1]
        return [TokenGrid(*source.grid, extra, origin="counted")] if 0 <= extra <= MOST_EXTRA else []

    def _measured(self, call: Call, source: int, grids: list[TokenGrid]) -> TokenGrid | bool:
        layout = self.of[source]
        if layout.kind == "crossed":
            return False
        shape = self.graph.shapes[source][1:]
        return measured_grid(lambda images: single_output(call, [images]), shape, layout.tokens or layout.grid, grids)

    def _merged(self, call: Call, shape: Shape, signal: list[int]) -> SpatialLayout:
        before = [self.of[source] for source in signal]
        aligned = [layout for layout in before if layout.known and fits(shape, layout)]
        if not aligned:
            if (joined := self._with_extra_tokens(call, shape, signal)) is not None:
                return joined
            return LOST if any(layout.known or layout.kind == "lost" for layout in before) else NONE
        frame = aligned[0].frame
        for other in aligned[1:]:
            if frame is not None and other.frame is not None:
                frame = frame.joined(other.frame) if other.kind == aligned[0].kind else None
        # A map of another size in a merge means that maps are laid side by side.
        stitched = any(layout.known and not fits(shape, layout) for layout in before)
        if frame is None or stitched or not self._merges_in_place(call, signal):
            return LOST
        exact = next((layout.exact for layout in aligned if layout.frame == frame), aligned[0].exact)
        return replace(aligned[0], frame=frame, exact=exact, trail=None)

    def _with_extra_tokens(self, call: Call, shape: Shape, signal: list[int]) -> SpatialLayout | None:
        """Return the layout of tokens with extra ones before or behind, None where a step does not join such."""
        joins = type(call.operation).__name__ == "Concatenate" and getattr(call.operation, "axis", -1) in (1, -2)
        placed = [source for source in signal if self.of[source].known]
        if not joins or len(shape) != 3 or len(placed) != 1 or self.of[placed[0]].kind != "tokens":
            return None
        counts = [self.graph.shapes[source][1] for source in call.sources]
        place, layout = call.sources.index(placed[0]), self.of[placed[0]]
        if None in counts or sum(counts) != shape[1] or shape[1] - counts[place] > MOST_EXTRA:
            return None
        before, after = layout.extra
        return replace(layout, extra=(before + sum(counts[:place]), after + sum(counts[place + 1 :])))

    def _merges_in_place(self, call: Call, signal: list[int]) -> bool:
        """Tell whether a step of several inputs leaves each value at its place, whatever the others are.

        One that moves a map as another input says, as a spatial transformer does, leaves it nowhere in particular.
        """
        step, name = call.operation, type(call.operation).__name__
        if name in _SIDE_BY_SIDE and type(step).__module__.startswith("keras."):
            # Side by side along the batch, each image would be several.
            return getattr(step, "axis", -1) not in (0, -len(call.shape))
        place_by_place = type(step).__module__.startswith("keras.") and name in _PLACE_BY_PLACE
        if place_by_place or learned(step) or isinstance(step, ATTENTION) or name in PRODUCTS:
            return True
        placed = next(tensor for tensor in signal if self.of[tensor].known and fits(call.shape, self.of[tensor]))
        layout, rng = self.of[placed], np.random.default_rng(0)
        frames: list[Frame | None] = []
        for _ in range(2):
            # All but one input are the same everywhere, and differ between the two attempts.
            inputs = {source: self._same_everywhere(source, rng) for source in call.sources}
            inputs[placed] = self._ramps(layout, placed)
            outputs = single_output(call, [inputs[source] for source in call.sources])
            if outputs is None or outputs.shape != (4, *call.shape[1:]):
                return False
            channels = {"map": tuple(range(3, outputs.ndim)), "tokens": (2,), "crossed": (1,)}[layout.kind]
            frames.append(frame_of(layout.grid, layout.on_grid(outputs.mean(axis=channels).reshape(4, -1))))
        return frames == [WHOLE, WHOLE]

    def _moved(self, call: Call, shape: Shape, layout: SpatialLayout, source: int) -> SpatialLayout:
        """Probe how a step without weights moves places."""
        ramps, start = layout.trail or (self._ramps(layout, source), layout)
        outputs = single_output(call, [ramps])
        if outputs is not None and len(outputs) != len(ramps):
            return LOST
        if outputs is None or outputs.shape[1:] != tuple(shape[1:]):
            unmoved = layout.kind == "map" and len(shape) == 4 and tuple(shape[1:3]) == layout.grid
            return layout if unmoved else LOST
        lost = SpatialLayout("lost", trail=(outputs.astype(np.float32), start))
        height, width = grid = start.grid
        cells = height * width
        kind: Kind
        extra = (0, 0)
        if outputs.ndim == 3 and start.tokens and sum(start.extra) and outputs.shape[1] == start.count:
            kind, extra, after = "tokens", start.extra, start.on_grid(outputs.mean(axis=2))
        elif outputs.ndim == 3 and outputs.shape[1] == cells and np.ptp(outputs[2], axis=1).max(initial=0) < 1e-6:
            kind, after = "tokens", outputs.mean(axis=2).reshape(4, height, width)
        elif outputs.ndim == 3 and outputs.shape[2] == cells and np.ptp(outputs[2], axis=0).max(initial=0) < 1e-6:
            kind, after = "crossed", outputs.mean(axis=1).reshape(4, height, width)
        elif outputs.ndim >= 4:
            kind, after = "map", outputs.reshape(*outputs.shape[:3], -1).mean(axis=3)
            grid = (outputs.shape[1], outputs.shape[2])
        else:
            return lost
        padded = bool(getattr(call.operation, "pad_to_aspect_ratio", False))
        frame = frame_of(start.grid, after, padded=padded)
        if frame is None:
            # Values are changed otherwise than by moving them, and stay where they are.
            unmoved = kind == layout.kind and grid == layout.grid and not _only_moved(outputs, ramps)
            return layout if unmoved else lost
        if source in self.features and not frame.upright:
            frame = replace(frame, trimmed=True)
        exact = frame_of(start.grid, after, exact=True)
        # Ramps start from a known layout, and the exact frame differs in rounding alone.
        assert exact is not None and start.frame is not None
        within = frame.within(start.frame), exact.within(start.exact)
        return SpatialLayout(kind, grid, within[0], exact=within[1], extra=extra, origin=start.origin)

    def _ramps(self, layout: SpatialLayout, source: int) -> NDArray[np.float32]:
        height, width = layout.grid
        shape, probe = self.graph.shapes[source][1:], ramps(height, width)
        if layout.kind == "map":
            return np.broadcast_to(probe.reshape(4, height, width, *[1] * (len(shape) - 2)), (4, *shape)).copy()
        flat = np.pad(probe.reshape(4, -1), ((0, 0), layout.extra))
        rows = flat[:, :, None] if layout.kind == "tokens" else flat[:, None]
        return np.broadcast_to(rows, (4, *shape)).copy()

    def _same_everywhere(self, source: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Make a probe: a map that is the same at each place, or a vector of different numbers."""
        shape = (1, *self.graph.shapes[source][1:])
        values = rng.uniform(0.2, 0.9, shape if len(shape) == 2 else 1)
        return np.broadcast_to(values, (4, *shape[1:])).astype(np.float32)


def _only_moved(outputs: NDArray[np.float64], inputs: NDArray[np.float32]) -> bool:
    """Tell whether a step passes values on unchanged, only elsewhere."""
    same = np.allclose(outputs[0], 0, atol=1e-6) and np.allclose(outputs[1], 1, atol=1e-6)
    before, after = (np.round(np.asarray(values, np.float64), 5) for values in (inputs, outputs))
    return same and all(np.isin(after[i], before[i]).all() for i in (2, 3))


def _is_softmax(step: Step) -> bool:
    name = getattr(getattr(step, "activation", None), "__name__", "")
    return type(step).__name__ == "Softmax" or name == "softmax"
