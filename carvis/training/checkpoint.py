"""``checkpoint/state.npz``: all that a run needs to resume after its last finished epoch as if it had never ended."""

import contextlib
import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Required

import keras
import numpy as np
from annotated_types import Len
from numpy.typing import NDArray
from typing_extensions import TypedDict

from carvis.errors import TrainingError
from carvis.language import Message
from carvis.workspace import ArrayFile, Unusable, atomic_write, check_json, open_arrays, parse_json
from carvis.workspace.json_schema import Count, Listed, Mapped, Number

STATE = "checkpoint/state.npz"
# Each array must have the shape of its variable: what is bounded here is their sum.
_MAX_BYTES = 200_000_000_000
_NUMBERS = "fiub"


@dataclass
class TrainingState:
    """How far a training is, besides the values of its variables.

    Attributes:
        epochs, steps: finished.
        best_key: accuracy and negated loss of the best epoch so far.
        best_loss, best_accuracy: of validation, the best of each so far.
        waited: epochs since the last one that was better in loss or accuracy.
        metrics: of the best epoch.
        last: the facts of the last finished epoch.
        best: the weights of the best epoch, in the order of ``Model.get_weights``.
    """

    epochs: int = 0
    steps: int = 0
    best_epoch: int | None = None
    best_key: tuple[float, float] | None = None
    best_loss: float = math.inf
    best_accuracy: float = -1.0
    waited: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)
    best: list[NDArray[Any]] | None = field(default=None, repr=False)


class _LastEpoch(TypedDict, total=False):
    """The facts of the last finished epoch."""

    __pydantic_config__ = {"extra": "allow"}  # type: ignore[misc]  # noqa: RUF012  # pydantic reads it
    epoch: Required[Count]
    loss: Required[float]
    accuracy: Required[float]
    val_loss: Required[float]
    val_accuracy: Required[float]
    seconds: Required[Number]
    best: Required[bool]


class _StoredState(TypedDict):
    """A ``TrainingState`` without its weights; a loss that was never measured is infinite."""

    epochs: Count
    steps: Count
    best_epoch: Count | None
    best_key: Annotated[Listed[float], Len(2, 2)] | None
    best_loss: float
    best_accuracy: Number
    waited: Count
    metrics: Mapped[float | None]
    last: _LastEpoch | Annotated[dict, Len(0, 0)]


def save_state(path: Path, state: TrainingState, model: keras.Model, optimizer: keras.Optimizer) -> None:
    """Write the state, the variables of model and optimizer, and the random state of layers, whole or not at all."""
    variables = [*model.variables, *optimizer.variables]
    arrays = {f"variable_{i}": keras.ops.convert_to_numpy(variable) for i, variable in enumerate(variables)}
    # Weights that are the best now are among the variables already.
    if state.best is not None and state.best_epoch != state.epochs:
        arrays |= {f"best_{i}": weight for i, weight in enumerate(state.best)}
    facts = {name: value for name, value in vars(state).items() if name != "best"}
    buffer = io.BytesIO()
    np.savez(buffer, standing=json.dumps(facts), **arrays)
    atomic_write(path, buffer.getvalue())


def load_state(path: Path, model: keras.Model, optimizer: keras.Optimizer) -> TrainingState:
    """Assign the variables that ``save_state`` wrote for the same run, and return its state.

    Raises:
        TrainingError: the file is damaged, or it is another model's.
    """
    with _opened(path) as (file, state):
        variables = _stored_variables(model, optimizer, file.names)
        values = [
            file.read(f"variable_{i}", _NUMBERS, tuple(variable.shape) if variable is not None else ())
            for i, variable in enumerate(variables)
        ]
        if f"variable_{len(variables)}" in file.names:
            raise Unusable(Message("it belongs to another model"))
        if state.best_epoch not in (None, state.epochs):
            state.best = _best_weights(file, model)
    for variable, value in zip(variables, values, strict=True):
        if variable is not None:
            variable.assign(value)
    if state.best is None and state.best_epoch is not None:
        state.best = model.get_weights()
    return state


def load_best(path: Path, model: keras.Model) -> TrainingState:
    """Assign the weights of the best epoch that ``save_state`` wrote for the same run, and return its state.

    Raises:
        TrainingError: as ``load_state``.
    """
    with _opened(path) as (file, state):
        if state.best_epoch in (None, state.epochs):
            values = [file.read(f"variable_{i}", _NUMBERS, tuple(v.shape)) for i, v in enumerate(model.variables)]
            for variable, value in zip(model.variables, values, strict=True):
                variable.assign(value)
        else:
            model.set_weights(_best_weights(file, model))
    return state


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[ArrayFile, TrainingState]]:
    remedy = Message("remove it, and the run starts again from the beginning")
    with open_arrays(path, max_bytes=_MAX_BYTES, remedy=remedy, error=TrainingError) as file:
        facts = parse_json(file.text("standing"), path, nan=True, remedy=remedy, error=TrainingError)
        yield file, TrainingState(**check_json(facts, _StoredState, path, remedy=remedy, error=TrainingError))


def _best_weights(file: ArrayFile, model: keras.Model) -> list[NDArray[Any]]:
    return [file.read(f"best_{i}", _NUMBERS, weight.shape) for i, weight in enumerate(model.get_weights())]


def _stored_variables(
    model: keras.Model, optimizer: keras.Optimizer, names: Sequence[str]
) -> list[keras.Variable | None]:
    """Return the variable of each stored array; None for the learning rate, which earlier versions stored."""
    variables: list[keras.Variable | None] = [*model.variables, *optimizer.variables]
    if f"variable_{len(variables)}" in names and f"variable_{len(variables) + 1}" not in names:
        # It stands behind the number of steps, the first variable of an optimizer.
        variables.insert(len(model.variables) + 1, None)
    return variables
