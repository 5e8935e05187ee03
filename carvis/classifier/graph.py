"""How the layers of a model are connected, nested models included."""

from typing import Any, TypeAlias

import keras

Step: TypeAlias = keras.Operation
# A call of a layer or operation, as Keras keeps it (``keras.src.ops.node.Node``, which Keras does not export).
Node: TypeAlias = Any
# Layers that leave their input's values unchanged: the scores before and after are the same numbers.
_PASSING = ("Reshape", "Flatten", "Dropout", "Identity", "Squeeze", "Cast", "SpatialDropout2D")


def operations_of(model: keras.Model) -> list[Step]:
    """List a model's layers and operations in execution order; a nested model is one of them."""
    if isinstance(model, keras.Sequential):
        return list(model.layers)
    return list(model.operations)


def calls_of(model: keras.Model, step: Step) -> list[Node]:
    """List the calls of a layer that belong to a functional model: it may be part of others too."""
    own = {id(node) for nodes in model._nodes_by_depth.values() for node in nodes}
    return [node for node in step._inbound_nodes if id(node) in own]


def consumers(parents: list[keras.Model], operation: Step) -> list[Step | None]:
    """List what takes an operation's output, looking out of and into nested models.

    Args:
        parents: the models around the operation, the outermost first.

    Returns:
        One entry a use; None where it is the output of the outermost model.
    """
    if not parents:
        return [None]
    *outer, model = parents
    if isinstance(model, keras.Sequential):
        steps = operations_of(model)
        place = next(i for i, step in enumerate(steps) if step is operation)
        return [*_entered(steps[place + 1])] if place + 1 < len(steps) else consumers(outer, model)
    reached: list[Step | None] = []
    for step in operations_of(model):
        for node in calls_of(model, step):
            uses = [tensor for tensor in node.input_tensors if tensor._keras_history.operation is operation]
            reached.extend(entered for _ in uses for entered in _entered(step))
    outputs = [tensor for tensor in model.outputs if tensor._keras_history.operation is operation]
    for _ in outputs:
        reached.extend(consumers(outer, model))
    return reached


def _entered(step: Step) -> list[Step]:
    """Return the step itself, or what takes the input of a nested model."""
    if not isinstance(step, keras.Model):
        return [step]
    if isinstance(step, keras.Sequential):
        return _entered(step.layers[0])
    first = [tensor._keras_history.operation for tensor in step.inputs]
    return [consumer for operation in first for consumer in consumers([step], operation) if consumer is not None]


def final_operation(model: keras.Model) -> Step:
    """Return what makes a model's scores, looking into nested models and past layers that only reshape."""
    step: Step = model
    while True:
        if isinstance(step, keras.Model):
            step = step.outputs[0]._keras_history.operation
            continue
        passing = type(step).__name__ in _PASSING or _squashing(step) == "linear"
        if not passing or isinstance(getattr(step, "input", None), (list, tuple)):
            return step
        step = step.input._keras_history.operation


def _squashing(step: Step) -> str:
    """Name what an ``Activation`` layer applies, else nothing."""
    return step.activation.__name__ if isinstance(step, keras.layers.Activation) else ""
