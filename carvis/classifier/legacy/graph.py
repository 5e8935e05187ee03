"""Rebuilding a Sequential or functional model of Keras 1 or 2 as one of Keras 3."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import keras

from carvis.classifier.files.scope_names import scope_name
from carvis.classifier.legacy.config import (
    input_dtype,
    input_name,
    is_reference,
    names_of,
    references_in,
    sequential_input,
    shape_of,
    unique,
)
from carvis.classifier.legacy.layers import layer_name, translate_layer
from carvis.classifier.legacy.nodes import operation_of
from carvis.classifier.legacy.operations import apply_operation
from carvis.errors import ModelError
from carvis.language import Message

_MODELS = ("Model", "Functional", "Sequential")
_OPERATIONS = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")


@dataclass
class Part:
    """A layer as the file names it, and what it became: weights are looked up along this tree.

    Args:
        name: as the file has it.
        kind: its class, as the file has it.
        trainable: as the file has it; the order of the weights of a nested model depends on it.
        layer: the Keras 3 layer that holds its weights.
        parts: those of a nested model, in the file's order; the model that a wrapper wraps.
    """

    name: str
    kind: str
    trainable: bool = True
    layer: keras.Layer | None = None
    parts: list["Part"] = field(default_factory=list)


def build_legacy(config: dict, path: Path, names: Sequence[str] = ()) -> tuple[keras.Model, Part]:
    """Build a Keras 3 model, its weights still to be filled, from an architecture that Keras 1 or 2 wrote.

    Args:
        names: of the groups of weights in the file, in its order: the architecture lists of Keras before 2.2.3 do
            not name the models nested in them.

    Raises:
        ModelError: Keras 3 has nothing that does the same.
    """
    part = _Builder(path, names).model(config["class_name"], config["config"], outermost=True)
    if not part.layer.built or not part.layer.inputs:
        raise ModelError(
            Message("{path} does not say the size of its input: save it again after it has seen an image.", path=path)
        )
    part.layer.name = scope_name(part.layer.name, "model", outermost=True)
    return part.layer, part


def mark_frozen(part: Part) -> None:
    """Mark what the file says is frozen, from the outside in, once the order of the weights no longer matters."""
    if not part.trainable:
        part.layer.trainable = False
    for inner in part.parts:
        mark_frozen(inner)


class _Builder:
    def __init__(self, path: Path, names: Sequence[str] = ()):
        self.path, self.names = path, names

    def where(self, name: str) -> Message:
        return Message("{path}: layer {name}", path=self.path, name=name)

    def model(self, kind: str, config, name: str | None = None, *, outermost: bool = False) -> Part:
        if kind == "Sequential":
            # Up to Keras 2.2.2 the config is the bare list of layers.
            settings = {"layers": config} if isinstance(config, list) else config
            return self.sequential(settings, name or settings.get("name"), self.names if outermost else ())
        return self.functional(config, name or config.get("name"))

    def part(self, kind: str, config, name: str | None, new_name: str | None) -> Part:
        """Build a layer or nested model.

        Args:
            name: as the file has it.
            new_name: what it is called in Keras 3.
        """
        if kind in _MODELS:
            part = self.model(kind, config, new_name)
            part.name = name or part.name
            return part
        inner: list[Part] = []

        def build(entry: dict) -> keras.Layer:
            own = entry["config"].get("name") if isinstance(entry["config"], dict) else None
            kind = entry["class_name"]
            inner.append(self.part(kind, entry["config"], own, layer_name(own, kind)))
            return inner[-1].layer

        settings = config | ({"name": new_name} if new_name else {})
        layer = translate_layer(kind, settings, self.where(name or kind), build)
        part = Part(name or layer.name, kind, config.get("trainable", True) is not False, layer)
        # The weights of other wrapped layers are the wrapper's; a model brings its own tree.
        part.parts = inner if any(isinstance(wrapped.layer, keras.Model) for wrapped in inner) else []
        return part

    def sequential(self, settings: dict, name: str | None, group_names: Sequence[str]) -> Part:
        whole = Part(name or "sequential", "Sequential", settings.get("trainable", True) is not False)
        entries = [entry for entry in settings["layers"] if entry["class_name"] != "InputLayer"]
        names = names_of(entries, group_names)
        new_names = unique([layer_name(own, entry["class_name"]) for entry, own in zip(entries, names)])
        for entry, own, new in zip(entries, names, new_names):
            whole.parts.append(self.part(entry["class_name"], entry["config"], own, new))
        start = []
        shape = sequential_input(settings)
        if shape:
            first, dtype = settings["layers"][0], "float32"
            if first["class_name"] == "InputLayer":
                dtype = input_dtype(first["config"])
            start = [keras.layers.InputLayer(batch_shape=(None, *shape[1:]), name=input_name(settings), dtype=dtype)]
        whole.layer = keras.Sequential(
            [*start, *(part.layer for part in whole.parts)], name=layer_name(whole.name, "model")
        )
        return whole

    def functional(self, config: dict, name: str | None) -> Part:
        whole = Part(name or "model", "Functional", config.get("trainable", True) is not False)
        graph = _Graph(self, config)
        whole.parts = graph.parts
        inputs = [graph.tensor(reference) for reference in references_in(config["input_layers"])]
        outputs = [graph.tensor(reference) for reference in references_in(config["output_layers"])]
        single = len(inputs) == 1 and len(outputs) == 1
        whole.layer = keras.Model(
            inputs[0] if single else inputs, outputs[0] if single else outputs, name=layer_name(whole.name, "model")
        )
        return whole


class _Graph:
    """The tensors of a functional model while it is rebuilt, by layer name and number of the call."""

    def __init__(self, builder: _Builder, config: dict):
        self.builder = builder
        self.entries = {entry.get("name") or entry["config"]["name"]: entry for entry in config["layers"]}
        new_names = [layer_name(name, entry["class_name"]) for name, entry in self.entries.items()]
        self.new_names = dict(zip(self.entries, unique(new_names)))
        self.first_call = self._first_calls(config)
        self.parts: list[Part] = []
        self.layers: dict[str, keras.Layer] = {}
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
                raise ModelError(
                    Message(
                        "{path} holds a graph in which layer {name} is never reached: save the model anew with the"
                        " Keras that wrote it.",
                        path=builder.path,
                        name=left[0][0],
                    )
                )
            waiting = left

    def _make(self, name: str, entry: dict) -> None:
        kind, config = entry["class_name"], entry["config"]
        if kind == "InputLayer":
            shape = shape_of(config)
            self.tensors[name, 0] = keras.Input(shape[1:], name=self.new_names[name], dtype=input_dtype(config))
        elif kind not in _OPERATIONS and kind != "Merge":
            part = self.builder.part(kind, config, name, self.new_names[name])
            self.layers[name] = part.layer
            self.parts.append(part)

    def _first_calls(self, config: dict) -> dict[str, int]:
        """Number of a nested model's first call: 1 where its own making counted as call 0, as in most versions."""
        used: dict[str, set[int]] = {}
        nodes = [node for entry in self.entries.values() for node in entry.get("inbound_nodes") or []]
        for name, number, _ in references_in([nodes, config["output_layers"]]):
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
        if not all(self._known(reference) for reference in references_in(node) if reference[0] in self.entries):
            return False
        alone = bool(node) and isinstance(node[0], str)
        references = [node] if alone else node
        tensors = [self._value(reference) for reference in references]
        settings = references[0][3] if references and len(references[0]) > 3 else {}
        self.tensors[name, number] = self._apply(name, tensors, self._resolved(settings))
        return True

    def _value(self, reference):
        return reference[2] if reference[0] == "_CONSTANT_VALUE" else self.tensor(reference[:3])

    def _resolved(self, value):
        """Put tensors in place of the references in a call's further arguments."""
        if is_reference(value) and (value[0] in self.entries or value[0] == "_CONSTANT_VALUE"):
            return self._value(value)
        if isinstance(value, dict):
            return {key: self._resolved(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._resolved(item) for item in value]
        return value

    def _apply(self, name: str, tensors: list, settings: dict):
        entry = self.entries[name]
        kind, config = entry["class_name"], entry["config"]
        where = self.builder.where(name)
        if kind == "TensorFlowOpLayer":
            operation, arguments, settings = operation_of(config, tensors)
            return apply_operation(operation, self.new_names[name], arguments, settings, where)
        if kind in _OPERATIONS:
            # A list of tensors is one argument of the function (tf.concat).
            arguments = tensors if len(tensors) == 1 else [tensors]
            return apply_operation(config["function"], self.new_names[name], arguments, settings, where)
        if kind == "Merge":
            return _merge(config, where, self.new_names[name])(tensors)
        layer = self.layers[name]
        settings = _call_settings(kind, layer, settings, where)
        if isinstance(layer, keras.layers.RNN) and len(tensors) > 1:
            return layer(tensors[0], initial_state=tensors[1:], **settings)
        return layer(tensors[0] if len(tensors) == 1 else tensors, **settings)


def _call_settings(kind: str, layer: keras.Layer, settings: dict, where: str) -> dict:
    """Return the further arguments of a call; one that Keras 3 does not take must have had no effect."""
    known = set(inspect.signature(layer.call).parameters)
    random = kind.startswith("Random") or any(_differs_in_training(inner) for inner in layer._flatten_layers())
    kept = {}
    for key, value in settings.items():
        # Keras 3 predicts as outside training even so, and Keras 2 did not.
        if key == "training" and value and random:
            raise ModelError(
                Message(
                    "{where} is always called as in training (training=True), so its predictions are random or depend"
                    " on the other images of a batch: save the model anew without it.",
                    where=where,
                )
            )
        if value is None:
            continue
        if key in known or key == "training":
            kept[key] = value
        elif key != "mask" and value is not False:
            raise ModelError(
                Message(
                    "{where} is called with {key}, which Keras 3 does not know: open the model with the Keras that"
                    " wrote it and save it anew without this layer.",
                    where=where,
                    key=key,
                )
            )
    return kept


def _differs_in_training(layer: keras.Layer) -> bool:
    kind = type(layer).__name__
    random = kind.startswith(("Random", "Gaussian", "StochasticDepth")) and kind != "RandomFourierFeatures"
    dropout = "Dropout" in kind and layer.rate > 0
    inside = max(getattr(layer, "dropout", None) or 0, getattr(layer, "recurrent_dropout", None) or 0) > 0
    return random or dropout or inside or kind in ("BatchNormalization", "SpectralNormalization")


def _merge(config: dict, where: str, name: str) -> keras.Layer:
    """Keras 1 had one layer for all ways to bring tensors together."""
    layers = keras.layers
    kinds = {"sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "concat": "Concatenate"}
    mode = config.get("mode")
    if mode not in kinds:
        raise ModelError(
            Message(
                "{where} merges by {mode}, which cannot be brought to Keras 3: save the model anew without it.",
                where=where,
                mode=mode,
            )
        )
    settings = {"axis": config.get("concat_axis", -1)} if mode == "concat" else {}
    return getattr(layers, kinds[mode])(name=name, **settings)
