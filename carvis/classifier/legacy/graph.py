"""Rebuilding a Sequential or functional model of Keras 1 or 2 as one of Keras 3."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from carvis.classifier.files.scope_names import scope_name
from carvis.classifier.legacy.calls import call_settings, merge_layer
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
from carvis.classifier.legacy.layer_tree import LayerTree
from carvis.classifier.legacy.layers import layer_name, translate_layer
from carvis.classifier.legacy.nodes import operation_of
from carvis.classifier.legacy.operations import apply_operation
from carvis.errors import ModelError
from carvis.language import Message

_MODELS = ("Model", "Functional", "Sequential")
_OPERATIONS = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")


def build_legacy(config: dict, path: Path, names: Sequence[str] = ()) -> tuple[keras.Model, LayerTree]:
    """Build a Keras 3 model, its weights still to be filled, from an architecture that Keras 1 or 2 wrote.

    Args:
        names: of the groups of weights in the file, in its order: the architecture lists of Keras before 2.2.3 do
            not name the models nested in them.

    Raises:
        ModelError: Keras 3 has nothing that does the same.
    """
    tree = _Builder(path, names).model(config["class_name"], config["config"], outermost=True)
    if not tree.layer.built or not tree.layer.inputs:
        raise ModelError(
            Message("{path} does not state its input size: call the model on an image, then save it again.", path=path)
        )
    tree.layer.name = scope_name(tree.layer.name, "model", outermost=True)
    return tree.layer, tree


class _Builder:
    def __init__(self, path: Path, names: Sequence[str] = ()):
        self.path, self.names = path, names

    def where(self, name: str) -> Message:
        return Message("{path}: layer {name}", path=self.path, name=name)

    def model(self, kind: str, config: Any, name: str | None = None, *, outermost: bool = False) -> LayerTree:
        if kind == "Sequential":
            # Up to Keras 2.2.2 the config is the bare list of layers.
            settings: dict[str, Any] = {"layers": config} if isinstance(config, list) else config
            return self.sequential(settings, name or settings.get("name"), self.names if outermost else ())
        return self.functional(config, name or config.get("name"))

    def layer(self, kind: str, config: Any, name: str | None, new_name: str | None) -> LayerTree:
        """Build a layer or nested model.

        Args:
            name: as the file has it.
            new_name: what it is called in Keras 3.
        """
        if kind in _MODELS:
            tree = self.model(kind, config, new_name)
            tree.name = name or tree.name
            return tree
        inner: list[LayerTree] = []

        def build(entry: dict) -> keras.Layer:
            own = entry["config"].get("name") if isinstance(entry["config"], dict) else None
            kind = entry["class_name"]
            inner.append(self.layer(kind, entry["config"], own, layer_name(own, kind)))
            return inner[-1].layer

        settings = config | ({"name": new_name} if new_name else {})
        layer = translate_layer(kind, settings, self.where(name or kind), build)
        tree = LayerTree(name or layer.name, kind, config.get("trainable", True) is not False, layer)
        # The weights of other wrapped layers are the wrapper's; a model brings its own tree.
        tree.children = inner if any(isinstance(wrapped.layer, keras.Model) for wrapped in inner) else []
        return tree

    def sequential(self, settings: dict, name: str | None, group_names: Sequence[str]) -> LayerTree:
        tree = LayerTree(name or "sequential", "Sequential", settings.get("trainable", True) is not False)
        entries = [entry for entry in settings["layers"] if entry["class_name"] != "InputLayer"]
        names = names_of(entries, group_names)
        new_names = unique([layer_name(own, entry["class_name"]) for entry, own in zip(entries, names)])
        for entry, own, new in zip(entries, names, new_names):
            tree.children.append(self.layer(entry["class_name"], entry["config"], own, new))
        start = []
        shape = sequential_input(settings)
        if shape:
            first, dtype = settings["layers"][0], "float32"
            if first["class_name"] == "InputLayer":
                dtype = input_dtype(first["config"])
            start = [keras.layers.InputLayer(batch_shape=(None, *shape[1:]), name=input_name(settings), dtype=dtype)]
        tree.layer = keras.Sequential(
            [*start, *(child.layer for child in tree.children)], name=layer_name(tree.name, "model")
        )
        return tree

    def functional(self, config: dict[str, Any], name: str | None) -> LayerTree:
        tree = LayerTree(name or "model", "Functional", config.get("trainable", True) is not False)
        graph = _Graph(self, config)
        tree.children = graph.children
        inputs = [graph.tensor(reference) for reference in references_in(config["input_layers"])]
        outputs = [graph.tensor(reference) for reference in references_in(config["output_layers"])]
        single = len(inputs) == 1 and len(outputs) == 1
        tree.layer = keras.Model(
            inputs[0] if single else inputs, outputs[0] if single else outputs, name=layer_name(tree.name, "model")
        )
        return tree


class _Graph:
    """The tensors of a functional model while it is rebuilt, by layer name and number of the call."""

    def __init__(self, builder: _Builder, config: dict):
        self.builder = builder
        self.entries = {entry.get("name") or entry["config"]["name"]: entry for entry in config["layers"]}
        new_names = [layer_name(name, entry["class_name"]) for name, entry in self.entries.items()]
        self.new_names = dict(zip(self.entries, unique(new_names)))
        self.first_call = self._first_calls(config)
        self.children: list[LayerTree] = []
        self.layers: dict[str, keras.Layer] = {}
        self.tensors: dict[tuple[str, int], Any] = {}
        for name, entry in self.entries.items():
            self._make(name, entry)
        pending = [
            (name, number, node)
            for name, entry in self.entries.items()
            for number, node in enumerate(entry.get("inbound_nodes") or [])
        ]
        while pending:
            remaining = [call for call in pending if not self._call(*call)]
            if len(remaining) == len(pending):
                raise ModelError(
                    Message(
                        "{path} contains a graph in which layer {name} is never reached: save the model"
                        " again with the Keras that wrote it.",
                        path=builder.path,
                        name=remaining[0][0],
                    )
                )
            pending = remaining

    def _make(self, name: str, entry: dict) -> None:
        kind, config = entry["class_name"], entry["config"]
        if kind == "InputLayer":
            shape = shape_of(config)
            # A file without it fails and is refused.
            sides = shape[1:]  # type: ignore[index]
            self.tensors[name, 0] = keras.Input(sides, name=self.new_names[name], dtype=input_dtype(config))
        elif kind not in _OPERATIONS and kind != "Merge":
            tree = self.builder.layer(kind, config, name, self.new_names[name])
            self.layers[name] = tree.layer
            self.children.append(tree)

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

    def tensor(self, reference: Sequence[Any]) -> Any:
        name, number, index = reference
        outputs = self.tensors[name, number - self.first_call.get(name, 0)]
        return outputs[index] if isinstance(outputs, (list, tuple)) else outputs

    def _is_built(self, reference: Sequence[Any]) -> bool:
        return (reference[0], reference[1] - self.first_call.get(reference[0], 0)) in self.tensors

    def _call(self, name: str, number: int, node: Any) -> bool:
        """Make one call of a layer if all its inputs are built; else return False."""
        if not all(self._is_built(reference) for reference in references_in(node) if reference[0] in self.entries):
            return False
        alone = bool(node) and isinstance(node[0], str)
        references = [node] if alone else node
        tensors = [self._value(reference) for reference in references]
        settings = references[0][3] if references and len(references[0]) > 3 else {}
        self.tensors[name, number] = self._apply(name, tensors, self._resolved(settings))
        return True

    def _value(self, reference: Sequence[Any]) -> Any:
        return reference[2] if reference[0] == "_CONSTANT_VALUE" else self.tensor(reference[:3])

    def _resolved(self, value: Any) -> Any:
        """Put tensors in place of the references in a call's further arguments."""
        if is_reference(value) and (value[0] in self.entries or value[0] == "_CONSTANT_VALUE"):
            return self._value(value)
        if isinstance(value, dict):
            return {key: self._resolved(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._resolved(item) for item in value]
        return value

    def _apply(self, name: str, tensors: list[Any], settings: dict[str, Any]) -> Any:
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
            return merge_layer(config, where, self.new_names[name])(tensors)
        layer = self.layers[name]
        settings = call_settings(kind, layer, settings, where)
        if isinstance(layer, keras.layers.RNN) and len(tensors) > 1:
            return layer(tensors[0], initial_state=tensors[1:], **settings)
        return layer(tensors[0] if len(tensors) == 1 else tensors, **settings)
