"""Faithfulness results as files of a cache, named by everything that decides them."""

import io
from pathlib import Path

import numpy as np

from carvis.classifier import Classifier
from carvis.explain.faithfulness_metrics.deletion_insertion import STEPS, Curves, Fill
from carvis.explain.faithfulness_metrics.result import Faithfulness, Trial
from carvis.explain.faithfulness_metrics.sanity_check import Randomisation
from carvis.explain.file_schemas import FaithfulnessFacts
from carvis.explain.heatmap import Heatmap
from carvis.explain.input_frame import Image, as_seen
from carvis.workspace import (
    Cache,
    CacheFormat,
    check_json,
    content_hash,
    json_text,
    load_cached,
    open_arrays,
    parse_json,
)

_VERSION = 1
_MAX_BYTES = 100_000_000


def faithfulness_key(
    clf: Classifier, image: Image, heatmap: Heatmap, *, steps: int = STEPS, fill: Fill = "blur", seed: int = 0
) -> str:
    """Name a test by everything that decides its outcome."""
    explained = [heatmap.method, heatmap.layer, heatmap.target, heatmap.against, heatmap.gamma, heatmap.score_kind]
    image, raw = as_seen(clf, image, heatmap.turn), heatmap.as_seen().raw
    arrays = np.ascontiguousarray(image), np.ascontiguousarray(raw)
    return content_hash(clf.fingerprint, *arrays, explained, [steps, fill, seed, _VERSION])


def stored_faithfulness(cache: Cache | None, key: str) -> Faithfulness | None:
    """Return the cached result under this key, or None."""
    return load_cached(cache, key, FORMAT)


def _encode(result: Faithfulness) -> bytes:
    trials = {"own": result.own, **result.baselines}
    arrays = {f"{name}_deletion": trial.curves.deletion for name, trial in trials.items()}
    arrays |= {f"{name}_insertion": trial.curves.insertion for name, trial in trials.items()}
    facts = {
        "trials": {name: [trial.drop, trial.increase] for name, trial in trials.items()},
        "randomisation": result.randomisation and result.randomisation.facts(),
        "rest": {name: getattr(result, name) for name in ("status", "steps", "fill", "seed")},
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, facts=np.array(json_text(facts)), **arrays)
    return buffer.getvalue()


def _decode(path: Path) -> Faithfulness:
    with open_arrays(path, max_bytes=_MAX_BYTES) as file:
        facts = check_json(parse_json(file.text("facts"), path), FaithfulnessFacts, path)
        shape = (facts["rest"]["steps"] + 1,)
        trials = {
            name: Trial(
                Curves(file.read(f"{name}_deletion", "f", shape), file.read(f"{name}_insertion", "f", shape)), *numbers
            )
            for name, numbers in facts["trials"].items()
        }
    check = facts["randomisation"] and Randomisation.from_facts(facts["randomisation"])
    return Faithfulness(own=trials.pop("own"), baselines=trials, randomisation=check, **facts["rest"])


FORMAT = CacheFormat(".npz", _encode, _decode)
