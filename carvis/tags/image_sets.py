"""Named sets of images that a person keeps, such as what they lassoed on a map; in the file of the tags."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from carvis.language import Message
from carvis.tags.database import TagError, reading, writing
from carvis.workspace import Workspace

MOST_SETS, MOST_IMAGES = 500, 1_000_000
LONGEST_NAME = 60
# Characters of a sample id.
_LONGEST_ID = 4096
_HAS_SETS = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('image_set', 'set_member')"


class SetExistsError(TagError):
    """A set of this name is there already; nothing was written."""


def set_name(text: str) -> str:
    """The name of a set as it is kept: composed characters, single spaces, 1 to 60 printable characters.

    Raises:
        TagError: nothing is left, it is too long, or holds a character that cannot be seen.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise TagError(
            Message(
                "{name!r} cannot be the name of a set: use 1 to {most} printable characters.",
                name=name[:LONGEST_NAME],
                most=LONGEST_NAME,
            )
        )
    return name


class ImageSets:
    """The named sets of images of a workspace: sample ids by data set and name, in the file of the tags.

    A set holds ids, not contents: an image that was replaced is still in it, one that was renamed is not. Every change
    is on the disk when the call returns. Every method raises TagError where the file is damaged or cannot be used.

    Args:
        path: the SQLite file.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)

    @classmethod
    def of(cls, workspace: Workspace) -> ImageSets:
        """The sets of a workspace, in its `data/tags.sqlite`."""
        return cls(workspace.data_dir / "tags.sqlite")

    def counts(self, data: str) -> dict[str, int]:
        """How many images each set of a data set holds, by the set's name."""
        sql = (
            "SELECT name, (SELECT count(*) FROM set_member AS member WHERE member.data = image_set.data"
            " AND member.name = image_set.name) FROM image_set WHERE data = ? ORDER BY name LIMIT ?"
        )
        return {name: n for name, n in self._rows(sql, data, MOST_SETS) if isinstance(name, str) and name.isprintable()}

    def ids(self, data: str, name: str) -> tuple[str, ...] | None:
        """The sample ids of a set, in order; None where there is no set of this name."""
        if not self._rows("SELECT 1 FROM image_set WHERE data = ? AND name = ?", data, name):
            return None
        sql = "SELECT sample FROM set_member WHERE data = ? AND name = ? ORDER BY sample LIMIT ?"
        return tuple(sample for (sample,) in self._rows(sql, data, name, MOST_IMAGES) if isinstance(sample, str))

    def save(self, data: str, name: str, ids: Iterable[str], *, replace: bool = False) -> str:
        """Keep a set, and return its name as it is kept.

        Args:
            data: the data set's name.
            name: of the set, for people.
            ids: of its images, 1 to 1,000,000.
            replace: whether a set of this name may be replaced.

        Raises:
            SetExistsError: a set of this name is there, and `replace` is not set.
            TagError: the name is invalid, there are no images or too many, or there are too many sets.
        """
        name, members = set_name(name), sorted(set(ids))
        if not 0 < len(members) <= MOST_IMAGES:
            raise TagError(Message("A set holds 1 to {most:,} images, not {n:,}.", most=MOST_IMAGES, n=len(members)))
        if any(not 0 < len(sample) <= _LONGEST_ID or not sample.isprintable() for sample in members):
            raise TagError(Message("An id of the set {name} is invalid.", name=name))
        with writing(self.path) as file:
            known = {known for (known,) in file.execute("SELECT name FROM image_set WHERE data = ?", (data,))}
            if name in known and not replace:
                raise SetExistsError(Message("There is a set {name} already: choose another name.", name=name))
            if len(known | {name}) > MOST_SETS:
                raise TagError(Message("There are {most} sets already: delete one first.", most=MOST_SETS))
            _delete(file, data, name)
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            file.execute("INSERT INTO image_set VALUES (?, ?, ?)", (data, name, now))
            file.executemany("INSERT INTO set_member VALUES (?, ?, ?)", ((data, name, sample) for sample in members))
        return name

    def delete(self, data: str, name: str) -> None:
        """Delete a set; its images stay."""
        with writing(self.path) as file:
            _delete(file, data, name)

    def _rows(self, sql: str, *values: str | int) -> list[tuple]:
        with reading(self.path) as file:
            # A file of an older carvis has no sets.
            if file is None or file.execute(_HAS_SETS).fetchone()[0] != 2:
                return []
            return file.execute(sql, values).fetchall()


def _delete(file: sqlite3.Connection, data: str, name: str) -> None:
    for table in ("set_member", "image_set"):
        file.execute(f"DELETE FROM {table} WHERE data = ? AND name = ?", (data, name))
