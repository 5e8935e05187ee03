"""``Slices`` as a file of a cache: a search that was made before is opened and not made again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from carvis.evaluation import Evaluation
from carvis.language import Message, as_data, from_data
from carvis.subgroups.properties import Condition
from carvis.subgroups.result import Slice, Slices
from carvis.subgroups.settings import SliceSettings
from carvis.workspace import CacheFormat, json_text, read_json

# Part of the name of a result in a cache: a change of how slices are searched raises it.
SEARCH = 3
_FORMAT = 1
_MAX_BYTES = 500_000_000


class _Condition(TypedDict):
    key: str
    low: float | None
    high: float | None
    value: str | None


class _Slice(TypedDict):
    conditions: list[_Condition]
    n: int
    accuracy: float
    low: float
    high: float
    rest: float
    p: float
    ids: list[str]
    confirming_ids: list[str]


class _Settings(TypedDict):
    seed: int
    properties: list[str] | None
    pairs: bool
    proposals: int
    share: float
    images: int
    level: float


class _Document(TypedDict):
    format: int
    slices: list[_Slice]
    proposed: int
    searched: list[str]
    n: list[int]
    errors: int
    uncounted: int
    confirming: list[str]
    settings: _Settings
    notes: list[Any]


def slices_format(evaluation: Evaluation) -> CacheFormat[Slices]:
    """Return how the slices of an evaluation are kept in a cache.

    The name that they are kept under has to hold all that decides them: the predictions, the images and what is known
    of them, the settings and ``SEARCH``.

    Args:
        evaluation: what was searched.
    """

    def decode(path: Path) -> Slices | None:
        document: _Document = read_json(path, _Document, max_bytes=_MAX_BYTES)
        return _slices(evaluation, document) if document["format"] == _FORMAT else None

    return CacheFormat(".json", lambda found: json_text(_document(found)).encode(), decode)


def _document(found: Slices) -> dict[str, Any]:
    names = ("proposed", "searched", "n", "errors", "uncounted", "confirming")
    return {
        "format": _FORMAT,
        "slices": [asdict(one) for one in found.slices],
        **{name: getattr(found, name) for name in names},
        "settings": asdict(found.settings),
        "notes": [as_data(note) for note in found.notes],
    }


def _slices(evaluation: Evaluation, document: _Document) -> Slices | None:
    settings, known = document["settings"], set(evaluation.predictions["id"])
    listed = [name for one in document["slices"] for name in (*one["ids"], *one["confirming_ids"])]
    notes = tuple(map(from_data, document["notes"]))
    # A sentence of another version of carvis would stay English.
    if len(document["n"]) != 2 or not all(isinstance(note, Message) for note in notes):
        return None
    if not known.issuperset(listed) or not known.issuperset(document["confirming"]):
        return None
    properties = None if settings["properties"] is None else tuple(settings["properties"])
    return Slices(
        evaluation,
        tuple(_slice(one) for one in document["slices"]),
        document["proposed"],
        tuple(document["searched"]),
        (document["n"][0], document["n"][1]),
        document["errors"],
        document["uncounted"],
        tuple(document["confirming"]),
        SliceSettings(
            settings["seed"],
            properties,
            settings["pairs"],
            settings["proposals"],
            settings["share"],
            settings["images"],
            settings["level"],
        ),
        notes,
    )


def _slice(data: _Slice) -> Slice:
    conditions = tuple(Condition(**one) for one in data["conditions"])
    ids, confirming_ids = tuple(data["ids"]), tuple(data["confirming_ids"])
    figures = (data["n"], data["accuracy"], data["low"], data["high"], data["rest"], data["p"])
    return Slice(conditions, *figures, ids, confirming_ids)
