"""Bringing the weights of a file into a model, every one of them, or none.

A plan says which array of the file goes into which variable. It is made from names and shapes alone, before memory
is taken for the model, so that a mismatch or an absurd size is found first.
"""

import re
from collections.abc import Iterator

import h5py
import keras
import numpy as np

from carvis.classifier.inspection import ModelFile
from carvis.classifier.legacy_graph import Part
from carvis.errors import ModelError

Plan = list[tuple[keras.Variable, str]]

# Counters and states of random layers, which no answer depends on.
_IGNORED = re.compile(r"(^|/)(count|StateVar|seed_generator_state|rng_state)(_\d+)?(:0)?$")
_MOVING = ("moving_mean", "moving_variance", "mean", "variance")


def plan_layer_groups(file: ModelFile, model: keras.Model, root: Part | None) -> Plan:
    """Plan for an ``.h5`` file, which holds one group a layer of the outermost model, nested ones flattened.

    Args:
        root: the tree of a model that Keras 1 or 2 wrote; None for Keras 3.

    Raises:
        ModelError: a count or shape differs.
    """
    legacy = root is not None
    parts = (root or tree_of(model)).parts
    with file.weights() as store:
        groups = {name: _stored(store[name]) for name in _texts(store, "layer_names")}
        plan: Plan = []
        for part in parts:
            stored = groups.pop(part.name, [])
            plan += _match(part, stored, legacy, file)
        left = [name for name, stored in groups.items() if stored]
        if left:
            raise ModelError(f"{file.path} holds weights of {left[0]}, which its architecture lacks: {_AGAIN}.")
    return _complete(plan, model, file)


def plan_containers(file: ModelFile, model: keras.Model, root: Part) -> Plan:
    """Plan for a ``.keras`` file that Keras 2.12 to 2.15 wrote: ``layers/conv2d_1/vars/0``, named by class.

    Raises:
        ModelError: a count or shape differs.
    """
    with file.weights() as store:
        plan: Plan = []
        for part, group in _containers(root, store):
            variables = part.layer.weights
            names = sorted(group, key=int) if group is not None else []
            stored = [(f"{part.name}/{name}", group[name]) for name in names]
            # Normalization keeps a counter as its third.
            stored = stored[: len(variables)] if part.kind == "Normalization" else stored
            if not _fits(variables, stored):
                raise _mismatch(file, part.name, variables, stored)
            plan += [(variable, dataset.name) for variable, (_, dataset) in zip(variables, stored)]
    return _complete(plan, model, file)


_AGAIN = "get the file again, or save the model anew"


def fill(plan: Plan, file: ModelFile) -> None:
    """Read every array of a plan into its variable."""
    first_keras = file.keras_version.startswith("1")
    with file.weights() as store:
        backend = store.attrs.get("backend", store.file.attrs.get("backend", ""))
        backend = backend.decode() if isinstance(backend, bytes) else backend
        for variable, name in plan:
            value = np.asarray(store.file[name])
            # Theano turned its kernels over before it applied them. Keras 1 wrote TensorFlow's order all the same.
            if backend == "theano" and not first_keras and value.ndim == 4 and variable.name == "kernel":
                value = value[::-1, ::-1]
            variable.assign(value)


def tree_of(model: keras.Model) -> Part:
    """Return the tree of layers of a Keras 3 model."""
    parts = [
        tree_of(layer) if isinstance(layer, keras.Model) else Part(layer.name, type(layer).__name__, layer=layer)
        for layer in model.layers
    ]
    return Part(model.name, type(model).__name__, layer=model, parts=parts)


def _texts(group: h5py.Group, key: str) -> list[str]:
    """Read a list of names, which Keras cuts into ``key0``, ``key1``, ... where it is long."""
    if key in group.attrs:
        values = list(group.attrs[key])
    else:
        values = []
        while f"{key}{len(values)}" in group.attrs:
            values.append(group.attrs[f"{key}{len(values)}"])
        values = [text for chunk in values for text in chunk]
    return [text.decode("utf-8") if isinstance(text, bytes) else str(text) for text in values]


def _stored(group: h5py.Group) -> list[tuple[str, h5py.Dataset]]:
    names = [name for name in _texts(group, "weight_names") if not _IGNORED.search(name)]
    return [(name, group[name]) for name in names]


def _leaves(part: Part) -> Iterator[Part]:
    if part.parts or isinstance(part.layer, keras.Model):
        for inner in part.parts:
            yield from _leaves(inner)
    else:
        yield part


def _match(part: Part, stored: list, legacy: bool, file: ModelFile) -> Plan:
    """Pair a layer's variables with its arrays: by name where the names are clear, else by Keras's order."""
    by_name = _by_name(part, stored)
    if by_name is not None:
        return by_name
    orders = [_legacy_order(part)] if legacy else [part.layer.trainable_weights + part.layer.non_trainable_weights]
    # Files exist whose layers were frozen or opened between writing the architecture and the weights.
    orders += [_all(part, _trainable) + _all(part, _moving), _all(part, _every)]
    for variables in orders:
        if _fits(variables, stored):
            return [(variable, dataset.name) for variable, (_, dataset) in zip(variables, stored)]
    raise _mismatch(file, part.name, orders[0], stored)


def _by_name(part: Part, stored: list) -> Plan | None:
    variables = {(leaf.name, variable.name): variable for leaf in _leaves(part) for variable in leaf.layer.weights}
    datasets = {_key(name): dataset for name, dataset in stored}
    if len(datasets) != len(stored) or set(datasets) != set(variables) or len(variables) != len(_all(part, _every)):
        return None
    if any(tuple(variable.shape) != datasets[key].shape for key, variable in variables.items()):
        return None
    return [(variable, datasets[key].name) for key, variable in variables.items()]


def _key(name: str) -> tuple[str, str]:
    """``vgg16/block1_conv1/kernel:0`` -> (``block1_conv1``, ``kernel``)."""
    *front, last = name.split("/")
    return (front[-1] if front else "", re.sub(r":\d+$", "", last))


def _trainable(leaf: Part) -> list:
    return [variable for variable in leaf.layer.weights if variable.name not in _MOVING]


def _moving(leaf: Part) -> list:
    return [variable for variable in leaf.layer.weights if variable.name in _MOVING]


def _every(leaf: Part) -> list:
    return _trainable(leaf) + _moving(leaf)


def _all(part: Part, of) -> list:
    return [variable for leaf in _leaves(part) for variable in of(leaf)]


def _legacy_order(part: Part) -> list:
    """The order of Keras 1 and 2: what learns comes first, then the rest, of which what could learn comes first."""
    learning, resting = _split(part)
    return learning + resting


def _split(part: Part) -> tuple[list, list]:
    if part.parts:
        pairs = [_split(inner) for inner in part.parts]
        learning = [variable for pair in pairs for variable in pair[0]]
        resting = [variable for pair in pairs for variable in pair[1]]
    elif isinstance(part.layer, keras.Model):
        learning, resting = [], []
    else:
        learning, resting = _trainable(part), _moving(part)
    return (learning, resting) if part.trainable else ([], learning + resting)


def _fits(variables: list, stored: list) -> bool:
    return len(variables) == len(stored) and all(
        tuple(variable.shape) == dataset.shape for variable, (_, dataset) in zip(variables, stored)
    )


def _mismatch(file: ModelFile, name: str, variables: list, stored: list) -> ModelError:
    if len(variables) != len(stored):
        what = f"{len(stored)} arrays where {len(variables)} are needed"
    else:
        what = "arrays of another shape than its architecture needs"
    return ModelError(f"{file.path} holds for layer {name} {what}: {_AGAIN}.")


def _containers(part: Part, store: h5py.Group) -> Iterator[tuple[Part, h5py.Group | None]]:
    layers = store.get("layers") or store.get("_layer_checkpoint_dependencies")
    used: dict[str, int] = {}
    for inner in part.parts:
        name = _snake_case(inner.kind)
        number = used[name] = used.get(name, -1) + 1
        group = layers.get(f"{name}_{number}" if number else name) if layers is not None else None
        if isinstance(inner.layer, keras.Model):
            if group is not None:
                yield from _containers(inner, group)
        else:
            yield inner, group.get("vars") if group is not None else None


def _snake_case(name: str) -> str:
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _complete(plan: Plan, model: keras.Model, file: ModelFile) -> Plan:
    """Make sure that no variable keeps its random start."""
    planned = {id(variable) for variable, _ in plan}
    if any(id(variable) not in planned for variable in model.weights):
        raise ModelError(f"{file.path} lacks weights of some of its layers: {_AGAIN}.")
    return plan
