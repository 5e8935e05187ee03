"""The SQLite file of what people note: opening it for two tabs and two processes, and saying why it fails."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from carvis.errors import CarvisError, FileKindError
from carvis.language import Message
from carvis.workspace import Links, not_written, open_regular, os_reason, os_remedy, resolved

FORMAT = 1
_WAIT_SECONDS = 10
_TABLES = """
CREATE TABLE IF NOT EXISTS tag (
    data TEXT, sample TEXT, sha256 TEXT, tag TEXT, time TEXT, PRIMARY KEY (data, sample, sha256, tag)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS note (
    data TEXT, sample TEXT, sha256 TEXT, note TEXT, time TEXT, PRIMARY KEY (data, sample, sha256)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS decision (
    data TEXT, sample TEXT, sha256 TEXT, label TEXT, suggested TEXT, decision TEXT, time TEXT,
    PRIMARY KEY (data, sample, sha256)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS name (tag TEXT PRIMARY KEY, time TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS image_set (data TEXT, name TEXT, time TEXT, PRIMARY KEY (data, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS set_member (
    data TEXT, name TEXT, sample TEXT, PRIMARY KEY (data, name, sample)
) WITHOUT ROWID;
"""


class TagError(CarvisError):
    """The file of tags and notes cannot be read or written."""


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Yield a connection that reads, or None where nothing was ever kept. The file may be read-only.

    Raises:
        TagError: the file is damaged, or written by a newer carvis.
    """
    if not _exists(path):
        yield None
        return
    with _sentences(path), contextlib.closing(_open_to_read(path)) as connection:
        yield connection if _check(path, connection) else None


@contextlib.contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection in a transaction that nobody else writes beside; it is kept if the block ends without error.

    Raises:
        TagError: the file is damaged, cannot be written, or was written by a newer carvis.
    """
    _exists(path)
    with _sentences(path):
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)) as connection:
            _patiently(lambda: _begin(path, connection))
            try:
                yield connection
            except BaseException:
                _roll_back(connection)
                raise
            connection.execute("COMMIT")


def _exists(path: Path) -> bool:
    """Tell whether the file is there; what is no ordinary file, or a link out of its folder, is not used."""
    if not Links(path.parent).hold(path):
        raise TagError(Message("{path} is a symbolic link out of its folder: put the file itself there.", path=path))
    try:
        open_regular(path).close()
    except FileNotFoundError:
        return False
    except FileKindError as error:
        raise TagError(Message("{path} is {kind}: remove it.", path=path, kind=error.strerror)) from None
    except OSError as error:
        raise TagError(
            Message(
                "{path} cannot be read ({reason}): {remedy}.",
                path=path,
                reason=os_reason(error),
                remedy=os_remedy(error),
            )
        ) from None
    return True


def _begin(path: Path, connection: sqlite3.Connection) -> None:
    # Readers and one writer do not wait for each other; where the disk cannot do that, they do.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        known = _check(path, connection)
        # Also in a file that is known: older ones of the same format have no sets.
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        if not known:
            connection.execute(f"PRAGMA user_version = {FORMAT}")
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: sqlite3.Connection) -> None:
    # A full disk ends the transaction by itself, and a second end would be an error that hides the first.
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _patiently(attempt: Callable[[], object]) -> None:
    # SQLite waits for another's transaction, but not for another that sets up or recovers the file at this moment.
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            attempt()
            return
        except sqlite3.OperationalError as error:
            if not _busy(error) or time.monotonic() > until:
                raise
        time.sleep(0.02)


def _busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _open_to_read(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{resolved(path).as_uri()}?mode=ro", uri=True, timeout=_WAIT_SECONDS)
    try:
        _patiently(lambda: connection.execute("PRAGMA user_version").fetchone())
    except sqlite3.OperationalError as error:
        connection.close()
        if _busy(error):
            raise
        # In a folder that cannot be written, the files beside it that readers share cannot be made either.
        connection = sqlite3.connect(f"{resolved(path).as_uri()}?mode=ro&immutable=1", uri=True)
    return connection


def _check(path: Path, connection: sqlite3.Connection) -> bool:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > FORMAT:
        raise TagError(
            Message(
                "{path} was written by a newer carvis (format {version}): update carvis.", path=path, version=version
            )
        )
    if version != FORMAT:
        return False
    connection.row_factory = _row
    # What carvis makes has none; those of a stranger's file would compute, without an end, or change what is written.
    foreign = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('view', 'trigger') LIMIT 1").fetchone()
    if foreign:
        raise sqlite3.DatabaseError(f"{foreign[0]} is a view or a trigger")
    return True


def _row(cursor: sqlite3.Cursor, row: tuple) -> tuple:
    if any(isinstance(value, bytes) for value in row):
        raise sqlite3.DatabaseError(f"a {cursor.description[0][0]} or what belongs to it is no text")
    return row


@contextlib.contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
            full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise TagError(not_written(path, full)) from None
        # Locked for longer than we wait, read-only, no such folder, a full disk, a table missing.
        raise TagError(
            Message(
                "{path} cannot be used ({error}): check that the file and its folder can be written.",
                path=path,
                error=error,
            )
        ) from None
    except sqlite3.DatabaseError as error:
        raise TagError(
            Message("{path} is damaged ({error}): move it away to start without tags.", path=path, error=error)
        ) from None
