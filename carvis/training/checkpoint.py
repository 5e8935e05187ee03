"""``checkpoint/state.npz``: all that a run needs to go on after its last finished epoch as if it had never ended."""

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Required

import numpy as np
from annotated_types import Len
from typing_extensions import TypedDict

from carvis.errors import TrainingError
from carvis.language import Message
from carvis.training.loop import Loop, Standing
from carvis.workspace import Unusable, atomic_write, check_json, open_arrays, parse_json
from carvis.workspace.json_schema import Count, Listed, Mapped, Number

STATE = "checkpoint/state.npz"
# Each array must have the shape of its variable: what is bounded here is their sum.
_MAX_BYTES = 200_000_000_000
_NUMBERS = "fiub"


class Last(TypedDict, total=False):
    """The last epoch, as the checkpoint holds it."""

    __pydantic_config__ = {"extra": "allow"}  # noqa: RUF012
    epoch: Required[Count]
    loss: Required[float]
    accuracy: Required[float]
    val_loss: Required[float]
    val_accuracy: Required[float]
    seconds: Required[Number]
    best: Required[bool]


class Kept(TypedDict):
    """A loop's ``Standing``; a loss that was never measured is infinite."""

    epochs: Count
    steps: Count
    best_epoch: Count | None
    best_key: Annotated[Listed[float], Len(2, 2)] | None
    best_loss: float
    best_accuracy: Number
    waited: Count
    metrics: Mapped[float | None]
    last: Last | Annotated[dict, Len(0, 0)]


def keep(loop: Loop, path: Path) -> None:
    """Write a loop's state, whole or not at all."""
    arrays = {f"variable_{i}": np.asarray(variable) for i, variable in enumerate(loop.variables)}
    # Weights that are the best now are among the variables already.
    if loop.best is not None and loop.standing.best_epoch != loop.standing.epochs:
        arrays |= {f"best_{i}": weight for i, weight in enumerate(loop.best)}
    buffer = io.BytesIO()
    np.savez(buffer, standing=json.dumps(asdict(loop.standing)), **arrays)
    atomic_write(path, buffer.getvalue())


def take_up(loop: Loop, path: Path) -> None:
    """Bring a new loop to where ``keep`` left another one of the same run.

    Raises:
        TrainingError: the file is damaged, or it is another model's.
    """
    variables, shapes = loop.variables, [weight.shape for weight in loop.model.get_weights()]
    remedy = Message("remove it, and the run begins anew")
    with open_arrays(path, max_bytes=_MAX_BYTES, remedy=remedy, error=TrainingError) as file:
        facts = parse_json(file.text("standing"), path, nan=True, remedy=remedy, error=TrainingError)
        standing = Standing(**check_json(facts, Kept, path, remedy=remedy, error=TrainingError))
        values = [file.read(f"variable_{i}", _NUMBERS, tuple(one.shape)) for i, one in enumerate(variables)]
        if f"variable_{len(variables)}" in file.names:
            raise Unusable(Message("it is another model's"))
        best = None
        if standing.best_epoch not in (None, standing.epochs):
            best = [file.read(f"best_{i}", _NUMBERS, shape) for i, shape in enumerate(shapes)]
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    loop.standing = standing
    loop.best = best or (loop.model.get_weights() if standing.best_epoch is not None else None)
