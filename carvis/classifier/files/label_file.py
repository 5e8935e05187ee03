"""Class names from a file: ``labels.txt``, one name a line, and ``class_indices.json`` in either direction."""

import re
from collections.abc import Iterable
from pathlib import Path

from carvis.errors import CarvisError, ModelError, TableError
from carvis.language import Message, message_of
from carvis.tables import readings, text_of
from carvis.tables.limits import MAX_CLASSES, too_many
from carvis.workspace import children, links_beside, os_reason, parse_json, read_regular
from carvis.workspace.sample_ids import composed

_MAX_BYTES = 10_000_000
# Letters of a line that can be a name.
_LONGEST = 2000
_UNLIKELY = re.compile("[\0\x80-\x9f\ue000-\uf8ff\ufffd]")
# Whatever is repeated is taken whole, or a line of blanks would be parted in every way there is.
_NUMBERED = re.compile(r"(\d{1,6})(?:\s*+[:,;]|[\t ])\s*+(\S.*)")
# Under these keys other programs keep their class names, Teachable Machine's metadata.json among them.
_KEYS = ("class_names", "class_indices", "labels", "classes", "names")
_BESIDE = (
    "labels.txt",
    "label.txt",
    "labels.csv",
    "labels.json",
    "class_indices.json",
    "class_names.txt",
    "class_names.json",
    "classes.txt",
    "classes.json",
    "metadata.json",
)


def read_class_names(path: str | Path, likely: Iterable[str] = (), encoding: str | None = None) -> list[str]:
    """Read class names, in the model's order, from a text or JSON file.

    Args:
        path: lines of names, lines numbered from 0 as Teachable Machine's ``0 Golf`` (sorted by their numbers), or
            JSON: a list, Keras' ``class_indices`` (name to index) or its inverse.
        likely: names that are likely, such as a data set's: they decide between readings (encodings, and whether the
            numbers are part of the names).
        encoding: the file's encoding, by any of its names; found out where None.

    Raises:
        ModelError: no such file, no text, no names in it, or indices that do not count from 0.
        TableError: no such encoding, or the file is no text in it.
    """
    path = Path(path)
    try:
        data = read_regular(path, _MAX_BYTES)
    except OSError as error:
        reason = os_reason(error)
        message = Message("{path} cannot be read ({reason}): check the path.", path=path, reason=reason)
        raise ModelError(message) from None
    except CarvisError:
        raise ModelError(
            Message("{path} is too large for a list of class names: give another file.", path=path)
        ) from None
    texts = [text_of(data, path, encoding).text] if encoding else _texts(data, path)
    composed_names = {composed(name) for name in likely}
    lists, problems = [], []
    for text in texts:
        try:
            lists += _lists(path, text)
        # The signs of JSON may be halves of letters in another encoding.
        except ModelError as error:
            problems.append(error)
    if problems and not lists:
        raise problems[0]
    if not lists:
        raise ModelError(Message("{path} is not text: save the class names as UTF-8, one per line.", path=path))
    names = max(lists, key=lambda names: (len(composed_names & set(map(composed, names))), -_halfwidth(names)))
    if len(names) > MAX_CLASSES:
        raise ModelError(message_of(too_many(path, Message("classes"), MAX_CLASSES)))
    if not names:
        raise ModelError(
            Message("{path} contains no class names: write one per line, in the model's order.", path=path)
        )
    return names


def _halfwidth(names: list[str]) -> int:
    """Count halfwidth katakana, which cp932 makes of nearly any bytes."""
    return sum("\uff61" <= letter <= "\uff9f" for name in names for letter in name)


def names_beside(model_path: str | Path, likely: Iterable[str] = ()) -> dict[Path, list[str]]:
    """Return the files beside a model that hold class names, those that bear the model's name first.

    Args:
        likely: as ``read_class_names``.
    """
    names = {}
    for path in files_beside(model_path):
        try:
            names[path] = read_class_names(path, likely)
        # A file that happens to be named so may be anything.
        except ModelError:
            continue
    return names


def files_beside(model_path: str | Path) -> list[Path]:
    """Return the files beside a model that are named as files of class names are, the model's own first."""
    model_path = Path(model_path)
    own = [f"{model_path.stem}{mark}{name}" for mark in "_-." for name in _BESIDE] + [f"{model_path.stem}.txt"]
    files = children(model_path.parent, links_beside(model_path), folders=False)
    by_name = {path.name.lower(): path for path in files}
    return [by_name[name.lower()] for name in dict.fromkeys([*own, *_BESIDE]) if name.lower() in by_name]


def bears_name_of(path: Path, model_path: str | Path) -> bool:
    """Tell whether a file of names is one model's own, and not the folder's."""
    return path.name.lower().startswith(Path(model_path).stem.lower()) and path.name.lower() not in _BESIDE


def _texts(data: bytes, path: Path) -> list[str]:
    try:
        texts = [
            reading for reading in readings(data, path) if not reading.damaged and not _UNLIKELY.search(reading.text)
        ]
    except TableError:
        return []
    # Text is rarely valid UTF-8 by accident.
    return [reading.text for reading in (texts[:1] if texts and texts[0].encoding == "utf-8" else texts)]


def _lists(path: Path, text: str) -> list[list[str]]:
    if path.suffix.lower() == ".json" or text.lstrip().startswith(("{", "[")):
        try:
            value = parse_json(text, path, max_bytes=_MAX_BYTES, error=ModelError)
        except ModelError:
            if path.suffix.lower() != ".json":
                return [_lines(text)]
            raise
        return [_from_json(path, value)]
    lines = _lines(text)
    return [names for names in (_numbered(lines, 0), lines, _numbered(lines, 1)) if names is not None]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _numbered(lines: list[str], first: int) -> list[str] | None:
    """Return the names of lines that carry the numbers from ``first`` on, by number; None where they do not."""
    if max(map(len, lines), default=0) > _LONGEST:
        return None
    for body in (lines, lines[1:]):
        for parted in (_number_first, _number_last):
            pairs = [pair for line in body if (pair := parted(line))]
            if not pairs or len(pairs) < len(body):
                continue
            by_number = dict(pairs)
            if sorted(by_number) == list(range(first, first + len(body))):
                return [by_number[i] for i in sorted(by_number)]
    return None


def _number_first(line: str) -> tuple[int, str] | None:
    match = _NUMBERED.fullmatch(line)
    return (int(match[1]), match[2].strip()) if match else None


def _number_last(line: str) -> tuple[int, str] | None:
    end = len(line)
    while end and line[end - 1].isdecimal():
        end -= 1
    name = line[:end].rstrip()
    if not 0 < len(line) - end <= 6:
        return None
    if "\t" not in line[len(name) : end]:
        if name[-1:] not in (":", ",", ";"):
            return None
        name = name[:-1].rstrip()
    return (int(line[end:]), name) if name else None


def _from_json(path: Path, value: object) -> list[str]:
    for key in _KEYS:
        if isinstance(value, dict) and isinstance(value.get(key), (list, dict)):
            return _from_json(path, value[key])
    if isinstance(value, list):
        if all(isinstance(entry, dict) for entry in value) and value:
            value = [next((entry[key] for key in ("name", "label", "class") if key in entry), None) for entry in value]
        if all(isinstance(entry, (str, int)) and not isinstance(entry, bool) for entry in value):
            return [str(entry).strip() for entry in value]
    if isinstance(value, dict):
        inverse = all(_number(key) is not None and isinstance(name, (str, list)) for key, name in value.items())
        for pairs in (() if inverse else [(index, name) for name, index in value.items()], list(value.items())):
            numbers = [number for index, _ in pairs if (number := _number(index)) is not None]
            counts = (list(range(len(pairs))), list(range(1, len(pairs) + 1)))
            if pairs and sorted(numbers) in counts:
                ordered = [name for _, (_, name) in sorted(zip(numbers, pairs), key=lambda entry: entry[0])]
                # ImageNet's own file gives a code and a name for each.
                names = [entry[-1] if isinstance(entry, list) and entry else entry for entry in ordered]
                if all(isinstance(name, (str, int)) for name in names):
                    return [str(name).strip() for name in names]
        raise ModelError(
            Message(
                "{path} does not number its classes from 0: write a list of names, or each name with its index.",
                path=path,
            )
        )
    raise ModelError(Message("{path} contains no class names: write a list of them, in the model's order.", path=path))


def _number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else None
