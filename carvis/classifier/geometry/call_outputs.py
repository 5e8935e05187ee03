"""The outputs of one call of a graph for given arrays."""

import keras
import numpy as np
from numpy.typing import NDArray

from carvis.classifier.flat_graph import Call


def outputs_of(call: Call, arrays: list[NDArray[np.float32]]) -> list[np.ndarray]:
    """Return the outputs of a step for arrays, one for each of its inputs."""
    tensors = dict(zip(map(id, call.node.input_tensors), map(keras.ops.convert_to_tensor, arrays)))
    args, kwargs = call.node.arguments.fill_in(tensors)
    if getattr(call.operation, "_call_has_training_arg", False):
        kwargs["training"] = False
    return [keras.ops.convert_to_numpy(tensor) for tensor in keras.tree.flatten(call.operation(*args, **kwargs))]


def single_output(call: Call, inputs: list[NDArray[np.float32]]) -> NDArray[np.float64] | None:
    """Return the one output of a step, the last array for all further inputs; None where it cannot take them."""
    try:
        arrays = [inputs[min(i, len(inputs) - 1)] for i in range(len(call.node.input_tensors))]
        outputs = outputs_of(call, arrays)
        return np.asarray(outputs[0], np.float64) if len(outputs) == 1 else None
    # A custom step may fail in any way on such maps: how it moves places is then unknown.
    except Exception:
        return None
