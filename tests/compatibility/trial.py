"""Writing a model with one Keras, opening the file with carvis, and holding the predictions side by side."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tf_keras

from carvis.classifier.model_builder import open_model
from carvis.errors import CarvisError

WRITERS = {"keras 2": tf_keras, "keras 3": keras}
FORMATS = ("h5", "keras")
# Of the largest prediction; half precision has eleven bits.
TOLERANCES = {"float32": 1e-5, "float16": 1e-3}


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Args:
        verdict: ``equal``, ``refused``, ``differs``, ``too alike`` where equal predictions would prove little, or
            ``not built`` or ``not written`` where the writing Keras fails.
        detail: the largest difference, or the sentence.
    """

    verdict: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.verdict} ({self.detail})" if self.detail else self.verdict


def randomise(model, seed: int = 0) -> None:
    """Give every weight that starts as a constant, moving statistics included, random values; kernels are random."""
    rng = np.random.default_rng(seed)
    changed = []
    for value in model.get_weights():
        if np.issubdtype(value.dtype, np.floating) and value.size:
            if np.all(value == 0):
                value = rng.normal(0, 0.1, value.shape).astype(value.dtype)
            elif np.all(value == value.flat[0]):
                value = rng.uniform(0.5, 1.5, value.shape).astype(value.dtype)
        changed.append(value)
    model.set_weights(changed)
    for layer in model._flatten_layers():
        if type(layer).__name__ == "Normalization":
            layer.finalize_state()


def inputs_of(model, seed: int = 1, batch: int = 2) -> list[np.ndarray]:
    """Random inputs: whole numbers 0 to 3 for integers, 0 to 255 for uint8, else -1 to 1."""
    rng = np.random.default_rng(seed)
    values = []
    for tensor in model.inputs:
        shape = [side or 16 for side in tuple(tensor.shape)[1:]]
        dtype = np.dtype(getattr(tensor.dtype, "name", tensor.dtype))
        if dtype == np.uint8:
            values.append(rng.integers(0, 256, (batch, *shape)).astype(dtype))
        elif np.issubdtype(dtype, np.integer):
            values.append(rng.integers(0, 4, (batch, *shape)).astype(dtype))
        else:
            values.append(rng.uniform(-1, 1, (batch, *shape)).astype(dtype))
    return values


def predictions(model, values: list[np.ndarray]) -> list[np.ndarray]:
    """Every output of a model, as outside training."""
    outputs = model(values[0] if len(values) == 1 else values, training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return [np.asarray(output, np.float32) for output in outputs]


def largest_difference(ours: list[np.ndarray], theirs: list[np.ndarray]) -> float:
    """The largest difference, relative to the largest value where that is above 1; infinite where shapes differ."""
    if [a.shape for a in ours] != [b.shape for b in theirs]:
        return np.inf
    worst = 0.0
    for a, b in zip(ours, theirs):
        difference = float(np.max(np.abs(a - b), initial=0)) / max(1.0, float(np.max(np.abs(b), initial=0)))
        worst = max(worst, difference if np.isfinite(difference) else np.inf)
    return worst


def compare(path: Path, values, expected, tolerance: float, apart: float = 0.0) -> Outcome:
    """Open a file with carvis and compare its predictions with the expected ones.

    Args:
        tolerance: the largest difference allowed, as ``largest_difference`` measures it.
        apart: by how much the predictions for some images must differ: a model that predicts the same of all images
            would equal many others.
    """
    try:
        model = open_model(path)
    except CarvisError as error:
        return Outcome("refused", str(error).replace(str(path), path.name))
    try:
        difference = largest_difference(predictions(model, values), expected)
    # A model that opens and then fails is as wrong as one that predicts otherwise.
    except Exception as error:
        return Outcome("differs", " ".join(str(error).split())[:120])
    spread = max((float(np.max(np.ptp(output, axis=0), initial=0)) for output in expected), default=0.0)
    verdict = "differs" if difference > tolerance else "equal" if spread >= apart else "too alike"
    return Outcome(verdict, f"{difference:.1e}, the images {spread:.1e} apart")


def try_model(
    build: Callable,
    writer: str,
    formats=FORMATS,
    *,
    prepare: Callable = randomise,
    tolerance=1e-5,
    apart: float = 0.0,
    inputs=inputs_of,
) -> dict:
    """Build a model with a Keras, write it in each format and open it with carvis.

    Args:
        build: takes the module ``keras`` or ``tf_keras``, gives a model.
        tolerance, apart: as in ``compare``.

    Returns:
        ``{format: Outcome}``.
    """
    outcomes = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            model = build(WRITERS[writer])
        # What a Keras cannot build or write, carvis need not read.
        except Exception as error:
            return {kind: Outcome("not built", " ".join(str(error).split())[:120]) for kind in formats}
        prepare(model)
        values = inputs(model)
        expected = predictions(model, values)
        for kind in formats:
            path = Path(folder) / f"model.{kind}"
            try:
                model.save(path)
            except Exception as error:
                outcomes[kind] = Outcome("not written", " ".join(str(error).split())[:120])
                continue
            outcomes[kind] = compare(path, values, expected, tolerance, apart)
    return outcomes
