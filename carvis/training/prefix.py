"""The frozen part of a model and the part that is trained, cut where one tensor joins them."""

from dataclasses import dataclass

import keras

from carvis.classifier.graph import calls_of, operations_of

_RANDOM = (
    keras.layers.Dropout,
    keras.layers.AlphaDropout,
    keras.layers.GaussianNoise,
    keras.layers.GaussianDropout,
)


@dataclass(frozen=True)
class Halves:
    """A model cut in two; both parts hold the model's own layers, so that training one trains the model.

    Attributes:
        frozen: from images to what the rest takes.
        learning: from there to the scores of the classes.
        cut: the name of the last frozen layer.
    """

    frozen: keras.Model
    learning: keras.Model
    cut: str


def halve(model: keras.Model) -> Halves | None:
    """Cut a model behind as much of it as is frozen and gives the same output for the same image, always.

    Args:
        model: functional or Sequential; a nested model counts as one layer.

    Returns:
        None where nothing with weights lies before the cut, so that keeping its output would save nothing.
    """
    steps = [step for step in operations_of(model) if not isinstance(step, keras.layers.InputLayer)]
    if isinstance(model, keras.Sequential):
        model = model._functional
    uses = {id(step): [tensor for node in calls_of(model, step) for tensor in node.input_tensors] for step in steps}
    done, cut, heavy, saves = {id(tensor) for tensor in model.inputs}, None, False, False
    for place, step in enumerate(steps):
        if not _is_fixed(step) or len(calls_of(model, step)) != 1:
            break
        heavy = heavy or bool(getattr(step, "weights", ()))
        outputs = calls_of(model, step)[0].output_tensors
        later = {id(tensor): tensor for after in steps[place + 1 :] for tensor in uses[id(after)]}
        done |= {id(tensor) for tensor in outputs}
        # Only where one tensor alone is still needed can the rest begin from it.
        if len(outputs) == 1 and later.keys() & done == {id(outputs[0])}:
            cut, saves = step, heavy
    if cut is None or not saves:
        return None
    joint = calls_of(model, cut)[0].output_tensors[0]
    frozen = keras.Model(model.inputs[0], joint, name=f"{model.name}_frozen")
    learning = keras.Model(joint, model.outputs[0], name=f"{model.name}_learning")
    return Halves(frozen, learning, cut.name)


def _is_fixed(step: keras.Operation) -> bool:
    """Tell whether a step gives the same output for the same input, in training as in inference."""
    if not isinstance(step, keras.Layer):
        return True
    if step.trainable_weights:
        return False
    inner = list(step._flatten_layers()) if isinstance(step, keras.Model) else [step]
    for layer in inner:
        if isinstance(layer, _RANDOM) and getattr(layer, "rate", 1) > 0:
            return False
        # Keras names augmenting layers so.
        if type(layer).__name__.startswith(("Random", "SpatialDropout", "MixUp", "CutMix")):
            return False
        # Its statistics move in training unless it is frozen itself.
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            return False
    return True
