"""Keeping an ``Attention`` on disk, named by everything that made it. Reading one needs no TensorFlow."""

import io
import json

import pandas as pd

from carvis import __version__
from carvis.explain.attention.result import Attention
from carvis.language import as_data, from_data
from carvis.workspace import Cache, content_hash

# Another number where the same settings would now give another result.
FORMAT = 3


def settings_of(
    method: str = "grad-cam",
    target: str = "predicted",
    layer: str | None = None,
    score: str = "logit",
    *,
    cover: bool = True,
    fill: str = "surroundings",
    tolerance: float = 0.0,
    seed: int = 0,
) -> dict[str, object]:
    """Return what of ``attention_on_parts``'s arguments changes its result; one that plays no part is left at rest."""
    return {
        "method": method,
        "target": target,
        "layer": layer,
        "score": score,
        "cover": cover,
        "fill": fill if cover else None,
        "tolerance": float(tolerance),
        "seed": seed if cover or method == "smoothgrad" else 0,
    }


def settings_key(
    model: tuple[str, list[str]], pictures: tuple[str, str], parts: str, settings: dict[str, object]
) -> str:
    """Return the name of a result in the cache.

    Args:
        model: fingerprint and class names.
        pictures: the data set's fingerprint and the split.
        parts: the annotations' fingerprint.
        settings: as ``settings_of`` gives them.
    """
    return content_hash("attention", FORMAT, __version__, list(model), list(pictures), parts, settings)


def keep(cache: Cache, key: str, attention: Attention) -> None:
    """Put a result into the cache: the table as Parquet, the rest as JSON."""
    table = io.BytesIO()
    attention.table.to_parquet(table, index=False, compression="zstd")
    facts = {name: value for name, value in vars(attention).items() if name in _FACTS}
    facts["problems"] = [as_data(problem) for problem in attention.problems]
    cache.put(key, ".parquet", table.getvalue())
    cache.put(key, ".json", json.dumps(facts, ensure_ascii=False).encode())


_FACTS = ("parts", "left_out", "problems", "setup", "complete")


def kept(cache: Cache, key: str) -> Attention | None:
    """Return a result from the cache, or None where it has to be made."""
    files = cache.get(key, ".parquet"), cache.get(key, ".json")
    if None in files:
        return None
    try:
        facts = json.loads(files[1].read_text("utf-8"))
        facts |= {"parts": tuple(facts["parts"]), "problems": tuple(map(from_data, facts["problems"]))}
        return Attention(pd.read_parquet(files[0]), **facts)
    # Damaged, or removed meanwhile: it is made anew.
    except (OSError, ValueError, KeyError, TypeError):
        return None
