"""Bringing the weights of a file into a model, every one of them, or none.

A plan says which array of the file goes into which variable. It is made from names and shapes alone, before memory
is taken for the model, so that a mismatch or an absurd size is found first.
"""

import math
import re
from collections.abc import Callable, Iterator

import keras

from carvis.classifier.files.hdf5_arrays import StoredArray, StoredGroup
from carvis.classifier.files.inspection import ModelFile, damaged
from carvis.classifier.files.scope_names import file_name
from carvis.classifier.files.size_limit import check_growth, check_memory
from carvis.classifier.legacy.layer_tree import LayerTree
from carvis.errors import CarvisError, ModelError
from carvis.language import Message

Plan = list[tuple[keras.Variable, str]]

# Counters, states of random layers and what renormalisation needs in training: no prediction depends on them.
_IGNORED = re.compile(
    r"(^|/)(count|StateVar|seed_generator_state|rng_state|moving_stddev|renorm_(mean|stddev)(_weight)?)(_\d+)?(:0)?$"
)


def layer_names(file: ModelFile, store: StoredGroup) -> list[str]:
    """List the groups of weights in an ``.h5`` file, in its order; a ``.keras`` file names none."""
    return _texts(store, "layer_names") if file.kind == "hdf5" else []


def plan_layer_groups(file: ModelFile, store: StoredGroup, model: keras.Model, root: LayerTree | None) -> Plan:
    """Plan for an ``.h5`` file, which holds one group a layer of the outermost model, nested ones flattened.

    Args:
        root: the tree of a model that Keras 1 or 2 wrote; None for Keras 3.

    Raises:
        ModelError: a count or shape differs.
    """
    legacy = root is not None
    children = (root or tree_of(model)).children
    groups = {name: _stored(store.group(name), legacy) for name in dict.fromkeys(_texts(store, "layer_names"))}
    plan: Plan = []
    for tree in children:
        plan += _match(tree, groups.pop(tree.name, []), legacy, file)
    unread = [name for name, stored in groups.items() if stored]
    if unread:
        raise ModelError(
            Message(
                "{path} contains weights of layer {name}, which its architecture lacks: save the model"
                " again with the Keras that wrote it.",
                path=file.path,
                name=unread[0],
            )
        )
    return _complete(plan, model, file)


def plan_containers(file: ModelFile, store: StoredGroup, model: keras.Model, root: LayerTree) -> Plan:
    """Plan for a ``.keras`` file that Keras 2.12 to 2.15 wrote: ``layers/conv2d_1/vars/0``, named by class.

    Raises:
        ModelError: a count or shape differs.
    """
    plan: Plan = []
    for tree, group in _containers(root, store):
        for variables, stored in _own_variables(tree.layer, group):
            # Normalization keeps a counter as its third, renormalisation its statistics after the others.
            if tree.kind.startswith(("Normalization", "BatchNormalization", "SyncBatchNormalization")):
                stored = stored[: len(variables)]
            if not _fits(variables, stored):
                raise _mismatch(file, tree.name, variables, stored)
            plan += [(variable, dataset.name) for variable, (_, dataset) in zip(variables, stored)]
    return _complete(plan, model, file)


def _own_variables(layer: keras.Layer, group: StoredGroup | None) -> Iterator[tuple[list, list]]:
    """Yield the variables and arrays of a layer and of those it wraps, which lie in groups named by attribute."""
    own = layer._trainable_variables + layer._non_trainable_variables
    if group is None:
        yield own, []
        return
    variables = group.get("vars")
    yield own, [(name, variables.array(name)) for name in sorted(variables, key=int)] if variables is not None else []
    for name in group:
        inner = getattr(layer, name, None) if name != "vars" else None
        if isinstance(inner, keras.Layer):
            yield from _own_variables(inner, group.group(name))
        elif isinstance(inner, (list, tuple)):
            for number, item in _numbered([type(item).__name__ for item in inner]):
                yield from _own_variables(inner[number], group.group(name).get(item))


def fill(plan: Plan, file: ModelFile, store: StoredGroup) -> None:
    """Read every array of a plan into its variable.

    Raises:
        ModelError: the file is damaged where one of them lies.
    """
    first_keras = file.keras_version.startswith("1")
    backend = store.attribute("backend") or store.root.attribute("backend")
    backend = backend.decode() if isinstance(backend, bytes) else backend
    for variable, name in plan:
        try:
            value = store.root.array(name).read()
        except CarvisError:
            raise
        # HDF5 reports a broken chunk by several types of error.
        except Exception as error:
            raise damaged(file.path, error) from error
        # Theano flips its kernels before applying them; Keras 1 wrote TensorFlow's order all the same.
        if backend == "theano" and not first_keras and value.ndim == 4 and variable.name == "kernel":
            value = value[::-1, ::-1]
        variable.assign(value)


def tree_of(model: keras.Model) -> LayerTree:
    """Return the tree of layers of a Keras 3 model."""
    children = [
        tree_of(layer)
        if isinstance(layer, keras.Model)
        else LayerTree(file_name(layer), type(layer).__name__, layer=layer)
        for layer in model.layers
    ]
    return LayerTree(file_name(model), type(model).__name__, layer=model, children=children)


def _texts(group: StoredGroup, key: str) -> list[str]:
    """Read a list of names, which Keras cuts into ``key0``, ``key1``, ... where it is long."""
    values = group.attribute(key)
    if values is None:
        values = []
        while (more := group.attribute(f"{key}{len(values)}")) is not None:
            values.append(more)
        values = [text for chunk in values for text in chunk]
    return [text.decode("utf-8") if isinstance(text, bytes) else str(text) for text in values]


def _stored(group: StoredGroup, legacy: bool) -> list[tuple[str, StoredArray]]:
    # Keras 3 writes the weights that it will look for, and no others.
    names = [name for name in _texts(group, "weight_names") if not (legacy and _IGNORED.search(name))]
    return [(name, group.array(name)) for name in names]


def _leaves(tree: LayerTree) -> Iterator[LayerTree]:
    if tree.children or isinstance(tree.layer, keras.Model):
        for inner in tree.children:
            yield from _leaves(inner)
    else:
        yield tree


def _match(tree: LayerTree, stored: list, legacy: bool, file: ModelFile) -> Plan:
    """Pair a layer's variables with its arrays: by name where the names are clear, else by Keras's order."""
    by_name = _by_name(tree, stored)
    if by_name is not None:
        return by_name
    orders = [_legacy_order(tree)] if legacy else [tree.layer.trainable_weights + tree.layer.non_trainable_weights]
    # In some files, layers were frozen or unfrozen between writing the architecture and the weights.
    orders += [_all(tree, _trainable) + _all(tree, _moving), _all(tree, _every)]
    for variables in orders:
        if _fits(variables, stored):
            return [(variable, dataset.name) for variable, (_, dataset) in zip(variables, stored)]
    raise _mismatch(file, tree.name, orders[0], stored)


def _by_name(tree: LayerTree, stored: list) -> Plan | None:
    variables = {(leaf.name, variable.name): variable for leaf in _leaves(tree) for variable in _every(leaf)}
    datasets = {_key(name): dataset for name, dataset in stored}
    if len(datasets) != len(stored) or set(datasets) != set(variables) or len(variables) != len(_all(tree, _every)):
        return None
    if any(tuple(variable.shape) != datasets[key].shape for key, variable in variables.items()):
        return None
    return [(variable, datasets[key].name) for key, variable in variables.items()]


def _key(name: str) -> tuple[str, str]:
    """``vgg16/block1_conv1/kernel:0`` -> (``block1_conv1``, ``kernel``)."""
    *front, last = name.split("/")
    return (front[-1] if front else "", re.sub(r":\d+$", "", last))


def _trainable(leaf: LayerTree) -> list:
    return [variable for variable in leaf.layer.weights if variable.trainable]


def _moving(leaf: LayerTree) -> list:
    return [variable for variable in leaf.layer.weights if not variable.trainable and not _is_counter(variable)]


def _is_counter(variable: keras.Variable) -> bool:
    return variable.name == "count" and not variable.trainable


def _every(leaf: LayerTree) -> list:
    return _trainable(leaf) + _moving(leaf)


def _all(tree: LayerTree, of: Callable[[LayerTree], list[keras.Variable]]) -> list[keras.Variable]:
    return [variable for leaf in _leaves(tree) for variable in of(leaf)]


def _legacy_order(tree: LayerTree) -> list:
    """The order of Keras 1 and 2: what learns comes first, then the rest, of which what could learn comes first."""
    learning, resting = _split(tree)
    return learning + resting


def _split(tree: LayerTree) -> tuple[list, list]:
    if tree.children:
        pairs = [_split(inner) for inner in tree.children]
        learning = [variable for pair in pairs for variable in pair[0]]
        resting = [variable for pair in pairs for variable in pair[1]]
    elif isinstance(tree.layer, keras.Model):
        learning, resting = [], []
    else:
        learning, resting = _trainable(tree), _moving(tree)
    return (learning, resting) if tree.trainable else ([], learning + resting)


def _fits(variables: list, stored: list) -> bool:
    return len(variables) == len(stored) and all(
        tuple(variable.shape) == dataset.shape for variable, (_, dataset) in zip(variables, stored)
    )


def _mismatch(file: ModelFile, name: str, variables: list, stored: list) -> ModelError:
    if len(variables) != len(stored):
        return ModelError(
            Message(
                "{path} contains {held} arrays for layer {name}, which needs {needed}: open it with the"
                " Keras that wrote it and save the model again.",
                path=file.path,
                name=name,
                held=len(stored),
                needed=len(variables),
            )
        )
    return ModelError(
        Message(
            "{path}: the arrays of layer {name} do not have the shapes that the architecture needs: open it"
            " with the Keras that wrote it and save the model again.",
            path=file.path,
            name=name,
        )
    )


def _containers(tree: LayerTree, store: StoredGroup) -> Iterator[tuple[LayerTree, StoredGroup | None]]:
    layers = store.get("layers") or store.get("_layer_checkpoint_dependencies")
    for number, name in _numbered([inner.kind for inner in tree.children]):
        inner = tree.children[number]
        group = layers.get(name) if layers is not None else None
        if isinstance(inner.layer, keras.Model):
            if group is not None:
                yield from _containers(inner, group)
        elif inner.children:
            # What wraps a model.
            if group is not None and "layer" in group:
                yield from _containers(inner.children[0], group.group("layer"))
        else:
            yield inner, group


def _numbered(kinds: list[str]) -> Iterator[tuple[int, str]]:
    """Yield (place, name) of things named by class: ``conv2d``, ``conv2d_1``, ..."""
    used: dict[str, int] = {}
    for place, kind in enumerate(kinds):
        name = _snake_case(kind.rpartition(">")[2])
        number = used[name] = used.get(name, -1) + 1
        yield place, f"{name}_{number}" if number else name


def _snake_case(name: str) -> str:
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _complete(plan: Plan, model: keras.Model, file: ModelFile) -> Plan:
    """Check that every variable gets its value from the file."""
    planned = {id(variable) for variable, _ in plan}
    if any(id(variable) not in planned and not _is_counter(variable) for variable in model.weights):
        raise ModelError(
            Message(
                "{path} lacks the weights of some layers: open it with the Keras that wrote it and save the"
                " model again.",
                path=file.path,
            )
        )
    # Many variables may share one array of the file.
    needed = sum(math.prod(variable.shape) * 4 for variable in model.weights)
    check_growth(file.path, file.file_bytes, needed)
    check_memory(file.path, needed)
    return plan
