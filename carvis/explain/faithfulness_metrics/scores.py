"""``faithfulness``: does the model really rely on what a heatmap shows?"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from carvis.classifier import Classifier
from carvis.errors import ModelError, StoppedError
from carvis.explain.faithfulness_metrics.cache import FORMAT, faithfulness_key
from carvis.explain.faithfulness_metrics.deletion_insertion import (
    FILLS,
    STEPS,
    Curves,
    Fill,
    Scores,
    centred_blob,
    erase,
    in_chunks,
    random_map,
    trace,
)
from carvis.explain.faithfulness_metrics.result import Faithfulness, FaithfulnessSettings, Trial
from carvis.explain.faithfulness_metrics.sanity_check import Randomisation, randomisation_checks
from carvis.explain.heatmap import Heatmap
from carvis.explain.input_frame import Image, as_seen
from carvis.images import resize
from carvis.language import Message
from carvis.progress import Progress, advance, no_progress
from carvis.workspace import Cache, load_cached, store_cached

_RANDOM_MAPS = 3
# About as many forward passes are made for one heatmap, random weights included.
_PASSES = 36


def faithfulness(
    clf: Classifier,
    images: Sequence[Image],
    maps: Sequence[Heatmap],
    *,
    steps: int = STEPS,
    fill: Fill = "blur",
    randomise: bool = True,
    seed: int = 0,
    cache: Cache | None = None,
    progress: Progress = no_progress,
) -> list[Faithfulness]:
    """Test heatmaps by deleting and inserting their evidence, and by replacing the model's weights by random ones.

    Args:
        clf: the model that made all the heatmaps.
        images: uint8 (H, W, 3) or (H, W, 1) of any size, the image of each heatmap, in the frame of the heatmap; or
            files, or their bytes, which are read as the model reads.
        maps: the heatmaps; a contrast is scored by the probability of its class against the other one.
        steps: of the deletion and insertion curves (Petsiuk et al., "RISE", BMVC 2018).
        fill: what deleted pixels become: ``blur``, ``mean`` or ``black``.
        randomise: run the randomisation check too (Adebayo et al., NeurIPS 2018).
        seed: of the random baseline, of ties and of the random weights.
        cache: where given, earlier results are read from there.
        progress: called with the number of heatmaps done, the current one counted by its passes, and to do.

    Returns:
        One result per heatmap, in order; fewer where ``progress`` stopped it.

    Raises:
        ModelError: a heatmap is another model's, or an argument is invalid.
    """
    if fill not in FILLS or steps < 1:
        raise ModelError(
            Message(
                "Faithfulness needs at least 1 step and a fill out of {choices}: got {steps} and {fill}.",
                choices=", ".join(FILLS),
                steps=steps,
                fill=fill,
            )
        )
    for heatmap in maps:
        if heatmap.fingerprint != clf.fingerprint:
            raise ModelError(
                Message(
                    "A heatmap of {model_name} cannot be tested with {model}: use the model that made it.",
                    model_name=heatmap.model_name,
                    model=clf.name,
                )
            )
    settings = FaithfulnessSettings(steps, fill, seed)
    keys, fitted = [], []
    for image, heatmap in zip(images, maps, strict=True):
        array = as_seen(clf, image, heatmap.turn)
        keys.append(faithfulness_key(clf, array, heatmap.as_seen(), steps=steps, fill=fill, seed=seed))
        # Photographs are kept at the size of the model's input alone.
        fitted.append(clf.fit(array))
    maps = [heatmap.as_seen() for heatmap in maps]
    results: dict[int, Faithfulness] = {}
    for i, key in enumerate(keys):
        cached = load_cached(cache, key, FORMAT)
        if cached is not None and (cached.randomisation is not None or not randomise):
            results[i] = cached
    missing = [i for i in range(len(maps)) if i not in results]
    passes = 0

    def tick() -> None:
        nonlocal passes
        passes += 1
        advance(progress, len(results) + min(passes / _PASSES, 0.99), len(maps))

    checks: Iterator[Randomisation] = randomisation_checks(
        clf, [fitted[i] for i in missing], [maps[i] for i in missing], seed=seed, tick=tick
    )
    with contextlib.suppress(StoppedError):
        for i in missing:
            passes = 0
            check = next(checks) if randomise else None
            results[i] = _test(clf, fitted[i], maps[i], check, tick, settings)
            # A folder that cannot be written keeps nothing, and the work goes on.
            store_cached(cache, keys[i], FORMAT, results[i])
            advance(progress, len(results), len(maps))
    return [results[i] for i in sorted(results)]


def class_scores(clf: Classifier, target: int, against: int | None = None) -> Scores:
    """Return a function of prepared images that gives the probability of a class, or of it against another one."""

    def scores(batch: np.ndarray) -> NDArray[np.float32]:
        probabilities = clf.predict_prepared(batch)
        if against is None:
            return probabilities[:, target]
        both = probabilities[:, target] + probabilities[:, against]
        return np.divide(probabilities[:, target], both, out=np.full_like(both, 0.5), where=both > 0)

    return scores


def _test(
    clf: Classifier,
    image: np.ndarray,
    heatmap: Heatmap,
    check: Randomisation | None,
    tick: Callable[[], None],
    settings: FaithfulnessSettings,
) -> Faithfulness:
    prepared = clf.prepare([image])[0]
    of_class = class_scores(clf, heatmap.target, heatmap.against)

    def scores(batch: np.ndarray) -> NDArray[np.float32]:
        tick()
        return of_class(batch)

    black = clf.black_image(prepared.shape[:2])
    erased = erase(prepared, settings.fill, black)

    def trial(raw: np.ndarray, share: np.ndarray) -> Trial:
        curves = trace(scores, prepared, erased, raw, settings.steps, settings.seed)
        remaining = black + resize(share, prepared.shape[:2])[..., None] * (prepared - black)
        drop, increase = drop_and_increase(float(curves.deletion[0]), float(in_chunks(scores, [remaining])[0]))
        return Trial(curves, drop, increase)

    height, width = heatmap.raw.shape
    noises = [random_map((height, width), settings.seed + draw) for draw in range(_RANDOM_MAPS)]
    blob = centred_blob((height, width))
    return Faithfulness(
        own=trial(np.nan_to_num(heatmap.raw), heatmap.normalised),
        baselines={"random": _mean([trial(noise, noise) for noise in noises]), "blob": trial(blob, blob / blob.max())},
        randomisation=check,
        status=heatmap.status,
        **asdict(settings),
    )


def drop_and_increase(intact: float, remaining: float) -> tuple[float, float]:
    """Return the drop, and 1 where the confidence rose, from the whole image to what the map leaves of it.

    Chattopadhay et al., "Grad-CAM++" (WACV 2018), section 4.1: the terms of average drop % and increase %, as shares.
    """
    return (max(0.0, intact - remaining) / intact if intact > 0 else 0.0), float(remaining > intact)


def _mean(trials: list[Trial]) -> Trial:
    return Trial(
        Curves(
            np.mean([trial.curves.deletion for trial in trials], axis=0),
            np.mean([trial.curves.insertion for trial in trials], axis=0),
        ),
        float(np.mean([trial.drop for trial in trials])),
        float(np.mean([trial.increase for trial in trials])),
    )
