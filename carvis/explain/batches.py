"""The heatmaps of a request, batch by batch: one pass through the model, then every method, target and layer."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from carvis.classifier import Classifier
from carvis.explain.heatmap import Heatmap
from carvis.explain.input_frame import upright_maps
from carvis.explain.keras.attention_weights import attention_hooks, attention_layout
from carvis.explain.keras.hooks import HookedOutputs, Hooks, hooks_of
from carvis.explain.keras.layer_outputs import check_one_output_per_image
from carvis.explain.layers import Layer, LayerChoice
from carvis.explain.methods import METHODS, Method
from carvis.explain.methods.probe import Images, Probe
from carvis.explain.prepared_images import PreparedImage, in_batches
from carvis.explain.raw_maps import RawMap, attention_maps, cam_maps, fused, probe_map, summed
from carvis.explain.request import HeatmapRequest
from carvis.explain.status import status_of
from carvis.explain.target import Target, needs_label, resolve_target, target_name
from carvis.language import Message

# A heatmap of an image: method, target and layer, as requested.
Key = tuple[str, Target, Layer]


class _Batch(NamedTuple):
    """Images of one size and what the pass through the model gave: arrays (N, T) per image and target.

    ``attention`` is what another pass gave, for methods of attention weights.
    """

    images: list[PreparedImage]
    values: NDArray[np.float32]
    gamma: NDArray[np.float32]
    outputs: HookedOutputs
    probabilities: NDArray[np.float32]
    attention: HookedOutputs | None = None


class Heatmaps:
    """All heatmaps that a request asks for, by one model."""

    def __init__(self, clf: Classifier, request: HeatmapRequest):
        self.clf, self.request = clf, request
        self.score = clf.score_kind(request.score)
        self.layers = LayerChoice.of(clf, request.layers) if request.takes_layer else LayerChoice()
        by_attention = any(METHODS[name].family == "attention" for name in request.methods)
        self.attention = attention_layout(clf) if by_attention else None

    def of(self, images: Iterable[PreparedImage], batch_size: int) -> Iterator[dict[Key, Heatmap]]:
        """Yield the heatmaps of each image by method, target and layer."""
        hooks = self._hooks(self.layers.hooked, len(self.request.targets))
        for images_of_batch in in_batches(images, batch_size):
            batch = self._run(hooks, images_of_batch)
            sets: list[dict[Key, Heatmap]] = [{} for _ in batch.images]
            for name in self.request.methods:
                for t, layer, maps in self._maps(METHODS[name], batch):
                    for i, raw in enumerate(maps):
                        sets[i][name, self.request.targets[t], layer] = self._heatmap(name, layer, raw, batch, i, t)
            yield from sets

    def _hooks(self, paths: tuple[str, ...], n_targets: int) -> Hooks:
        return hooks_of(self.clf, paths, self.score, n_targets, self.request.precision)

    def _run(self, hooks: Hooks, images: list[PreparedImage]) -> _Batch:
        clf, values = self.clf, np.stack([image.values for image in images])
        targets = [
            [resolve_target(target, image.label, clf.class_names, clf.name) for target in self.request.targets]
            for image in images
        ]
        classes = np.array([[target.index for target in row] for row in targets], np.int32)
        against = np.array([[target.against for target in row] for row in targets], np.int32)
        gamma = np.array([[target.gamma for target in row] for row in targets], np.float32)
        outputs = hooks(values, classes, against, gamma).as_arrays()
        check_one_output_per_image(clf, self.layers.hooked, outputs.activations, len(images))
        attention = None
        if self.attention:
            run = attention_hooks(clf, self.score, len(self.request.targets), self.request.precision)
            attention = run(values, classes, against, gamma).as_arrays()
        return _Batch(images, values, gamma, outputs, clf.probabilities(outputs.output), attention)

    def _maps(self, method: Method, batch: _Batch) -> Iterator[tuple[int, Layer, Sequence[RawMap]]]:
        """Yield each target by its place, and each layer, with the raw map of every image."""
        maps: dict[str, Sequence[RawMap]] = {}
        for t in range(len(self.request.targets)):
            # The map of a method that ignores the class serves every target.
            if not maps or method.takes_class:
                maps = self._layer_maps(method, batch, t) if method.takes_layer else self._input_maps(method, batch, t)
            for layer in self.request.layers:
                paths = self.layers.in_order(layer) if method.takes_layer else ["input"]
                yield t, layer, fused([maps[path] for path in paths])

    def _layer_maps(self, method: Method, batch: _Batch, t: int) -> dict[str, Sequence[RawMap]]:
        of_calls: dict[str, Sequence[RawMap]] = {}
        for place, path in enumerate(self.layers.hooked):
            activations = batch.outputs.activations[place]
            frame = self.clf.layer_frame(path, batch.values.shape[1:3])
            if method.family == "cam":
                of_calls[path] = cam_maps(method, activations, batch.outputs.gradients[place][:, t], frame)
            else:
                probes = self._probes(batch, frame.onto_image(activations), t)
                of_calls[path] = [probe_map(method, probe) for probe in probes]
        return {path: summed([of_calls[call] for call in calls]) for path, calls in self.layers.calls.items()}

    def _input_maps(self, method: Method, batch: _Batch, t: int) -> dict[str, Sequence[RawMap]]:
        if self.attention and batch.attention and method.family == "attention":
            weights, gradients = batch.attention.activations, batch.attention.gradients
            layout, of_target = self.attention, [gradient[:, t] for gradient in gradients]
            return {"input": attention_maps(method, weights, of_target, layout.read, layout.tokens, layout.frame)}
        return {"input": [probe_map(method, probe) for probe in self._probes(batch, batch.values, t)]}

    def _probes(self, batch: _Batch, activations: np.ndarray, t: int) -> Iterator[Probe]:
        black = self.clf.black_image(batch.values.shape[1:3])
        scores, gradients = self._hooks((), 1), self._hooks(("input",), 1)
        for i, image in enumerate(batch.values):
            target = batch.outputs.classes[i, t], batch.outputs.against[i, t], batch.gamma[i, t]
            yield Probe(
                image,
                black,
                activations[i],
                partial(_scores, scores, target),
                partial(_gradients, gradients, target),
                self.request.seed,
            )

    def _heatmap(self, method: str, layer: Layer, raw: RawMap, batch: _Batch, i: int, t: int) -> Heatmap:
        clf, image, probabilities = self.clf, batch.images[i], batch.probabilities[i]
        index, against = int(batch.outputs.classes[i, t]), int(batch.outputs.against[i, t])
        gamma, score = float(batch.gamma[i, t]), float(batch.outputs.scores[i, t])
        predicted = int(probabilities.argmax())
        takes_layer = METHODS[method].takes_layer
        label_notes = image.label_notes if needs_label(self.request.targets[t]) else ()
        return Heatmap(
            raw=upright_maps([raw.values], image.turn)[0],
            status=status_of(raw.values, raw.influence, score, self.score),
            target=index,
            target_name=target_name(index, against, gamma, clf.class_names),
            predicted=predicted,
            predicted_name=clf.class_names[predicted],
            score=score,
            score_kind=self.score,
            probabilities=probabilities,
            class_names=tuple(clf.class_names),
            layer="+".join(self.layers.paths[layer]) if takes_layer else "input",
            method=method,
            model_name=clf.name,
            fingerprint=clf.fingerprint,
            preprocessing=clf.preprocessing,
            source=image.source,
            against=against if gamma else None,
            gamma=gamma,
            precision=self.request.precision,
            alpha=clf.alpha,
            orientation=clf.orientation,
            turn=image.turn,
            notes=(*self._notes(METHODS[method], layer), *label_notes, *image.size_notes),
        )

    def _notes(self, method: Method, layer: Layer) -> tuple[Message, ...]:
        if method.takes_layer:
            return self.layers.notes[layer]
        return self.attention.notes if self.attention and method.family == "attention" else ()


def _scores(hooks: Hooks, target: tuple[np.generic, ...], images: Images) -> NDArray[np.float32]:
    return _outputs(hooks, target, images).scores.numpy()[:, 0]


def _gradients(hooks: Hooks, target: tuple[np.generic, ...], images: Images) -> Images:
    return _outputs(hooks, target, images).gradients[0].numpy()[:, 0]


def _outputs(hooks: Hooks, target: tuple[np.generic, ...], images: Images) -> HookedOutputs:
    """Run images for the target of another one: its class, the class it is contrasted with and gamma."""
    return hooks(images, *(np.full((len(images), 1), value, value.dtype) for value in target))
