"""``faithfulness``: does the model really rest on what a heatmap shows?"""

import contextlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from carvis.classifier import Classifier
from carvis.errors import CarvisError, ModelError
from carvis.explain.faithfulness_metrics.deletion_insertion import (
    FILLS,
    STEPS,
    Curves,
    Scores,
    centred_blob,
    erase,
    in_chunks,
    random_map,
    trace,
)
from carvis.explain.faithfulness_metrics.sanity_check import Randomisation, randomisation_checks
from carvis.explain.file_schemas import FaithfulnessFacts
from carvis.explain.heatmap import Heatmap
from carvis.explain.input_frame import Image, as_seen
from carvis.images import resize
from carvis.language import Message
from carvis.workspace import ArrayFile, Cache, check_json, content_hash, json_text, open_arrays, parse_json

BASELINES = ("random", "blob")
VERDICTS = ("better", "not-better", "no-evidence")
_RANDOM_MAPS = 3
# About as many batches are asked about for one map, random weights included.
_PASSES = 36
_VERSION = 1
_MAX_BYTES = 100_000_000


@dataclass(frozen=True)
class Trial:
    """How one map, or a baseline in its place, did on one picture.

    Attributes:
        curves: deletion and insertion; of the random baseline the mean over its draws.
        drop: share of the confidence lost where only the map's evidence is left of the picture; 0 where it rises.
        increase: share of such pictures, of one map 0 or 1, in which the confidence rose.
    """

    curves: Curves
    drop: float
    increase: float


@dataclass(frozen=True)
class Faithfulness:
    """What a heatmap is worth as evidence, beside two maps that know nothing of the model.

    Attributes:
        own: the heatmap's trial.
        baselines: the trials of ``random`` (uniform noise as fine as the map) and ``blob`` (the middle).
        randomisation: how the map changed with the weights; None where it was not asked for.
        status: the heatmap's own status.
        steps, fill, seed: how it was measured.
    """

    own: Trial
    baselines: dict[str, Trial]
    randomisation: Randomisation | None
    status: str
    steps: int
    fill: str
    seed: int

    @property
    def verdict(self) -> str:
        """``better`` than both baselines, ``not-better``, or ``no-evidence`` where the map is blank.

        A map is better where its insertion area less its deletion area is larger than that of either baseline.
        """
        if self.status != "ok":
            return "no-evidence"
        rival = max(trial.curves.gain for trial in self.baselines.values())
        return "better" if self.own.curves.gain > rival else "not-better"

    def facts(self) -> dict[str, float | str | bool | None]:
        """All figures in one flat row."""
        row: dict[str, float | str | bool | None] = {"verdict": self.verdict, "status": self.status}
        for name, trial in {"map": self.own, **self.baselines}.items():
            row |= {
                f"{name}_deletion": trial.curves.deletion_area,
                f"{name}_insertion": trial.curves.insertion_area,
                f"{name}_drop": trial.drop,
                f"{name}_increase": trial.increase,
            }
        check = self.randomisation
        row |= {"changes_with_weights": check and check.passed, "similarity_random_weights": check and check.last}
        return row | {"steps": self.steps, "fill": self.fill, "seed": self.seed}


class _Stopped(Exception):
    """The person asked to stop in the middle of a map."""


def faithfulness(
    clf: Classifier,
    images: Sequence[Image],
    maps: Sequence[Heatmap],
    *,
    steps: int = STEPS,
    fill: str = "blur",
    randomise: bool = True,
    seed: int = 0,
    cache: Cache | None = None,
    watch: Callable[[float, int], bool | None] = lambda done, total: None,
) -> list[Faithfulness]:
    """Test heatmaps by erasing and restoring their pictures, and by taking the model's knowledge away.

    Args:
        clf: the model that made all the maps.
        images: uint8 (H, W, 3) or (H, W, 1) of any size, the picture of each map, in the frame of the map; or files, or
            their bytes, which are read as the model reads.
        maps: the heatmaps; a contrast is scored by the probability of its class against its rival.
        steps: of the deletion and insertion curves (Petsiuk et al., "RISE", BMVC 2018).
        fill: what erased pixels become: ``blur``, ``mean`` or ``black``.
        randomise: run the randomisation check too (Adebayo et al., NeurIPS 2018).
        seed: of the random baseline, of ties and of the random weights.
        cache: where given, what was tested before is read from there.
        watch: called with the number of maps done, the one under way counted by its passes, and to do; returns True to
            stop.

    Returns:
        One value a map, in order; fewer where ``watch`` stopped it.

    Raises:
        ModelError: a map is another model's, or an argument makes no sense.
    """
    if fill not in FILLS or steps < 1:
        raise ModelError(
            Message(
                "Faithfulness takes 1 step or more and a fill of {choices}: not {steps}, {fill}.",
                choices=", ".join(FILLS),
                steps=steps,
                fill=fill,
            )
        )
    for heatmap in maps:
        if heatmap.fingerprint != clf.fingerprint:
            raise ModelError(
                Message(
                    "A heatmap of {model_name} cannot be tested with {model}: use its own model.",
                    model_name=heatmap.model_name,
                    model=clf.name,
                )
            )
    settings = {"steps": steps, "fill": fill, "seed": seed}
    keys, fitted = [], []
    for image, heatmap in zip(images, maps, strict=True):
        seen = as_seen(clf, image, heatmap.turn)
        keys.append(faithfulness_key(clf, seen, heatmap.as_seen(), **settings))
        # Photographs are kept at the size of the model's input alone.
        fitted.append(clf.fit(seen))
    images, maps = fitted, [heatmap.as_seen() for heatmap in maps]
    found: dict[int, Faithfulness] = {}
    for i, key in enumerate(keys):
        kept = kept_faithfulness(cache, key)
        if kept is not None and (kept.randomisation is not None or not randomise):
            found[i] = kept
    waiting = [i for i in range(len(maps)) if i not in found]
    passes = 0

    def tick() -> None:
        nonlocal passes
        passes += 1
        if watch(len(found) + min(passes / _PASSES, 0.99), len(maps)):
            raise _Stopped

    asked = [images[i] for i in waiting], [maps[i] for i in waiting]
    checks = randomisation_checks(clf, *asked, seed=seed, tick=tick)
    with contextlib.suppress(_Stopped):
        for i in waiting:
            passes = 0
            check = next(checks) if randomise else None
            found[i] = _test(clf, images[i], maps[i], check, tick, **settings)
            if cache is not None:
                # A folder that cannot be written keeps nothing, and the work goes on.
                with contextlib.suppress(CarvisError):
                    cache.put(keys[i], ".npz", _packed(found[i]))
            if watch(len(found), len(maps)):
                break
    return [found[i] for i in sorted(found)]


def faithfulness_key(
    clf: Classifier, image: Image, heatmap: Heatmap, *, steps: int = STEPS, fill: str = "blur", seed: int = 0
) -> str:
    """Name a test by everything that decides its outcome."""
    asked = [heatmap.method, heatmap.layer, heatmap.target, heatmap.against, heatmap.gamma, heatmap.score_kind]
    image, raw = as_seen(clf, image, heatmap.turn), heatmap.as_seen().raw
    made = np.ascontiguousarray(image), np.ascontiguousarray(raw)
    return content_hash(clf.fingerprint, *made, asked, [steps, fill, seed, _VERSION])


def kept_faithfulness(cache: Cache | None, key: str) -> Faithfulness | None:
    """Return what was tested before under this key, or None."""
    path = cache.get(key, ".npz") if cache is not None else None
    if path is None:
        return None
    # A damaged entry of a cache is made anew.
    with contextlib.suppress(CarvisError), open_arrays(path, max_bytes=_MAX_BYTES) as file:
        return _unpacked(file, path)
    return None


def class_scores(clf: Classifier, target: int, against: int | None = None) -> Scores:
    """Return a function of prepared pictures that gives the probability of a class, or of it against a rival."""

    def scores(batch: np.ndarray) -> np.ndarray:
        probabilities = clf.predict_prepared(batch)
        if against is None:
            return probabilities[:, target]
        both = probabilities[:, target] + probabilities[:, against]
        return np.divide(probabilities[:, target], both, out=np.full_like(both, 0.5), where=both > 0)

    return scores


def _test(clf, image, heatmap: Heatmap, check, tick: Callable[[], None], steps: int, fill: str, seed: int):
    prepared = clf.prepare([image])[0]
    of_class = class_scores(clf, heatmap.target, heatmap.against)

    def scores(batch: np.ndarray) -> np.ndarray:
        tick()
        return of_class(batch)

    black = clf.black_image(prepared.shape[:2])
    erased = erase(prepared, fill, black)

    def trial(raw: np.ndarray, share: np.ndarray) -> Trial:
        curves = trace(scores, prepared, erased, raw, steps, seed)
        left = black + resize(share, prepared.shape[:2])[..., None] * (prepared - black)
        drop, increase = drop_and_increase(float(curves.deletion[0]), float(in_chunks(scores, [left])[0]))
        return Trial(curves, drop, increase)

    shape = heatmap.raw.shape
    noises = [random_map(shape, seed + draw) for draw in range(_RANDOM_MAPS)]
    blob = centred_blob(shape)
    return Faithfulness(
        own=trial(np.nan_to_num(heatmap.raw), heatmap.normalised),
        baselines={"random": _mean([trial(noise, noise) for noise in noises]), "blob": trial(blob, blob / blob.max())},
        randomisation=check,
        status=heatmap.status,
        steps=steps,
        fill=fill,
        seed=seed,
    )


def drop_and_increase(whole: float, left: float) -> tuple[float, float]:
    """Return the drop, and 1 where the confidence rose, from the whole picture to what the map leaves of it.

    Chattopadhay et al., "Grad-CAM++" (WACV 2018), section 4.1: the terms of average drop % and increase %, as shares.
    """
    return (max(0.0, whole - left) / whole if whole > 0 else 0.0), float(left > whole)


def _mean(trials: list[Trial]) -> Trial:
    deletion, insertion = (
        np.mean([getattr(trial.curves, name) for trial in trials], axis=0) for name in ("deletion", "insertion")
    )
    drop, increase = (float(np.mean([getattr(trial, name) for trial in trials])) for name in ("drop", "increase"))
    return Trial(Curves(deletion, insertion), drop, increase)


def _packed(value: Faithfulness) -> bytes:
    trials = {"own": value.own, **value.baselines}
    arrays = {f"{name}_deletion": trial.curves.deletion for name, trial in trials.items()}
    arrays |= {f"{name}_insertion": trial.curves.insertion for name, trial in trials.items()}
    facts = {
        "trials": {name: [trial.drop, trial.increase] for name, trial in trials.items()},
        "randomisation": value.randomisation and value.randomisation.facts(),
        "rest": {name: getattr(value, name) for name in ("status", "steps", "fill", "seed")},
    }
    buffer = io.BytesIO()
    np.savez(buffer, facts=json_text(facts), **arrays)
    return buffer.getvalue()


def _unpacked(file: ArrayFile, path: Path) -> Faithfulness:
    facts = check_json(parse_json(file.text("facts"), path), FaithfulnessFacts, path)
    shape = (facts["rest"]["steps"] + 1,)
    trials = {
        name: Trial(
            Curves(*(file.read(f"{name}_{curve}", "f", shape) for curve in ("deletion", "insertion"))), *numbers
        )
        for name, numbers in facts["trials"].items()
    }
    check = facts["randomisation"] and Randomisation.from_facts(facts["randomisation"])
    return Faithfulness(own=trials.pop("own"), baselines=trials, randomisation=check, **facts["rest"])
