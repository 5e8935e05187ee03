"""Keeping an ``Attention`` on disk, named by everything that made it. Reading one needs no TensorFlow."""

import contextlib
import io
from typing import Annotated

from annotated_types import Len
from typing_extensions import TypedDict

from carvis import __version__
from carvis.errors import CarvisError
from carvis.explain.attention.result import MEASURES, Attention
from carvis.language import as_data
from carvis.workspace import Cache, Column, content_hash, json_text, read_json, read_parquet
from carvis.workspace.json_schema import Count, Listed, Mapped, Sentence, Texts
from carvis.workspace.parquet_file import TEXT

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
    cache.put(key, ".json", json_text(facts).encode())


_FACTS = ("parts", "left_out", "problems", "setup", "complete")


class _Setup(TypedDict):
    __pydantic_config__ = {"extra": "allow"}  # noqa: RUF012
    model: str
    fingerprint: str
    class_names: Texts
    data: str
    split: str
    method: str
    notes: Listed[object]


class _Facts(TypedDict):
    parts: Annotated[Texts, Len(1)]
    left_out: Mapped[Count]
    problems: Listed[Sentence]
    setup: _Setup
    complete: bool


_MEASURE = Column("number", -1, 1, missing=True)
_SHARE = Column("number", 0, 1, missing=True)
_COLUMNS = {"id": Column("text", unique=True), "label": TEXT, "predicted": TEXT, "confidence": _SHARE}
_COLUMNS |= {"right": Column("flag"), "target": TEXT, "probability": _SHARE, "status": TEXT}


def kept(cache: Cache, key: str) -> Attention | None:
    """Return a result from the cache, or None where it has to be made."""
    files = cache.get(key, ".parquet"), cache.get(key, ".json")
    if None in files:
        return None
    # Damaged, or removed meanwhile: it is made anew.
    with contextlib.suppress(CarvisError):
        facts = read_json(files[1], _Facts)
        if len(set(facts["parts"])) < len(facts["parts"]):
            return None
        measures = {f"{measure}:{part}": _MEASURE for part in facts["parts"] for measure in MEASURES}
        table = read_parquet(files[0], _COLUMNS | measures)
        facts |= {"parts": tuple(facts["parts"]), "problems": tuple(facts["problems"])}
        return Attention(table, **facts)
    return None
