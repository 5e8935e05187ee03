"""Rebuilding a Sequential or functional model of Keras 1 or 2 as one of Keras 3."""

from dataclasses import dataclass, field
from pathlib import Path

import keras

from carvis.classifier.legacy_layers import layer_name, translate_layer
from carvis.classifier.legacy_ops import apply_operation, is_tensor, node_definition
from carvis.errors import ModelError

_MODELS = ("Model", "Functional", "Sequential")
_OPERATIONS = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")


@dataclass
class Part:
    """A layer as the file names it, and what it became: weights are looked up along this tree.

    Args:
        name: as the file has it.
        trainable: as the file has it; the order of the weights of a nested model depends on it.
        layer: the Keras 3 layer that holds its weights.
        parts: those of a nested model, in the file's order.
    """

    name: str
    kind: str
    trainable: bool = True
    layer: keras.Layer | None = None
    parts: list["Part"] = field(default_factory=list)


def build_legacy(config: dict, path: Path) -> tuple[keras.Model, Part]:
    """Build a Keras 3 model, its weights still to be filled, from an architecture that Keras 1 or 2 wrote.

    Raises:
        ModelError: Keras 3 has nothing that does the same.
    """
    part = _Builder(path).model(config["class_name"], config["config"])
    if not part.layer.built or not part.layer.inputs:
        raise ModelError(f"{path} does not say the size of its input: save it again after it has seen a picture.")
    return part.layer, part


class _Builder:
    def __init__(self, path: Path):
        self.path = path

    def where(self, name: str) -> str:
        return f"{self.path}: layer {name}"

    def model(self, kind: str, config) -> Part:
        return self.sequential(config) if kind == "Sequential" else self.functional(config)

    def layers(self, kind: str, config: dict) -> tuple[Part, list[keras.Layer]]:
        """Build a layer or nested model: what holds its weights, and the layers to call one after the other."""
        if kind in _MODELS:
            part = self.model(kind, config)
            return part, [part.layer]
        chain = translate_layer(kind, config, self.where(config.get("name", kind)))
        trainable = config.get("trainable", True) is not False
        return Part(config.get("name", chain[0].name), kind, trainable, chain[0]), chain

    def sequential(self, config) -> Part:
        # Up to Keras 2.2.2 the config is the bare list of layers.
        settings = {"layers": config} if isinstance(config, list) else config
        whole = Part(settings.get("name") or "sequential", "Sequential", settings.get("trainable", True) is not False)
        stack: list[keras.Layer] = []
        for entry in settings["layers"]:
            kind, inner = entry["class_name"], entry["config"]
            if kind == "InputLayer":
                continue
            part, chain = self.layers(kind, inner)
            whole.parts.append(part)
            stack.extend(chain)
        shape = _sequential_input(settings)
        start = [keras.layers.InputLayer(batch_shape=(None, *shape[1:]), name=_input_name(settings))] if shape else []
        whole.layer = keras.Sequential([*start, *stack], name=layer_name(whole.name))
        return whole

    def functional(self, config: dict) -> Part:
        whole = Part(config.get("name") or "model", "Functional", config.get("trainable", True) is not False)
        graph = _Graph(self, config)
        whole.parts = graph.parts
        inputs = [graph.tensor(reference) for reference in _references(config["input_layers"])]
        outputs = [graph.tensor(reference) for reference in _references(config["output_layers"])]
        single = len(inputs) == 1 and len(outputs) == 1
        whole.layer = keras.Model(
            inputs[0] if single else inputs, outputs[0] if single else outputs, name=layer_name(whole.name)
        )
        return whole


class _Graph:
    """The tensors of a functional model while it is rebuilt, by layer name and number of the call."""

    def __init__(self, builder: _Builder, config: dict):
        self.builder = builder
        self.entries = {entry.get("name") or entry["config"]["name"]: entry for entry in config["layers"]}
        self.first_call = self._first_calls(config)
        self.parts: list[Part] = []
        self.chains: dict[str, list[keras.Layer]] = {}
        self.tensors: dict[tuple[str, int], object] = {}
        for name, entry in self.entries.items():
            self._make(name, entry)
        waiting = [
            (name, number, node)
            for name, entry in self.entries.items()
            for number, node in enumerate(entry.get("inbound_nodes") or [])
        ]
        while waiting:
            left = [call for call in waiting if not self._call(*call)]
            if len(left) == len(waiting):
                raise ModelError(f"{builder.path} has a graph that does not hang together: get the file again.")
            waiting = left

    def _make(self, name: str, entry: dict) -> None:
        kind, config = entry["class_name"], entry["config"]
        if kind == "InputLayer":
            shape = config.get("batch_input_shape") or config.get("batch_shape")
            dtype = config.get("dtype") or "float32"
            self.tensors[name, 0] = keras.Input(shape[1:], name=layer_name(name), dtype=dtype)
        elif kind not in _OPERATIONS and kind != "Merge":
            part, self.chains[name] = self.builder.layers(kind, config)
            part.name = name
            self.parts.append(part)

    def _first_calls(self, config: dict) -> dict[str, int]:
        """Number of a nested model's first call: 1 where its own making counted as call 0, as in most versions."""
        used: dict[str, set[int]] = {}
        nodes = [node for entry in self.entries.values() for node in entry.get("inbound_nodes") or []]
        for name, number, _ in _references([nodes, config["output_layers"]]):
            used.setdefault(name, set()).add(number)
        first = {}
        for name, entry in self.entries.items():
            calls = len(entry.get("inbound_nodes") or [])
            numbers = used.get(name, set())
            if entry["class_name"] in _MODELS and 0 not in numbers and max(numbers, default=0) == calls:
                first[name] = 1
        return first

    def tensor(self, reference) -> object:
        name, number, index = reference
        found = self.tensors[name, number - self.first_call.get(name, 0)]
        return found[index] if isinstance(found, (list, tuple)) else found

    def _known(self, reference) -> bool:
        return (reference[0], reference[1] - self.first_call.get(reference[0], 0)) in self.tensors

    def _call(self, name: str, number: int, node) -> bool:
        """Make one call of a layer if all it needs is there; else return False."""
        if not all(self._known(reference) for reference in _references(node) if reference[0] in self.entries):
            return False
        alone = bool(node) and isinstance(node[0], str)
        references = [node] if alone else node
        tensors = [self._value(reference) for reference in references]
        settings = self._settings(references)
        self.tensors[name, number] = self._apply(name, tensors, settings)
        return True

    def _value(self, reference):
        return reference[2] if reference[0] == "_CONSTANT_VALUE" else self.tensor(reference[:3])

    def _settings(self, references: list) -> dict:
        settings = references[0][3] if len(references[0]) > 3 else {}
        return {
            key: self.tensor(value) if _is_reference(value) and value[0] in self.entries else value
            for key, value in settings.items()
            if key != "mask"
        }

    def _apply(self, name: str, tensors: list, settings: dict):
        entry = self.entries[name]
        kind, config = entry["class_name"], entry["config"]
        where = self.builder.where(name)
        if kind == "TensorFlowOpLayer":
            operation, constants = node_definition(config)
            left = iter(tensors)
            places = range(len(tensors) + len(constants))
            arguments = [constants[place] if place in constants else next(left) for place in places]
            return apply_operation(operation, name, arguments, {}, where)
        if kind in _OPERATIONS:
            # A list of tensors is one argument of the function (tf.concat).
            arguments = tensors if len(tensors) == 1 else [tensors]
            return apply_operation(config["function"], name, arguments, settings, where)
        if kind == "Merge":
            return _merge(config, where)(tensors)
        value = tensors[0] if len(tensors) == 1 else tensors
        first, *rest = self.chains[name]
        kept = {key: item for key, item in settings.items() if is_tensor(item) or key == "training"}
        value = first(value, **kept)
        for layer in rest:
            value = layer(value)
        return value


def _is_reference(value) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) >= 3
        and isinstance(value[0], str)
        and all(isinstance(number, int) and not isinstance(number, bool) for number in value[1:3])
    )


def _references(value) -> list[tuple[str, int, int]]:
    """List every (layer, call, output) in a nested structure, in order."""
    found = []
    if _is_reference(value):
        found.append(tuple(value[:3]))
        value = value[3] if len(value) > 3 else {}
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            found.extend(_references(item) if isinstance(item, (list, tuple, dict)) else [])
    return found


def _merge(config: dict, where: str) -> keras.Layer:
    """Keras 1 had one layer for all ways to bring tensors together."""
    layers = keras.layers
    kinds = {"sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "concat": "Concatenate"}
    mode = config.get("mode")
    if mode not in kinds:
        raise ModelError(f"{where} merges by {mode}, which cannot be brought to Keras 3: save the model anew without.")
    settings = {"axis": config.get("concat_axis", -1)} if mode == "concat" else {}
    return getattr(layers, kinds[mode])(name=layer_name(config.get("name")), **settings)


def _sequential_input(config: dict) -> list | None:
    """Find the input shape (batch first) that a Sequential's config tells, or None."""
    layers = config["layers"]
    first = layers[0]["config"] if layers else {}
    if isinstance(first, list) or "layers" in first:
        inner = {"layers": first} if isinstance(first, list) else first
        if layers[0]["class_name"] == "Sequential":
            return _sequential_input(inner) or config.get("build_input_shape")
        name = _references(inner["input_layers"])[0][0]
        first = next(entry["config"] for entry in inner["layers"] if entry["config"].get("name") == name)
    shape = first.get("batch_input_shape") or first.get("batch_shape") or config.get("build_input_shape")
    return shape.get("items") if isinstance(shape, dict) else shape


def _input_name(config: dict) -> str | None:
    first = config["layers"][0]
    return layer_name(first["config"].get("name")) if first["class_name"] == "InputLayer" else None
