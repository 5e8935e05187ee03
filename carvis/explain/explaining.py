"""``heatmaps`` and ``heatmap_sets``: maps of many pictures by one model, in batches."""

import weakref
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path

import numpy as np

from carvis.classifier import Classifier
from carvis.classifier.layers import walk
from carvis.classifier.output import SCORES
from carvis.dataset import Unreadable
from carvis.errors import ImageError, ModelError
from carvis.explain import cam, probing
from carvis.explain.frame import turn_for, upright_maps
from carvis.explain.fusing import fuse
from carvis.explain.heatmap import Heatmap, influence, judge
from carvis.explain.methods import GRADIENT_AT_INPUT, METHODS, TAKES_LAYER
from carvis.explain.placement import placed
from carvis.explain.precision import check_precision
from carvis.explain.tap import Tapped, make_tap
from carvis.explain.target import Aim, Target, aim_at, name_of, needs_label
from carvis.language import Message

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
        layer: a layer path with a map as output; None or ``last`` takes the last convolution
            (``clf.last_conv_layer``); several are fused to one map. Methods at the input leave it out.
        score: ``logit``, the value before the final softmax or sigmoid, ``probability``, the one after, or
            ``log-probability``, its logarithm, which also stands in for a logit where there is none, as in the mean of
            several models; ``Heatmap.score_kind`` says which it was.
        labels: the true class of each picture, name or index, for ``target="true"``; for paths without labels
            it is the name of the folder that holds the picture.
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
            raise ModelError(f"{method} is not a heatmap method: choose one of {', '.join(METHODS)}.")
    if score not in SCORES:
        raise ModelError(f"{score} is not a score: choose one of {', '.join(SCORES)}.")
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
    last = clf.last_conv_layer
    found = (layer,) if layer is None or isinstance(layer, str) else layer
    found = tuple(last if one in (None, "last") else one for one in found)
    if not found or None in found:
        raise ModelError(f"{clf.name} has no convolution with a map larger than 1x1: no heatmap can be made of it.")
    for path in found:
        clf.map_layer(path)
    return found


def _from_array(clf, images, labels):
    for i, image in enumerate(images):
        yield clf.prepare([image])[0], None if labels is None else labels[i], None, 1


def _from_paths(clf, paths, targets, labels, unreadable):
    labelled = any(map(needs_label, targets))
    for i, path in enumerate(paths):
        try:
            image, turn = clf.read_image(path), turn_for(clf, path)
        except ImageError as error:
            if unreadable is None:
                raise
            unreadable.add(i, str(error))
            continue
        label = None if not labelled else _folder(path) if labels is None else labels[i]
        yield clf.prepare([image])[0], label, None if isinstance(path, bytes) else str(path), turn


def _folder(path: str | Path | bytes) -> str | None:
    return None if isinstance(path, bytes) else Path(path).parent.name


class _Explainer:
    """Makes every map asked for of a stream of (prepared picture, label, source, turn)."""

    def __init__(self, clf, methods, targets, layers, paths, score, seed, precision):
        self.clf, self.methods, self.targets, self.layers = clf, methods, list(targets), list(layers)
        self.paths, self.seed, self.precision = paths, seed, precision
        self.score = clf.score_kind(score)
        # The order of the model, so that fused maps go from shallow to deep and one trace serves any order.
        wanted = {path for group in paths.values() for path in group}
        self.tapped = [path for path, _ in walk(clf.model) if path in wanted]

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
            probabilities = self.clf.probabilities(told.output)
            found: list[dict] = [{} for _ in batch]
            for method in self.methods:
                for (target, t), layer, maps in self._maps(method, prepared, told, gamma):
                    for i, (raw, reach) in enumerate(maps):
                        facts = (told.scores[i, t], told.first[i, t], told.second[i, t], gamma[i, t], probabilities[i])
                        place = self.clf.frame(prepared.shape[1:3]) if method in TAKES_LAYER else None
                        heatmap = self._heatmap(method, layer, raw, reach, *facts, *batch[i][2:], place)
                        found[i][method, target, layer] = heatmap
            yield from found

    def _aims(self, label) -> list[Aim]:
        return [aim_at(target, label, self.clf.class_names, self.clf.name) for target in self.targets]

    def _tap(self, paths: tuple, n_targets: int):
        taps = _taps.setdefault(self.clf, {})
        key = (paths, self.score, n_targets, self.precision)
        if key not in taps:
            layers = [None if path == "input" else self.clf.layer(path) for path in paths]
            how = {"output": self.clf.output, "size": self.clf.input_size}
            taps[key] = make_tap(self.clf.model, layers, self.score, n_targets, self.precision, **how)
        return taps[key]

    def _maps(self, method: str, prepared, told: Tapped, gamma):
        """Yield each target and layer with, a picture, the raw map and how far what it shows can move the score."""
        by_layer, made = method in TAKES_LAYER, {}
        for t, target in enumerate(self.targets):
            if not (made and method in cam.CLASSLESS):
                for place, path in enumerate(self.tapped if by_layer else ["input"]):
                    if method in cam.METHODS:
                        made[path] = _cam_maps(method, told.activations[place], told.gradients[place][:, t])
                    else:
                        asks = [self._asks(told, gamma, i, t) for i in range(len(prepared))]
                        activations = told.activations[place] if by_layer else prepared
                        made[path] = self._probed(method, prepared, activations, asks)
            for layer in self.layers:
                group = sorted(self.paths[layer], key=self.tapped.index) if by_layer else ["input"]
                yield (target, t), layer, _fused([made[path] for path in group])

    def _probed(self, method: str, prepared, activations, asks) -> list[tuple[np.ndarray, float]]:
        size = prepared.shape[1:3]
        shared = {"seed": self.seed, "frame": self.clf.frame(size)}
        black = self.clf.black_picture(size)
        probes = (probing.Probe(x, black, a, *ask, **shared) for x, a, ask in zip(prepared, activations, asks))
        maps = [probing.METHODS[method](probe) for probe in probes]
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
        self, method, layer, raw, reach, score, first, second, gamma, probabilities, source, turn, frame
    ) -> Heatmap:
        clf, answer = self.clf, int(probabilities.argmax())
        return Heatmap(
            raw=upright_maps([placed(raw, frame) if frame else raw], turn)[0],
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
        )


def _batches(stream: Iterator[tuple], size: int) -> Iterator[list[tuple]]:
    """Cut a stream of (prepared picture, label, source) into batches of pictures of one size."""
    for _, alike in groupby(stream, key=lambda one: one[0].shape):
        while batch := list(islice(alike, size)):
            yield batch


def _cam_maps(method: str, activations, gradients) -> list[tuple[np.ndarray, float]]:
    raw = cam.METHODS[method](activations, gradients)
    classless = method in cam.CLASSLESS
    return [(one, _size(one) if classless else influence(activations[i], gradients[i])) for i, one in enumerate(raw)]


def _fused(of_layers: list[list]) -> list[tuple[np.ndarray, float]]:
    if len(of_layers) == 1:
        return of_layers[0]
    return [(fuse([raw for raw, _ in one]), max(reach for _, reach in one)) for one in zip(*of_layers, strict=True)]


def _size(raw: np.ndarray) -> float:
    return float(np.abs(raw.astype(np.float64)).sum())
