"""``heatmaps`` and ``heatmap_sets``: maps of many pictures by one model, in batches."""

import math
import weakref
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path

import numpy as np

from carvis.classifier import Classifier
from carvis.classifier.classifier import MOST_VALUES
from carvis.classifier.geometry.frame import Frame
from carvis.classifier.model_input import MOST_NATIVE_PIXELS
from carvis.classifier.vocabulary import SCORES
from carvis.dataset import Unreadable, label_of_path
from carvis.errors import ImageError, ModelError
from carvis.explain.heatmap import Heatmap, influence, judge
from carvis.explain.input_frame import turn_for, upright_maps
from carvis.explain.keras.bfloat16 import check_precision
from carvis.explain.keras.hooks import Tapped, make_tap
from carvis.explain.keras.layer_outputs import check_one_each
from carvis.explain.methods import GRADIENT_AT_INPUT, METHODS, TAKES_LAYER, cam, perturbation
from carvis.explain.methods.fusion import fuse
from carvis.explain.target import Aim, Target, aim_at, name_of, needs_label
from carvis.images import resize
from carvis.language import Message, message_of

Layer = str | tuple[str, ...] | None

# A traced function costs a second and serves every picture after: one for each model, layers, score and number.
_taps: "weakref.WeakKeyDictionary[Classifier, dict]" = weakref.WeakKeyDictionary()


def heatmaps(
    clf: Classifier,
    images: np.ndarray | Iterable[str | Path | bytes],
    method: str = "grad-cam",
    target: Target = "predicted",
    layer: str | Sequence[str] | None = None,
    *,
    score: str = "logit",
    labels: Sequence[str | int] | None = None,
    batch_size: int = 8,
    unreadable: Unreadable | None = None,
    seed: int = 0,
    precision: str = "full",
) -> list[Heatmap] | Iterator[Heatmap]:
    """Show where a model sees evidence for a class, one map a picture.

    Args:
        clf: the model with its class names, size and preprocessing.
        images: uint8 array (N, H, W, 3) or (N, H, W, 1) of any size; or an iterable of paths,
            or of files' bytes, which are read as the model reads: the maps of these lie on the upright image.
        method: a name in ``METHODS``.
        target: ``predicted``, ``true``, a class index or a class name, or a ``Contrast`` of two of them.
        layer: a layer path with a map as output; None or ``default`` takes ``clf.default_layer``, ``last`` the last
            convolution (``clf.last_conv_layer``); several are fused to one map. Of a layer that is called several
            times each call has a path, ``#*`` stands for all of them: ``vgg16#*/block5_conv3``. Methods at the input
            leave it out.
        score: ``logit``, the value before the final softmax or sigmoid, ``probability``, the one after, or
            ``log-probability``, its logarithm, which also stands in for a logit where there is none, as in the mean of
            several models; ``Heatmap.score_kind`` says which it was.
        labels: the true class of each picture, name or index, for ``target="true"``; for paths without labels
            it is the first folder below the split (``carvis.dataset.label_of_path``).
        batch_size: pictures a forward pass.
        unreadable: where given, pictures that cannot be read are recorded there and left out.
        seed: of the methods that draw noise; each picture's noise depends on nothing else.
        precision: ``full``, or ``fast`` for convolutions in bfloat16 where the processor has units for it: several
            times faster for a VGG16, no faster for a MobileNet. Maps of the last convolution keep their ranks
            (a correlation of 0.99 and more, as a rule); those of layers far below differ more, and a close answer
            can tip.

    Returns:
        A list for an array, a generator for paths, whose memory stays flat.

    Raises:
        ModelError: no such layer, class or method, a layer without a map, or a precision that cannot be had here.
        ImageError: a picture cannot be read and ``unreadable`` is None.
    """
    layer = layer if layer is None or isinstance(layer, str) else tuple(layer)
    options = {"score": score, "labels": labels, "batch_size": batch_size, "unreadable": unreadable, "seed": seed}
    sets = heatmap_sets(clf, images, [method], [target], [layer], precision=precision, **options)
    maps = (one[method, target, layer] for one in sets)
    return list(maps) if isinstance(images, np.ndarray) else maps


def heatmap_sets(
    clf: Classifier,
    images: np.ndarray | Iterable[str | Path | bytes],
    methods: Sequence[str] = ("grad-cam",),
    targets: Sequence[Target] = ("predicted",),
    layers: Sequence[Layer] = (None,),
    *,
    score: str = "logit",
    labels: Sequence[str | int] | None = None,
    batch_size: int = 8,
    unreadable: Unreadable | None = None,
    seed: int = 0,
    precision: str = "full",
) -> Iterator[dict[tuple[str, Target, Layer], Heatmap]]:
    """Make all maps of each picture for several methods, targets and layers, as ``heatmaps`` makes one.

    One forward pass serves every method of the activation family, every target and every layer.

    Returns:
        A generator of one dict a picture, from (method, target, layer), as they were given, to the map.

    Raises:
        ModelError, ImageError: as ``heatmaps``.
    """
    for method in methods:
        if method not in METHODS:
            raise ModelError(
                Message(
                    "{method} is not a heatmap method: choose one of {choices}.",
                    method=method,
                    choices=", ".join(METHODS),
                )
            )
    if score not in SCORES:
        raise ModelError(
            Message("{score} is not a score: choose one of {choices}.", score=score, choices=", ".join(SCORES))
        )
    check_precision(precision)
    if set(methods) & GRADIENT_AT_INPUT and not clf.passes_floats:
        raise ModelError(
            Message(
                "{name} takes whole numbers and computes otherwise on others, so it has no gradient at its input:"
                " choose a method other than {methods}.",
                name=clf.name,
                methods=", ".join(sorted(GRADIENT_AT_INPUT)),
            )
        )
    for target in targets:
        if not needs_label(target):
            aim_at(target, None, clf.class_names, clf.name)
    paths = {layer: _paths(clf, layer) for layer in layers} if set(methods) & TAKES_LAYER else {}
    if isinstance(images, np.ndarray):
        stream = _from_array(clf, images, labels)
    else:
        stream = _from_paths(clf, images, targets, labels, unreadable)
    return _Explainer(clf, methods, targets, layers, paths, score, seed, precision).run(stream, batch_size)


def _paths(clf: Classifier, layer: Layer) -> tuple[str, ...]:
    """Work out which layers are meant, and check that each has a map."""
    found = (layer,) if layer is None or isinstance(layer, str) else layer
    if "last" in found and clf.last_conv_layer is None:
        raise ModelError(clf.layer_graph.why_no_default)
    found = tuple(clf.last_conv_layer if one == "last" else one for one in found)
    found = tuple(clf.default_layer if one in (None, "default") else one for one in found)
    if not found or None in found:
        raise ModelError(clf.layer_graph.why_no_default)
    for path in found:
        clf.map_calls(path)
    return found


def _from_array(clf, images, labels):
    for i, image in enumerate(images):
        yield clf.prepare([image])[0], None if labels is None else labels[i], None, 1, (), _size_note(clf, image)


def _from_paths(clf, paths, targets, labels, unreadable):
    labelled = any(map(needs_label, targets))
    for i, path in enumerate(paths):
        try:
            # Only what the model takes is kept while its map is made, not a whole photograph.
            image, turn = clf.read_image(path), turn_for(clf, path)
            prepared, size_note = clf.prepare([image])[0], _size_note(clf, image)
            del image
        except ImageError as error:
            if unreadable is None:
                raise
            unreadable.add(i, message_of(error))
            continue
        label, notes = None if labels is None else labels[i], ()
        if labelled and labels is None and not isinstance(path, bytes):
            label, note = label_of_path(path)
            notes = (note,) if note else ()
        yield prepared, label, None if isinstance(path, bytes) else str(path), turn, notes, size_note


def _size_note(clf: Classifier, image: np.ndarray) -> tuple[Message, ...]:
    if not clf.too_large(image):
        return ()
    n = MOST_NATIVE_PIXELS // 10**6
    return (Message("It is the heatmap of a copy of {n} million pixels, to save memory.", n=n),)


class _Explainer:
    """Makes every map asked for of a stream of (prepared image, label, source, turn, its notes, those on its size)."""

    def __init__(self, clf, methods, targets, layers, paths, score, seed, precision):
        self.clf, self.methods, self.targets, self.layers = clf, methods, list(targets), list(layers)
        self.paths, self.seed, self.precision = paths, seed, precision
        self.score = clf.score_kind(score)
        # The order of the model, so that fused maps go from shallow to deep and one trace serves any order.
        order = {call.path: place for place, call in enumerate(clf.layer_graph.calls)} if paths else {}
        groups = {path: clf.layer_graph.members(path) for group in paths.values() for path in group}
        self.calls = {path: [call.path for call in calls] for path, calls in groups.items()}
        self.order = sorted(groups, key=lambda path: order[groups[path][-1].path])
        self.tapped = sorted({path for calls in self.calls.values() for path in calls}, key=order.get)
        self.notes = {
            layer: tuple(dict.fromkeys(note for path in group for note in clf.layer_graph.notes(path)))
            for layer, group in paths.items()
        }

    def run(self, stream, batch_size: int) -> Iterator[dict]:
        tap = self._tap(tuple(self.tapped), len(self.targets))
        stream = iter(stream)
        for batch in _batches(stream, batch_size):
            prepared = np.stack([image for image, *_ in batch])
            aims = [self._aims(label) for _, label, *_ in batch]
            first = np.array([[aim.first for aim in row] for row in aims], np.int32)
            second = np.array([[aim.second for aim in row] for row in aims], np.int32)
            gamma = np.array([[aim.gamma for aim in row] for row in aims], np.float32)
            seen = tap(prepared, first, second, gamma)
            told = Tapped(*([x.numpy() for x in part] if isinstance(part, list) else part.numpy() for part in seen))
            check_one_each(self.clf, self.tapped, told.activations, len(batch))
            probabilities = self.clf.probabilities(told.output)
            found: list[dict] = [{} for _ in batch]
            for method in self.methods:
                for (target, t), layer, maps in self._maps(method, prepared, told, gamma):
                    for i, (raw, reach) in enumerate(maps):
                        facts = (told.scores[i, t], told.first[i, t], told.second[i, t], gamma[i, t], probabilities[i])
                        source, turn, notes, size_note = batch[i][2:]
                        notes = (*(notes if needs_label(target) else ()), *size_note)
                        heatmap = self._heatmap(method, layer, raw, reach, *facts, source, turn, notes)
                        found[i][method, target, layer] = heatmap
            yield from found

    def _aims(self, label) -> list[Aim]:
        return [aim_at(target, label, self.clf.class_names, self.clf.name) for target in self.targets]

    def _tap(self, paths: tuple, n_targets: int):
        taps = _taps.setdefault(self.clf, {})
        key = (paths, self.score, n_targets, self.precision)
        if key not in taps:
            layers = [None if path == "input" else self.clf.map_layer(path) for path in paths]
            how = {"output": self.clf.output, "size": self.clf.input_size}
            taps[key] = make_tap(self.clf.model, layers, self.score, n_targets, self.precision, **how)
        return taps[key]

    def _maps(self, method: str, prepared, told: Tapped, gamma):
        """Yield each target and layer with, a picture, the raw map and how far what it shows can move the score."""
        by_layer, made = method in TAKES_LAYER, {}
        for t, target in enumerate(self.targets):
            if not (made and method in cam.CLASSLESS):
                for place, path in enumerate(self.tapped if by_layer else ["input"]):
                    frame = self.clf.layer_frame(path, prepared.shape[1:3]) if by_layer else Frame()
                    if method in cam.METHODS:
                        made[path] = _cam_maps(method, told.activations[place], told.gradients[place][:, t], frame)
                    else:
                        asks = [self._asks(told, gamma, i, t) for i in range(len(prepared))]
                        activations = frame.onto_image(told.activations[place]) if by_layer else prepared
                        made[path] = self._probed(method, prepared, activations, asks)
                made |= {path: _added([made[call] for call in self.calls[path]]) for path in self.order if by_layer}
            for layer in self.layers:
                group = sorted(self.paths[layer], key=self.order.index) if by_layer else ["input"]
                yield (target, t), layer, _fused([made[path] for path in group])

    def _probed(self, method: str, prepared, activations, asks) -> list[tuple[np.ndarray, float]]:
        black = self.clf.black_image(prepared.shape[1:3])
        probes = (perturbation.Probe(x, black, a, *ask, self.seed) for x, a, ask in zip(prepared, activations, asks))
        maps = [perturbation.METHODS[method](probe) for probe in probes]
        return [(raw, _size(raw)) for raw in maps]

    def _asks(self, told: Tapped, gamma, i: int, t: int):
        """Return the functions that give the scores, and the gradients, of other pictures for one picture's target."""
        fixed = told.first[i, t], told.second[i, t], gamma[i, t]
        scores, slopes = self._tap((), 1), self._tap(("input",), 1)

        def ask(tap, images):
            return tap(images, *(np.full((len(images), 1), value, value.dtype) for value in fixed))

        return (
            lambda images: ask(scores, images).scores.numpy()[:, 0],
            lambda images: ask(slopes, images).gradients[0].numpy()[:, 0],
        )

    def _heatmap(
        self, method, layer, raw, reach, score, first, second, gamma, probabilities, source, turn, notes
    ) -> Heatmap:
        clf, answer = self.clf, int(probabilities.argmax())
        return Heatmap(
            raw=upright_maps([raw], turn)[0],
            status=judge(raw, reach, float(score), self.score),
            target=int(first),
            target_name=name_of(first, second, gamma, clf.class_names),
            predicted=answer,
            predicted_name=clf.class_names[answer],
            score=float(score),
            score_kind=self.score,
            probabilities=probabilities,
            class_names=tuple(clf.class_names),
            layer="+".join(self.paths[layer]) if method in TAKES_LAYER else "input",
            method=method,
            model_name=clf.name,
            fingerprint=clf.fingerprint,
            preprocessing=clf.preprocessing,
            source=source,
            against=int(second) if gamma else None,
            gamma=float(gamma),
            precision=self.precision,
            alpha=clf.alpha,
            orientation=clf.orientation,
            turn=turn,
            notes=(*(self.notes[layer] if method in TAKES_LAYER else ()), *notes),
        )


def _batches(stream: Iterator[tuple], size: int) -> Iterator[list[tuple]]:
    """Cut a stream of (prepared picture, label, ...) into batches of pictures of one size."""
    for shape, alike in groupby(stream, key=lambda one: one[0].shape):
        while batch := list(islice(alike, max(min(size, MOST_VALUES // math.prod(shape)), 1))):
            yield batch


def _cam_maps(method: str, activations, gradients, frame: Frame) -> list[tuple[np.ndarray, float]]:
    raw = frame.onto_image(cam.METHODS[method](activations, gradients))
    classless = method in cam.CLASSLESS
    return [(one, _size(one) if classless else influence(activations[i], gradients[i])) for i, one in enumerate(raw)]


def _added(of_calls: list[list]) -> list[tuple[np.ndarray, float]]:
    """Add up the maps of all calls of a layer, as if their channels were those of one layer."""
    if len(of_calls) == 1:
        return of_calls[0]
    added = []
    for one in zip(*of_calls, strict=True):
        size = tuple(max(sides) for sides in zip(*(raw.shape for raw, _ in one)))
        maps = [raw if raw.shape == size else resize(raw, size, "nearest") for raw, _ in one]
        added.append((np.sum(maps, axis=0, dtype=np.float64).astype(np.float32), sum(reach for _, reach in one)))
    return added


def _fused(of_layers: list[list]) -> list[tuple[np.ndarray, float]]:
    if len(of_layers) == 1:
        return of_layers[0]
    return [(fuse([raw for raw, _ in one]), max(reach for _, reach in one)) for one in zip(*of_layers, strict=True)]


def _size(raw: np.ndarray) -> float:
    return float(np.abs(raw.astype(np.float64)).sum())
