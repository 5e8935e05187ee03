"""``checkpoint/state.npz``: all that a run needs to go on after its last finished epoch as if it had never ended."""

import io
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from carvis.errors import TrainingError
from carvis.language import Message
from carvis.training.loop import Loop, Standing
from carvis.workspace import atomic_write

STATE = "checkpoint/state.npz"


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
    try:
        with np.load(path, allow_pickle=False) as file:
            standing = Standing(**json.loads(str(file["standing"])))
            variables = loop.variables
            values = [file[f"variable_{i}"] for i in range(len(variables))]
            for variable, value in zip(variables, values, strict=True):
                if tuple(variable.shape) != value.shape:
                    raise ValueError(f"{variable.path} has another shape")
            best = None
            if standing.best_epoch not in (None, standing.epochs):
                best = [file[f"best_{i}"] for i in range(len(loop.model.weights))]
    except Exception as error:
        raise TrainingError(
            Message("{path} cannot be taken up ({error}): remove it, and the run begins anew.", path=path, error=error)
        ) from error
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    loop.standing = standing
    loop.best = best or (loop.model.get_weights() if standing.best_epoch is not None else None)
