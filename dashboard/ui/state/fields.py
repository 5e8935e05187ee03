"""The fields of the selection: those that all pages share, and how a page declares its own."""

import dataclasses
import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from carvis.explain.methods import METHODS
from carvis.images import ColorMap

Value = str | int | tuple[str, ...]
# A field's name in the URL to its value; what is as at the start is not among them.
Values = Mapping[str, Value]
Names = Literal["data set", "split", "model", "table", "evaluation"]
_OF_DATA = ("split", "sample", "true", "pred", "table", "groups", "page", "open")
_PAGES = Path(__file__).parents[1]


@dataclass(frozen=True)
class Field:
    """One field as it is declared: its value at the start, and what may stand in its place.

    ``choices`` and ``bounds`` are empty where any text fits; ``resets`` are the fields that mean nothing any more once
    this one changes; ``names`` says what of the workspace its value names.
    """

    name: str
    start: Value
    choices: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None
    resets: tuple[str, ...] = ()
    reset_by: tuple[str, ...] = ()
    names: Names | None = None


def field(
    start: Value,
    *,
    choices: Iterable[str] = (),
    bounds: tuple[int, int] | None = None,
    resets: Iterable[str] = (),
    reset_by: Iterable[str] = (),
    names: Names | None = None,
) -> Any:
    """Declare a field of a page's selection.

    Args:
        start: its value as long as nobody chose another one; the empty one leaves the choice to the page.
        choices: the texts it may hold, where its annotation is no ``Literal`` that says so.
        bounds: the least and the largest number it may hold.
        resets: the fields that its change sets back.
        reset_by: the fields whose change sets it back.
        names: what of the workspace its value names.
    """
    facts = {"choices": tuple(choices), "bounds": bounds, "resets": tuple(resets), "reset_by": tuple(reset_by)}
    return dataclasses.field(default=start, metadata=facts | {"names": names})


@dataclass(frozen=True)
class Shared:
    """What the person looks at, on every page. Every value is language-neutral."""

    lang: str = ""
    data: str = field("", resets=_OF_DATA, names="data set")
    split: Literal["", "train", "valid", "test"] = field("", resets=("sample", "table", "page", "open"), names="split")
    model: tuple[str, ...] = field((), names="model")
    sample: tuple[str, ...] = ()
    true: str = field("", resets=("page", "open"))
    pred: str = field("", resets=("page", "open"))
    table: str = field("", resets=("true", "pred", "page", "open"), names="table")
    groups: str = ""
    page: int = field(1, bounds=(1, 1_000_000), resets=("open",))
    open: str = ""
    # The name of a saved set, whose images pages Image map and Misclassified show.
    image_set: str = field("", resets=("page", "open"), reset_by=("data",))
    layer: tuple[str, ...] = ()
    # The split whose images are shown beside one that is opened large.
    near: Literal["train", "valid", "test"] = "train"
    method: str = field("grad-cam", choices=METHODS)
    score: Literal["logit", "probability"] = "logit"
    explain: str = "predicted"
    colours: ColorMap = "viridis"
    strength: int = field(55, bounds=(0, 100))
    axis: Literal["linear", "log"] = "linear"

    def __init_subclass__(cls) -> None:
        _parts[cls.__module__] = cls
        declared.cache_clear()


_parts: dict[str, type[Shared]] = {}
_fields: dict[type[Shared], dict[str, Field]] = {}


@cache
def declared() -> dict[str, Field]:
    """Return every field by its name: the shared ones, then those of each folder ``ui/<page>`` with a ``selection.py``.

    Raises:
        ValueError: two pages declare a field of the same name, or one names a field that is not there.
    """
    for file in sorted(_PAGES.glob("*/selection.py")):
        if file.parent.name != "state":
            importlib.import_module(f"ui.{file.parent.name}.selection")
    fields = dict(_fields_of(Shared))
    for part in list(_parts.values()):
        for name, entry in _fields_of(part).items():
            if name in fields and name not in _fields_of(Shared):
                raise ValueError(f"{part.__qualname__} declares {name}, which another page has declared")
            fields.setdefault(name, entry)
    resets = {name: set(entry.resets) for name, entry in fields.items()}
    for name, entry in fields.items():
        for trigger in entry.reset_by:
            resets[trigger].add(name)
    if unknown := set().union(*resets.values()) - fields.keys():
        raise ValueError(f"no page declares {', '.join(sorted(unknown))}")
    return {name: dataclasses.replace(entry, resets=tuple(sorted(resets[name]))) for name, entry in fields.items()}


def _fields_of(part: type[Shared]) -> dict[str, Field]:
    if part not in _fields:
        hints = get_type_hints(part)
        fields = {}
        for declaration in dataclasses.fields(part):
            facts = dict(declaration.metadata)
            if get_origin(hints[declaration.name]) is Literal:
                facts["choices"] = get_args(hints[declaration.name])
            fields[declaration.name] = Field(declaration.name, cast(Value, declaration.default), **facts)
        _fields[part] = fields
    return _fields[part]


def names_of(part: type[Shared]) -> Iterable[str]:
    """Return the names of a page's fields, the shared ones among them."""
    return _fields_of(part).keys()
