"""``Attention`` on disk, named by everything that made it. Reading one needs no TensorFlow."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NotRequired

from annotated_types import Len
from typing_extensions import TypedDict

from carvis import __version__
from carvis.explain.attention.result import MEASURES, Attention
from carvis.explain.attention.settings import AttentionSettings
from carvis.language import as_data
from carvis.workspace import Cache, CacheFormat, Column, content_hash, json_text, load_cached, read_json, read_parquet
from carvis.workspace.json_schema import Count, Listed, Mapped, Sentence, Texts
from carvis.workspace.parquet_file import TEXT

# Another number where the same settings would now give another result.
FORMAT = 3


def attention_key(
    model: tuple[str, Sequence[str]], images: tuple[str, str], parts: str, settings: AttentionSettings
) -> str:
    """Return the name of a result in the cache.

    Args:
        model: fingerprint and class names.
        images: the data set's fingerprint and the split.
        parts: the annotations' fingerprint.
        settings: what was measured.
    """
    # Under the name that it had when the first results were kept: they are still found.
    made_by = {"cover" if name == "occlude" else name: value for name, value in settings.as_dict().items()}
    fingerprint, class_names = model
    return content_hash(
        "attention", FORMAT, __version__, [fingerprint, list(class_names)], list(images), parts, made_by
    )


def _table(attention: Attention) -> bytes:
    content = io.BytesIO()
    attention.table.to_parquet(content, index=False, compression="zstd")
    return content.getvalue()


def _facts(attention: Attention) -> bytes:
    facts = {name: getattr(attention, name) for name in ("parts", "skipped", "setup", "complete")}
    facts["problems"] = [as_data(problem) for problem in attention.problems]
    return json_text(facts).encode()


class _Setup(TypedDict):
    # A field to mypy, a setting to pydantic.
    __pydantic_config__ = {"extra": "allow"}  # type: ignore[misc]  # noqa: RUF012
    model: str
    fingerprint: str
    class_names: Texts
    data: str
    split: str
    method: str
    notes: Listed[object]


class _Facts(TypedDict):
    parts: Annotated[Texts, Len(1)]
    # "left_out" in results of earlier versions.
    skipped: NotRequired[Mapped[Count]]
    left_out: NotRequired[Mapped[Count]]
    problems: Listed[Sentence]
    setup: _Setup
    complete: bool


_MEASURE = Column("number", -1, 1, missing=True)
_SHARE = Column("number", 0, 1, missing=True)
_COLUMNS = {"id": Column("text", unique=True), "label": TEXT, "predicted": TEXT, "confidence": _SHARE}
_COLUMNS |= {"right": Column("flag"), "target": TEXT, "probability": _SHARE, "status": TEXT}


def _decode(path: Path) -> Attention | None:
    facts = read_json(path.with_suffix(".json"), _Facts)
    if len(set(facts["parts"])) < len(facts["parts"]):
        return None
    measures = {f"{measure}:{part}": _MEASURE for part in facts["parts"] for measure in MEASURES}
    return Attention(
        read_parquet(path, _COLUMNS | measures),
        tuple(facts["parts"]),
        facts.get("skipped", facts.get("left_out", {})),
        tuple(facts["problems"]),
        facts["setup"],
        facts["complete"],
    )


# The table as Parquet, the rest as JSON.
ATTENTION_FORMAT = CacheFormat(".parquet", _table, _decode, {".json": _facts})


def load_attention(cache: Cache | None, key: str) -> Attention | None:
    """Return a result from the cache, or None where it has to be measured."""
    return load_cached(cache, key, ATTENTION_FORMAT)
