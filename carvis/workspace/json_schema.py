"""What a JSON file must hold: types for schemas, and in words what does not follow one.

A schema is what pydantic's ``TypeAdapter`` takes; here mostly a ``TypedDict`` (of ``typing_extensions``), whose values
stay plain dictionaries. It is checked strictly: a text is not a number, and true is not 1.
"""

import functools
import math
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from annotated_types import Ge, Le, Len

from carvis.language import Message, from_data
from carvis.workspace.unusable_files import short

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError

# What a double holds as an integer.
_LARGEST = 2**53
_MOST_KEYS = 50_000
_LONGEST_NAME = 255


class _FailFast:
    """Ends the check of a list at its first wrong item: a million of them would take gigabytes."""

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> Any:
        return {**handler(source), "fail_fast": True}


class _Few:
    """Refuses an object of very many keys before they are checked, for the same reason."""

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> Any:
        function = {"type": "no-info", "function": self.check}
        return {"type": "function-before", "function": function, "schema": handler(source)}

    @staticmethod
    def check(value: Any) -> Any:
        if isinstance(value, dict) and len(value) > _MOST_KEYS:
            raise ValueError(Message("an object of {limit} keys or fewer", limit=f"{_MOST_KEYS:,}"))
        return value


class _Sentence:
    """Takes a text, or what ``carvis.language.as_data`` wrote, and gives the sentence."""

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> Any:
        return {"type": "function-plain", "function": {"type": "no-info", "function": self.check}}

    @staticmethod
    def check(value: Any) -> str:
        sentence = from_data(value)
        if not isinstance(sentence, str):
            raise ValueError(Message("a text"))
        return sentence


class _Plain:
    """Takes a name of a file or folder: one that leads nowhere else."""

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> Any:
        function = {"type": "no-info", "function": self.check}
        return {"type": "function-after", "function": function, "schema": handler(source)}

    @staticmethod
    def check(value: str) -> str:
        if value in ("", ".", "..") or len(value.encode()) > _LONGEST_NAME or set(value) & set("/\\:\0"):
            raise ValueError(Message("a name without a path"))
        return value


class _Path:
    """Takes a path that file systems take."""

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> Any:
        function = {"type": "no-info", "function": self.check}
        return {"type": "function-after", "function": function, "schema": handler(source)}

    @staticmethod
    def check(value: str) -> str:
        if not value or any(len(part.encode()) > _LONGEST_NAME for part in value.replace("\\", "/").split("/")):
            raise ValueError(Message("a path"))
        return value


Item = TypeVar("Item")
Listed = Annotated[list[Item], _FailFast()]
Mapped = Annotated[dict[str, Item], _Few()]
Texts = Listed[str]
Name = Annotated[str, _Plain()]
FilePath = Annotated[str, Len(1, 4000), _Path()]
Sentence = Annotated[object, _Sentence()]
Count = Annotated[int, Ge(0), Le(_LARGEST)]
Positive = Annotated[int, Ge(1), Le(_LARGEST)]
Number = Annotated[float, Ge(-1e300), Le(1e300)]
Share = Annotated[float, Ge(0), Le(1)]


@functools.lru_cache(maxsize=128)
def adapter(schema: Any) -> "TypeAdapter[Any]":
    """Return what checks values against a schema."""
    from pydantic import TypeAdapter

    return TypeAdapter(schema)


def reason_of(problem: "ValidationError") -> Message:
    """Return the first violation of a schema as half a sentence."""
    error = problem.errors(include_url=False)[0]
    place = ".".join(short(str(part)) for part in error["loc"])
    if error["type"] == "missing":
        return Message("{place} is missing", place=place)
    needed, value = _needed(error["type"], error.get("ctx", {})), _kind(error["input"])
    limits = error.get("ctx", {}).keys() & {"ge", "le", "gt", "lt", "expected"}
    if limits and isinstance(error["input"], (str, int, float)):
        value = short(str(error["input"]))
    if not place:
        return Message("it must be {needed}, and is {value}", needed=needed, value=value)
    return Message("{place} must be {needed}, and is {value}", place=place, needed=needed, value=value)


def _needed(kind: str, facts: dict) -> str:
    limits = {"greater_than_equal": "ge", "less_than_equal": "le", "greater_than": "gt", "less_than": "lt"}
    if kind in limits:
        limit = f"{facts[limits[kind]]:.16g}"
        return {
            "ge": Message("{limit} or more", limit=limit),
            "le": Message("{limit} or less", limit=limit),
            "gt": Message("more than {limit}", limit=limit),
            "lt": Message("less than {limit}", limit=limit),
        }[limits[kind]]
    if kind == "literal_error":
        return Message("one of {choices}", choices=facts["expected"].replace(" or ", ", "))
    if kind == "value_error":
        return facts["error"].args[0]
    if kind.startswith("string_too"):
        return Message("a text of another length")
    if kind in ("too_short", "too_long"):
        length = facts.get("min_length", facts.get("max_length"))
        if kind == "too_short":
            return Message("a list of {length} or more", length=length)
        return Message("a list of {length} or fewer", length=length)
    names = {
        "string": Message("a text"),
        "int": Message("a whole number"),
        "float": Message("a number"),
        "finite": Message("a finite number"),
        "bool": Message("true or false"),
        "list": Message("a list"),
        "tuple": Message("a list"),
        "none": Message("null"),
    }
    objects = ("dict", "model", "dataclass", "typed")
    word = kind.split("_")[0]
    return Message("an object") if word in objects else names.get(word, Message("something else"))


def _kind(value: Any) -> str:
    if value is None:
        return Message("null")
    if isinstance(value, bool):
        return Message("true or false")
    if isinstance(value, float) and not math.isfinite(value):
        return Message("NaN or infinite")
    if isinstance(value, (int, float)):
        return short(str(value))
    if isinstance(value, str):
        return Message("a text")
    return Message("a list") if isinstance(value, (list, tuple)) else Message("an object")
