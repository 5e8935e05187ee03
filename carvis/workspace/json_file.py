"""Reading and writing JSON: bounded in size and depth, checked against a schema, one sentence for what is wrong."""

import functools
import json
import math
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from carvis.errors import CarvisError
from carvis.language import Message
from carvis.workspace.files import atomic_write
from carvis.workspace.json_schema import adapter, reason_of
from carvis.workspace.unusable_files import Unusable, read_content, refusal, short

MAX_BYTES = 20_000_000
MAX_DEPTH = 100
# Longer integers do not become floats any more.
_MAX_DIGITS = 300
# Strings, the last of them perhaps without an end: from no quote on is the text read twice.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_SURROGATE_OR_NUL = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
_NOT_UTF8 = ("utf-16", "utf-32")


def read_json(
    path: str | Path,
    schema: Any = object,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    nan: bool | None = False,
    newest: int | None = None,
    version_key: str = "format",
    remedy: str | None = None,
    error: type[CarvisError] = CarvisError,
) -> Any:
    """Read a JSON file.

    Args:
        path: an ordinary file.
        schema: what its value must be; see ``check_json``.
        max_bytes, max_depth, nan, remedy, error: as ``parse_json``.
        newest, version_key: as ``check_json``.

    Returns:
        The value; of a dataclass an object of it.

    Raises:
        error: the file cannot be read, is no such JSON, or does not follow the schema: a sentence with its name, what
            is wrong with it, and the remedy.
    """
    content = read_content(path, max_bytes, remedy, error)
    value = parse_json(content, path, max_bytes=max_bytes, max_depth=max_depth, nan=nan, remedy=remedy, error=error)
    return check_json(value, schema, path, newest=newest, version_key=version_key, remedy=remedy, error=error)


def parse_json(
    content: bytes | str,
    path: str | Path,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    nan: bool | None = False,
    remedy: str | None = None,
    error: type[CarvisError] = CarvisError,
) -> Any:
    """Return the value of a JSON text.

    Args:
        content: the text, or its bytes in UTF-8, with a byte order mark or without.
        path: the file it is from, for the sentence.
        max_bytes, max_depth: what is longer, or nested deeper, is not parsed.
        nan: whether NaN and Infinity, which are no JSON, are taken; None makes them null.
        remedy: what the person can do, without a capital or a full stop; by default to mend or remove the file.
        error: what to raise.

    Raises:
        error: the text is too large, too deep, torn, of another encoding or no JSON; a key is there twice; a number has
            hundreds of digits; a text holds NUL or half a surrogate pair.
    """
    try:
        return _value(content, max_bytes, max_depth, nan)
    except Unusable as problem:
        raise error(refusal(path, problem.args[0], remedy)) from problem


def check_json(
    value: Any,
    schema: Any,
    path: str | Path,
    *,
    newest: int | None = None,
    version_key: str = "format",
    remedy: str | None = None,
    error: type[CarvisError] = CarvisError,
) -> Any:
    """Return a value that follows a schema.

    Args:
        value: as ``parse_json`` returns it.
        schema: a dataclass, a ``TypedDict`` or any other type that pydantic's ``TypeAdapter`` takes; ``object`` takes
            all. A ``TypedDict`` ignores keys that it does not name, unless its ``__pydantic_config__`` allows them.
        path, remedy, error: as ``parse_json``.
        newest: the newest version of the file's format that is known, which stands under ``version_key``.

    Raises:
        error: the value has another type, lacks a key, or is of a newer version.
    """
    version = value.get(version_key) if newest is not None and isinstance(value, dict) else None
    if newest is not None and isinstance(version, (int, float)) and version > newest:
        raise error(
            Message(
                "{path} was written by a newer carvis (format {version}, this one knows {newest}): update carvis.",
                path=path,
                version=version,
                newest=newest,
            )
        )
    if schema is object:
        return value
    from pydantic import ValidationError

    try:
        return adapter(schema).validate_python(value, strict=True)
    except ValidationError as problem:
        raise error(refusal(path, reason_of(problem), remedy)) from problem


def write_json(path: str | Path, value: Any, *, indent: int | None = 2) -> Path:
    """Write a value as a JSON file in UTF-8, whole or not at all; see ``json_text``."""
    return atomic_write(path, json_text(value, indent=indent) + "\n")


def json_text(value: Any, *, indent: int | None = None) -> str:
    """Return a value as JSON that every program can read: NaN and infinity, which are no JSON, become null.

    Args:
        value: dictionaries, lists, texts, numbers, numpy's among them.
        indent: as ``json.dumps``.
    """
    encode = functools.partial(json.dumps, ensure_ascii=False, indent=indent, allow_nan=False, default=_plain)
    try:
        text = encode(value)
    except ValueError:
        text = encode(_without_nan(value))
    # A file name that is no UTF-8 has stand-ins that cannot be written.
    return text.encode("utf-8", "replace").decode("utf-8")


def _value(content: bytes | str, max_bytes: int, max_depth: int, nan: bool | None) -> Any:
    if len(content) > max_bytes:
        raise Unusable(Message("it is larger than {limit} MB", limit=f"{max_bytes / 1e6:,g}"))
    text = _decoded(content) if isinstance(content, bytes) else content.removeprefix("\ufeff")
    if not text.strip(" \t\r\n\0"):
        raise Unusable(Message("it is empty, as a write that was cut off leaves it"))
    if text.count("[") + text.count("{") > max_depth and _depth(text) > max_depth:
        raise Unusable(Message("it is nested deeper than {limit} levels", limit=max_depth))
    constants: dict[bool | None, Callable[[str], Any]] = {True: float, False: _refuse_constant, None: lambda name: None}
    try:
        value = json.loads(
            text,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=constants[nan],
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as problem:
        raise Unusable(_syntax(problem)) from problem
    if _SURROGATE_OR_NUL.search(text):
        _check_characters(value)
    return value


def _decoded(content: bytes) -> str:
    encoding: str | None = json.detect_encoding(content)
    if encoding and not encoding.startswith(_NOT_UTF8):
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            # A character that the end of the file cuts through is no other encoding.
            if problem.end == len(content) and problem.reason == "unexpected end of data":
                raise Unusable(_torn()) from problem
            encoding = _guessed(content)
    # After a full disk or a power cut, a file can have its full length and contain only zeros.
    elif not content.strip(b"\0"):
        return ""
    if encoding is None:
        raise Unusable(Message("it is not UTF-8"))
    raise Unusable(Message("it is {encoding}, not UTF-8", encoding=encoding.upper().replace("_", "-")))


def _guessed(content: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(content[:20_000]).best()
    return best.encoding if best else None


def _depth(text: str) -> int:
    import numpy as np

    characters = np.frombuffer(_STRING.sub(b"", text.encode("utf-8", "replace")), np.uint8)
    steps = ((characters == ord("[")) | (characters == ord("{"))).astype(np.int8)
    steps -= (characters == ord("]")) | (characters == ord("}"))
    return int(np.cumsum(steps, dtype=np.int64).max(initial=0))


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise Unusable(Message("a number in it has more than {limit} digits", limit=_MAX_DIGITS))
    return int(digits)


def _finite(digits: str) -> float:
    if not math.isfinite(number := float(digits)):
        raise Unusable(Message("a number in it is too large"))
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise Unusable(Message("it holds {name}, which JSON does not allow", name=name))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        (duplicate, _count), *_others = Counter(key for key, _ in pairs).most_common(1)
        raise Unusable(Message("the key {key} is there twice", key=short(duplicate)))
    return members


def _syntax(problem: json.JSONDecodeError) -> Message:
    rest = problem.doc[problem.pos :].strip()
    if not rest or problem.msg.startswith("Unterminated string"):
        return _torn()
    return Message("invalid JSON at line {line}, character {column}", line=problem.lineno, column=problem.colno)


def _torn() -> Message:
    return Message("it ends in the middle, as a write that was cut off leaves it")


def _check_characters(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as problem:
        raise Unusable(Message("a text in it holds half of a surrogate pair")) from problem
    if "\\u0000" in text.replace("\\\\", ""):
        raise Unusable(Message("a text in it holds a NUL character"))


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return _without_nan(value.tolist())
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_without_nan(key): _without_nan(item) for key, item in value.items()}
    return [_without_nan(item) for item in value] if isinstance(value, (list, tuple)) else value
