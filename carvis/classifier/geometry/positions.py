"""Following the places of the image through a model: how each tensor lies on it, and where places are mixed."""

from dataclasses import dataclass, replace

import keras
import numpy as np

from carvis.classifier.flat_graph import Call, FlatGraph
from carvis.classifier.geometry.cell_centres import exact_frame, usual_or_exact
from carvis.classifier.geometry.frame import Frame, frame_of, ramps

L = keras.layers
NORMALISING = (
    L.BatchNormalization, L.LayerNormalization, L.GroupNormalization, L.UnitNormalization, L.Normalization,
    L.RMSNormalization,
)  # fmt: skip
POOLING = (L.MaxPooling2D, L.AveragePooling2D)
# What leaves every value, or every group of values, at its place: no need to try it out.
_STAYING = (
    *NORMALISING, *POOLING, L.Dropout, L.SpatialDropout2D, L.GaussianNoise, L.GaussianDropout, L.AlphaDropout,
    L.Activation, L.ReLU, L.LeakyReLU, L.PReLU, L.ELU, L.Softmax, L.ZeroPadding2D, L.UpSampling2D, L.Rescaling,
    L.Identity, L.ActivityRegularization,
)  # fmt: skip
_ATTENTION = (L.MultiHeadAttention, L.GroupQueryAttention, L.Attention, L.AdditiveAttention)
_RECURRENT = (L.RNN, L.Bidirectional)
_PRODUCTS = ("Matmul", "Einsum", "Dot", "Tensordot", "DotProductAttention")
_SIDE_BY_SIDE = ("Concatenate", "Stack")
# Of two inputs and more, what these give at a place comes from that place.
_PLACE_BY_PLACE = (
    "Add", "Subtract", "Multiply", "Divide", "TrueDivide", "DivideNoNan", "Maximum", "Minimum", "Average", "Power",
    "Where", "Mod", "Arctan2", "SquaredDifference", "Logaddexp", "Hypot", "Greater", "GreaterEqual", "Less",
    "LessEqual", "Equal", "NotEqual", "LogicalAnd", "LogicalOr",
)  # fmt: skip
_BY_LAST_AXIS = (L.Dense, L.EinsumDense, L.Conv1D, L.SeparableConv1D, L.DepthwiseConv1D)


WHOLE = Frame()


@dataclass(frozen=True)
class Position:
    """How the cells of a tensor lie on the image.

    Attributes:
        layout: ``map`` (N, h, w, c), ``tokens`` (N, h * w, c), ``crossed`` (N, c, h * w); ``lost`` where the tensor
            has cells whose places are not known, ``none`` where it has no cells.
        grid: (h, w) of a tensor with known places.
        frame: where that grid lies on the image; borders that padding adds or that convolutions drop are left aside.
        exact: the same with these borders.
        trail: of a lost tensor, the ramps on their way through steps that only move values, and whence they started.
    """

    layout: str
    grid: tuple[int, int] | None = None
    frame: Frame | None = None
    trail: "tuple[np.ndarray, Position] | None" = None
    exact: Frame = WHOLE

    @property
    def place(self) -> Frame | None:
        """Where the map is to be laid on the image; None where that is not known, or where this is no map."""
        if self.layout != "map" or self.frame is None:
            return None
        return usual_or_exact(self.frame, self.exact, self.grid)

    @property
    def known(self) -> bool:
        """Whether the place on the image is known."""
        return self.frame is not None


NONE, LOST = Position("none"), Position("lost")


def learned(step) -> bool:
    """Tell whether a layer has weights with which it looks for something."""
    return bool(getattr(step, "weights", ())) and not isinstance(step, NORMALISING)


class Positions:
    """The positions of all tensors of a graph.

    Attributes:
        of: the position of each tensor, by its number.
        features: the numbers of tensors that are no longer an image: a layer that learns comes before them.
        softened: the numbers of tensors with a softmax before them that does not end the model.
    """

    def __init__(self, graph: FlatGraph):
        self.graph = graph
        self.of: dict[int, Position] = {}
        self.features: set[int] = set()
        self.softened: set[int] = set()
        self.mixing: set[int] = set()
        shape = graph.shapes[graph.image]
        grid = tuple(shape[1:3])
        self.of[graph.image] = Position("map", grid, Frame()) if None not in grid else LOST
        for number, call in enumerate(graph.calls):
            if call.is_input:
                continue
            signal = [source for source in call.sources if source in self.of]
            if not signal:
                continue
            mark = learned(call.operation) or any(source in self.features for source in signal)
            soft = _is_softmax(call.operation) or any(source in self.softened for source in signal)
            if self._mixes(call, signal):
                self.mixing.add(number)
            for output in call.outputs:
                self.of[output] = self._position(call, output, signal)
                self.features |= {output} if mark else set()
                self.softened |= {output} if soft else set()

    def _position(self, call: Call, output: int, signal: list[int]) -> Position:
        shape = self.graph.shapes[output]
        if len(shape) < 3 or shape[1:3] == (1, 1) or (len(shape) == 3 and shape[1] == 1):
            return NONE
        if None in shape[1:]:
            return LOST
        before = [self.of[source] for source in signal]
        if len(signal) > 1:
            return self._merged(call, shape, signal)
        position, step = before[0], call.operation
        if not (position.known or position.trail):
            return LOST if position.layout == "lost" else NONE
        moves = not (learned(step) or isinstance(step, _STAYING)) and len(call.outputs) == 1
        if moves:
            return self._moved(call, shape, position, signal[0])
        if not position.known:
            return LOST
        if position.layout == "map" and len(shape) >= 4:
            exact = exact_frame(step, position.grid, tuple(shape[1:3])).within(position.exact)
            return Position("map", tuple(shape[1:3]), position.frame, exact=exact)
        same = position.layout in ("tokens", "crossed") and len(shape) == 3
        cells = shape[1] if position.layout == "tokens" else shape[2]
        return position if same and position.grid and cells == position.grid[0] * position.grid[1] else LOST

    def _merged(self, call: Call, shape: tuple, signal: list[int]) -> Position:
        before = [self.of[source] for source in signal]
        known = [one for one in before if one.known and _fits(shape, one)]
        if not known:
            return LOST if any(one.known or one.layout == "lost" for one in before) else NONE
        frame = known[0].frame
        for other in known[1:]:
            frame = frame and frame.joined(other.frame) if other.layout == known[0].layout else None
        # A map of another size in a merge means that maps are laid side by side.
        stitched = any(one.known and not _fits(shape, one) for one in before)
        if frame is None or stitched or not self._merges_in_place(call, signal):
            return LOST
        exact = next((one.exact for one in known if one.frame == frame), known[0].exact)
        return Position(known[0].layout, known[0].grid, frame, exact=exact)

    def _merges_in_place(self, call: Call, signal: list[int]) -> bool:
        """Tell whether a step of several inputs leaves each value at its place, whatever the others are.

        One that moves a map as another input says, as a spatial transformer does, leaves it nowhere in particular.
        """
        step, name = call.operation, type(call.operation).__name__
        if name in _SIDE_BY_SIDE and type(step).__module__.startswith("keras."):
            # Side by side along the batch, each image would be several.
            return getattr(step, "axis", -1) not in (0, -len(call.shape))
        known = type(step).__module__.startswith("keras.") and name in _PLACE_BY_PLACE
        if known or learned(step) or isinstance(step, _ATTENTION) or name in _PRODUCTS:
            return True
        moved = next(one for one in signal if self.of[one].known and _fits(call.shape, self.of[one]))
        position, rng, found = self.of[moved], np.random.default_rng(0), []
        for _ in range(2):
            # All but one input are the same everywhere, and other from one trial to the next.
            given = {source: self._same_everywhere(source, rng) for source in call.sources}
            given[moved] = self._ramps(position, moved)
            made = _tried(call, [given[source] for source in call.sources])
            if made is None or made.shape != (4, *call.shape[1:]):
                return False
            over = {"map": tuple(range(3, made.ndim)), "tokens": 2, "crossed": 1}[position.layout]
            found.append(frame_of(position.grid, made.mean(axis=over).reshape(4, *position.grid)))
        return found == [WHOLE, WHOLE]

    def _moved(self, call: Call, shape: tuple, position: Position, source: int) -> Position:
        """Try out what a step without weights does to places."""
        given, start = position.trail or (self._ramps(position, source), position)
        made = _tried(call, [given])
        if made is not None and len(made) != len(given):
            return LOST
        if made is None or made.shape[1:] != tuple(shape[1:]):
            stays = position.layout == "map" and len(shape) == 4 and tuple(shape[1:3]) == position.grid
            return position if stays else LOST
        lost = Position("lost", trail=(made.astype(np.float32), start))
        height, width = start.grid
        cells = height * width
        if made.ndim == 3 and made.shape[1] == cells and np.ptp(made[2], axis=1).max(initial=0) < 1e-6:
            layout, grid, after = "tokens", start.grid, made.mean(axis=2).reshape(4, height, width)
        elif made.ndim == 3 and made.shape[2] == cells and np.ptp(made[2], axis=0).max(initial=0) < 1e-6:
            layout, grid, after = "crossed", start.grid, made.mean(axis=1).reshape(4, height, width)
        elif made.ndim >= 4:
            layout, grid, after = "map", made.shape[1:3], made.reshape(*made.shape[:3], -1).mean(axis=3)
        else:
            return lost
        padded = bool(getattr(call.operation, "pad_to_aspect_ratio", False))
        moved = frame_of(start.grid, after, padded=padded)
        if moved is None:
            # Values are changed otherwise than by moving them, and stay where they are.
            stays = layout == position.layout and tuple(grid) == position.grid and not _only_moved(made, given)
            return position if stays else lost
        if source in self.features and not moved.upright:
            moved = replace(moved, trimmed=True)
        exact = frame_of(start.grid, after, exact=True).within(start.exact)
        return Position(layout, tuple(grid), moved.within(start.frame), exact=exact)

    def _ramps(self, position: Position, source: int) -> np.ndarray:
        height, width = position.grid
        shape, made = self.graph.shapes[source][1:], ramps(height, width)
        if position.layout == "map":
            return np.broadcast_to(made.reshape(4, height, width, *[1] * (len(shape) - 2)), (4, *shape)).copy()
        rows = made.reshape(4, -1, 1) if position.layout == "tokens" else made.reshape(4, 1, -1)
        return np.broadcast_to(rows, (4, *shape)).copy()

    def _same_everywhere(self, source: int, rng: np.random.Generator) -> np.ndarray:
        """Make up a tensor: a map that is the same at each place, or a vector of numbers that differ."""
        shape = (1, *self.graph.shapes[source][1:])
        values = rng.uniform(0.2, 0.9, shape if len(shape) == 2 else 1)
        return np.broadcast_to(values, (4, *shape[1:])).astype(np.float32)

    def _mixes(self, call: Call, signal: list[int]) -> bool:
        """Tell whether a step lets distant places answer for each other, and still gives something at each of them."""
        step = call.operation
        ranks = [len(self.graph.shapes[source]) for source in signal]
        # A sum over places leaves one vector: attention that only pools.
        if len(call.shape) < 3 or max(ranks) < 3 or (len(call.shape) == 3 and 1 in call.shape[1:]):
            return False
        if isinstance(step, (*_ATTENTION, *_RECURRENT)):
            return True
        if type(step).__name__ in _PRODUCTS and len(signal) > 1:
            return any(source in self.softened for source in signal)
        lost = any(self.of[source].layout in ("crossed", "lost") for source in signal)
        if isinstance(step, _BY_LAST_AXIS):
            return lost
        return learned(step) and not type(step).__module__.startswith("keras.") and self._reaches_far(call, signal)

    def _reaches_far(self, call: Call, signal: list[int]) -> bool:
        """Try out whether a layer of anyone's own carries a change in one corner to the opposite one."""
        try:
            shapes = [(1, *self.graph.shapes[source][1:]) for source in signal]
            rng = np.random.default_rng(0)
            first = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
            second = [one.copy() for one in first]
            for one in second:
                one[(0, 0, 0) if one.ndim == 4 else (0, 0)] += 1
            outs = []
            for given in (first, second):
                tensors = dict(zip(map(id, call.node.input_tensors), map(keras.ops.convert_to_tensor, given)))
                args, kwargs = call.node.arguments.fill_in(tensors)
                if getattr(call.operation, "_call_has_training_arg", False):
                    kwargs["training"] = False
                outs.append(keras.ops.convert_to_numpy(keras.tree.flatten(call.operation(*args, **kwargs))[0])[0])
            corner = (-1, -1) if outs[0].ndim == 3 else (-1,)
            return bool(np.abs(outs[0][corner] - outs[1][corner]).max() > 1e-7)
        # What cannot be tried out is not known to mix.
        except Exception:
            return False


def _fits(shape: tuple, position: Position) -> bool:
    if position.layout == "map":
        return len(shape) >= 4 and tuple(shape[1:3]) == position.grid
    cells = position.grid[0] * position.grid[1]
    return len(shape) == 3 and shape[1 if position.layout == "tokens" else 2] == cells


def _tried(call: Call, given: list[np.ndarray]) -> np.ndarray | None:
    """Return what a step makes of arrays, the last of them for all inputs left; None where it cannot take them."""
    try:
        arrays = [given[min(i, len(given) - 1)] for i in range(len(call.node.input_tensors))]
        tensors = dict(zip(map(id, call.node.input_tensors), map(keras.ops.convert_to_tensor, arrays)))
        args, kwargs = call.node.arguments.fill_in(tensors)
        if getattr(call.operation, "_call_has_training_arg", False):
            kwargs["training"] = False
        out = keras.tree.flatten(call.operation(*args, **kwargs))
        return np.asarray(keras.ops.convert_to_numpy(out[0]), np.float64) if len(out) == 1 else None
    # Whatever a step of anyone's own does with maps like these: it is then not known to move anything.
    except Exception:
        return None


def _only_moved(made: np.ndarray, given: np.ndarray) -> bool:
    """Tell whether a step hands on values as they are, only elsewhere."""
    same = np.allclose(made[0], 0, atol=1e-6) and np.allclose(made[1], 1, atol=1e-6)
    before, after = (np.round(np.asarray(one, np.float64), 5) for one in (given, made))
    return same and all(np.isin(after[i], before[i]).all() for i in (2, 3))


def _is_softmax(step) -> bool:
    name = getattr(getattr(step, "activation", None), "__name__", "")
    return type(step).__name__ == "Softmax" or name == "softmax"
