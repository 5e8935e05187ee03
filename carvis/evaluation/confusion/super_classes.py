"""Super-classes: what several classes have in common, such as a car's make, and the confusion between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from carvis.errors import TableError
from carvis.language import Message
from carvis.tables.lenient_csv import read_lenient_csv, read_text, share_known
from carvis.tables.limits import MAX_CLASSES, too_many
from carvis.workspace import parse_json
from carvis.workspace.sample_ids import composed

_MAX_JSON = 20_000_000
_CLASS = "class"
_SUPER = ("super_class", "super-class", "superclass", "super", "group", "make", "brand")


def super_classes(class_names: Iterable[str], named: Mapping[str, str] | None = None) -> dict[str, str]:
    """The super-class of each class, in the classes' order.

    Args:
        class_names: the classes.
        named: class -> super-class where it is known, as ``read_super_classes`` gives it; a class that is not in it
            is a super-class of its own. Without it, the text before the first ``-`` or space counts.
    """
    if named is not None:
        return {name: named.get(name, name) for name in class_names}
    return {name: re.split(r"[-\s]", name.strip(), maxsplit=1)[0] or name for name in class_names}


def read_super_classes(
    path: str | Path, encoding: str | None = None, class_names: Iterable[str] = ()
) -> dict[str, str]:
    """Read which super-class each class belongs to.

    ``.json`` holds an object, class -> super-class. Anything else is a table with the columns ``class`` and
    ``super_class`` (or ``group``, ``make``, ``brand``; else the table's only other column).

    Args:
        path: the file.
        encoding: its encoding; detected where None.
        class_names: the classes that it should name, where they are known: they help to find the encoding.

    Raises:
        TableError: no such file, or it holds no such object or columns.
    """
    path = Path(path)
    names = {composed(name) for name in class_names}

    def share_of_classes(cells: Iterable[str]) -> float:
        return share_known(cells, lambda cell: float(composed(cell.strip()) in names))

    if path.suffix.lower() == ".json":
        text = read_text(path, encoding, lambda text: share_of_classes(re.findall('"([^"]*)"', text)), _MAX_JSON)
        form = Message('write {{"class": "super-class", ...}}')
        content = parse_json(text, path, max_bytes=_MAX_JSON, remedy=form, error=TableError)
        if not isinstance(content, dict) or not all(isinstance(value, str) and value for value in content.values()):
            raise TableError(
                Message('{path} is not a list of super-classes: write {{"class": "super-class", ...}}.', path=path)
            )
        if len(content) > MAX_CLASSES:
            raise too_many(path, Message("classes"), MAX_CLASSES)
        return content
    table = read_lenient_csv(
        path, _CLASS, encoding, lambda read: share_of_classes(cell for row in read.rows for cell in row)
    )
    folded = {name.strip().casefold(): i for i, name in enumerate(table.header)}
    class_column = folded[_CLASS]
    candidates = [i for name, i in folded.items() if name in _SUPER]
    candidates = candidates or [i for i in range(len(table.header)) if i != class_column]
    if len(candidates) != 1:
        raise TableError(Message("{path} has no column for the super-class: name one super_class.", path=path))
    super_class: dict[str, str] = {}
    for i, row in enumerate(table.rows):
        name, group = row[class_column].strip(), row[candidates[0]].strip()
        raw_name = table.as_written.get((i, class_column), "").strip()
        # An apostrophe before a sign may be a class's own.
        if composed(raw_name) in names and composed(name) not in names:
            name = raw_name
        if name and group:
            super_class[name] = group
    if len(super_class) > MAX_CLASSES:
        raise too_many(path, Message("classes"), MAX_CLASSES)
    return super_class


def merge_classes(counts: pd.DataFrame, groups: Mapping[str, str]) -> pd.DataFrame:
    """The confusion between super-classes: counts added up over the classes of each, in the order they first occur.

    An image whose class and prediction are of one super-class lies on the diagonal.

    Args:
        counts: (C, C) counts, true class down, predicted class across.
        groups: class -> super-class, for all classes.
    """
    of_class = pd.Series([groups[str(name)] for name in counts.index], index=counts.index)
    merged = counts.groupby(of_class, sort=False).sum().T.groupby(of_class, sort=False).sum().T
    merged.index.name, merged.columns.name = counts.index.name, counts.columns.name
    return merged
