"""``check_assumptions``: use a model under each plausible assumption on a few images, and compare."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carvis.dataset import Dataset
from carvis.evaluation.assumptions.alternatives import compare_alternatives, not_finished
from carvis.evaluation.assumptions.result import AssumptionCheck
from carvis.evaluation.assumptions.trial import Trial, TrialSettings
from carvis.progress import Progress, no_progress
from carvis.workspace import Cache, content_hash, json_text, read_json
from carvis.workspace.cache import CacheFormat, load_cached, store_cached

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.evaluation.result import Evaluation

FORMAT = 5


def check_assumptions(
    clf: "Classifier",
    data: Dataset | str | Path,
    *,
    n: int = 200,
    seed: int = 0,
    seconds: float | None = None,
    full: bool = True,
    cache: Cache | str | Path | None = None,
    progress: Progress | None = None,
) -> AssumptionCheck:
    """Check what is assumed of a model on a sample of images whose classes are known.

    Every preprocessing with every order of the classes, then every way to resize (and to read transparent or turned
    images, where the sample has such) is held against what is assumed. Another is called clearly better where the exact
    McNemar test says so at 0.001 after Holm's correction over all alternatives, and where more images are right than by
    chance; otherwise there is no verdict.

    Args:
        clf: the classifier.
        data: a data set of its classes, or its folder: images of validation, then of training; of test only where there
            are no others.
        n: images, spread evenly over the classes; fewer (at least 24) where they would take longer than ``seconds``,
            and up to three times as many where another assumption seems better on them, but not clearly.
        seed: of the sample.
        seconds: bound of the forward passes; by default 90 for a full check and 30 for a quick one, which stops
            then and reports what it has.
        full: try everything, to learn what may go into the card; otherwise stop as soon as nothing could be clearly
            better than what is assumed, mostly after one pass.
        cache: a cache, or the folder for one, that keeps the result.
        progress: called with (forward passes done, in all), counted in images.

    Raises:
        StoppedError: ``progress`` asked to stop.
    """
    data = data if isinstance(data, Dataset) else Dataset(data)
    cache = Cache(cache) if isinstance(cache, (str, Path)) else cache
    if cache and (stored := stored_check(clf, data, cache, full=full, n=n, seed=seed)):
        return stored
    start = time.monotonic()
    seconds = (90.0 if full else 30.0) if seconds is None else seconds
    # A quick check runs within other work: a large model on a slow machine must not hold that up.
    settings = TrialSettings(n, seed, seconds, None if full else start + seconds)
    progress = progress or no_progress
    trial = Trial(clf, data, settings, progress)
    try:
        result = compare_alternatives(trial, full)
    except TimeoutError:
        result = not_finished(trial)
    if result.promising and result.n == n:
        # Something seems better on these images: three times as many mostly decide it. Both looks are corrected for.
        with contextlib.suppress(TimeoutError):
            larger = Trial(clf, data, replace(settings, n=3 * n, looks=2), progress)
            result = compare_alternatives(larger, full) if len(larger.labels) > n else result
    result = replace(result, seconds=round(time.monotonic() - start, 2))
    store_cached(cache, _key(clf, data, full, n, seed), _FORM, result)
    return result


def stored_check(
    clf: "Classifier | Evaluation",
    data: Dataset | str,
    cache: Cache | str | Path,
    *,
    full: bool = False,
    n: int = 200,
    seed: int = 0,
) -> AssumptionCheck | None:
    """Return what an earlier check found, None where there was none.

    Args:
        clf: the classifier, or an evaluation, whose model was used as it says.
        data: the data set, or its fingerprint.
        full: only a full check; otherwise a quick one will do, too.
    """
    cache = Cache(cache) if isinstance(cache, (str, Path)) else cache
    for thorough in (True,) if full else (True, False):
        if result := load_cached(cache, _key(clf, data, thorough, n, seed), _FORM):
            return result
    return None


def _encode(result: AssumptionCheck) -> bytes:
    return json_text({"format": FORMAT, **result.to_json()}).encode()


def _decode(path: Path) -> AssumptionCheck | None:
    facts = read_json(path, dict)
    return AssumptionCheck.from_json(facts) if facts.pop("format", None) == FORMAT else None


_FORM = CacheFormat(".json", _encode, _decode)


def _key(clf: "Classifier | Evaluation", data: Dataset | str, full: bool, n: int, seed: int) -> str:
    noted: Callable[[str, Any], Any] = clf.setup["model"].get if hasattr(clf, "setup") else partial(getattr, clf)
    facts = {name: noted(name, None) for name in ("alpha", "orientation", "output", "name")}
    facts |= {"class_names": list(noted("class_names", ()))}
    hashes = noted("fingerprint", None), noted("sha256", None), data if isinstance(data, str) else data.fingerprint
    # The fingerprint holds the weights, the input size, the preprocessing and the resize method.
    return content_hash("assumptions", *hashes, facts, full, n, seed)
