"""Tags, notes and decisions that a person gives to images, kept in the workspace's `data/tags.sqlite`."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.language import Message
from carvis.tags.database import TagError, reading, writing
from carvis.workspace import Workspace, split_folders

TAGS = ("label-wrong", "blurred", "other-car", "not-a-car", "cropped")
Decision = Literal["confirmed", "rejected"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)
SEPARATOR = ";"
_LONGEST_TAG, LONGEST_NOTE = 40, 10_000


class NoteChangedError(TagError):
    """Somebody else changed a note since it was read: `current` is what stands there now."""

    def __init__(self, sample: str, current: str):
        super().__init__(f"The note on {sample} was changed elsewhere meanwhile: read it and save yours again.")
        self.current = current


def tag_name(text: str) -> str:
    """The name of a tag as it is kept: composed characters, hyphens for spaces, 1 to 40 printable characters.

    Raises:
        TagError: nothing is left, it is too long, or holds a semicolon or a character that cannot be seen.
    """
    name = "-".join(unicodedata.normalize("NFC", text).split())
    if not 0 < len(name) <= _LONGEST_TAG or SEPARATOR in name or not name.isprintable():
        raise TagError(
            Message(
                "{name!r} cannot be a tag: use 1 to {longest_tag} letters, figures or hyphens, and no semicolon.",
                name=name[:60],
                longest_tag=_LONGEST_TAG,
            )
        )
    return name


class Tags:
    """The tags, notes and decisions of a workspace.

    Each belongs to an image: the data set's name, the sample's id and the content's SHA-256. An image that was
    replaced by another of the same name therefore has none of them; an image that was renamed or moved keeps them,
    since they follow its content from an id that holds no image any more. An exact duplicate under another name has its
    own. The file is made at the first change, and every change is on the disk when the call returns, so that two tabs
    or two processes may work at once.

    Args:
        path: the SQLite file.
        datasets: the data sets' folders by name, to distinguish a renamed image from a duplicate. A data set that is
            not given counts as having kept all its images.

    Every method raises TagError where the file is damaged or cannot be used.
    """

    def __init__(self, path: str | Path, datasets: Mapping[str, str | Path] | None = None):
        self.path = Path(path)
        self.datasets = dict(datasets or {})

    @classmethod
    def of(cls, workspace: Workspace) -> Tags:
        """The tags of a workspace, in its `data/tags.sqlite`."""
        return cls(workspace.data_dir / "tags.sqlite", {folder.name: folder for folder in workspace.datasets()})

    def names(self) -> list[str]:
        """The tags there are: the five that everybody has, then people's own, by name."""
        with reading(self.path) as file:
            stored = [] if file is None else file.execute("SELECT tag FROM name UNION SELECT tag FROM tag").fetchall()
        return [*TAGS, *sorted({name for (name,) in stored} - set(TAGS))]

    def add_name(self, text: str) -> str:
        """Add a tag of one's own, and return its name as it is kept."""
        name = tag_name(text)
        if name not in TAGS:
            with writing(self.path) as file:
                file.execute("INSERT OR IGNORE INTO name VALUES (?, ?)", (name, _now()))
        return name

    def records(self, data: str | None = None) -> pd.DataFrame:
        """All that was kept: data, id, sha256, tags (a tuple), note, time (of the last change, UTC), by data and id.

        Args:
            data: the name of one data set; all where not given.
        """
        condition, values = ("", ()) if data is None else (" WHERE data = ?", (data,))
        with reading(self.path) as file:
            if file is None:
                return pd.DataFrame(columns=["data", "id", "sha256", "tags", "note", "time"])
            tag_rows = file.execute(
                f"SELECT data, sample, sha256, tag, coalesce(time, '') FROM tag{condition}", values
            ).fetchall()
            notes = file.execute(
                f"SELECT data, sample, sha256, coalesce(note, ''), coalesce(time, '') FROM note{condition}", values
            ).fetchall()
        entries: dict[tuple, list] = {}
        for *key, tag, time in tag_rows:
            entry = entries.setdefault(tuple(key), [(), "", ""])
            entry[0], entry[2] = (*entry[0], tag), max(entry[2], time)
        for *key, note, time in notes:
            entry = entries.setdefault(tuple(key), [(), "", ""])
            entry[1], entry[2] = note, max(entry[2], time)
        rows = [(*key, _ordered(tags), note, time) for key, (tags, note, time) in sorted(entries.items())]
        return pd.DataFrame(rows, columns=["data", "id", "sha256", "tags", "note", "time"])

    def on(self, data: str, images: pd.DataFrame, records: pd.DataFrame | None = None) -> pd.DataFrame:
        """What was kept on some images: a row each that has something, its index the sample's id: tags, note.

        Args:
            data: the data set's name.
            images: needs columns id and sha256; may be long.
            records: what `records(data)` returned, where it was read already.
        """
        by_sample: dict[str, list] = {}
        for record, sample in self._carried(self.records(data) if records is None else records, images, data):
            entry = by_sample.setdefault(sample, [(), ""])
            entry[0] = _ordered({*entry[0], *record.tags})
            # What was written under the image's present name comes before what it brought along.
            entry[1] = (record.note or entry[1]) if record.id == sample else (entry[1] or record.note)
        return pd.DataFrame.from_dict(by_sample, orient="index", columns=["tags", "note"]).rename_axis("id")

    def tag(self, data: str, sample: str, sha256: str, tag: str, on: bool = True) -> None:
        """Give an image a tag, or take it away."""
        name = tag_name(tag)
        with writing(self.path) as file:
            self._adopt(file, "tag", data, sample, sha256)
            if on:
                file.execute("INSERT OR IGNORE INTO tag VALUES (?, ?, ?, ?, ?)", (data, sample, sha256, name, _now()))
            else:
                key = (data, sample, sha256, name)
                file.execute("DELETE FROM tag WHERE data = ? AND sample = ? AND sha256 = ? AND tag = ?", key)

    def note(self, data: str, sample: str, sha256: str, text: str, previous: str = "") -> None:
        """Write an image's note; an empty text takes it away.

        Args:
            data: the data set's name.
            sample: the image's id.
            sha256: of its content.
            text: the note, at most 10,000 characters.
            previous: the note as it was when the person began to write.

        Raises:
            NoteChangedError: another note than `previous` stands there now; nothing was written.
        """
        text = text.strip()
        if len(text) > LONGEST_NOTE:
            raise TagError(
                Message(
                    "The note on {sample} is longer than {longest_note:,} characters: shorten it.",
                    sample=sample,
                    longest_note=LONGEST_NOTE,
                )
            )
        key = (data, sample, sha256)
        with writing(self.path) as file:
            self._adopt(file, "note", *key)
            row = file.execute("SELECT note FROM note WHERE data = ? AND sample = ? AND sha256 = ?", key).fetchone()
            current = row[0] if row else ""
            if current == text:
                return
            if current != previous.strip():
                raise NoteChangedError(sample, current)
            if text:
                file.execute("INSERT OR REPLACE INTO note VALUES (?, ?, ?, ?, ?)", (*key, text, _now()))
            else:
                file.execute("DELETE FROM note WHERE data = ? AND sample = ? AND sha256 = ?", key)

    def decide(
        self, data: str, sample: str, sha256: str, label: str, suggested: str, decision: Decision | None = "confirmed"
    ) -> None:
        """Keep whether a person found a label wrong, replacing what was decided on this image before.

        Args:
            data: the data set's name.
            sample: the image's id.
            sha256: of its content.
            label: the label that was judged.
            suggested: the label that it should have; empty where no class fits.
            decision: `confirmed` (the label is wrong), `rejected` (the label is right), or None to take it back.
        """
        if decision is not None and decision not in DECISIONS:
            raise TagError(
                Message(
                    "{decision!r} is not a decision: use {choices}.", decision=decision, choices=" or ".join(DECISIONS)
                )
            )
        key = (data, sample, sha256)
        with writing(self.path) as file:
            self._adopt(file, "decision", *key)
            if decision is None:
                file.execute("DELETE FROM decision WHERE data = ? AND sample = ? AND sha256 = ?", key)
            else:
                row = (*key, label, suggested, decision, _now())
                file.execute("INSERT OR REPLACE INTO decision VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def decisions(self, data: str, images: pd.DataFrame) -> pd.DataFrame:
        """What was decided on some images: a row each, its index the sample's id: suggested, decision, time.

        Args:
            data: the data set's name.
            images: needs columns id, sha256 and label: a decision on another label does not count.
        """
        columns = ["id", "sha256", "label", "suggested", "decision", "time"]
        with reading(self.path) as file:
            sql = "SELECT sample, sha256, label, suggested, decision, time FROM decision WHERE data = ?"
            records = pd.DataFrame([] if file is None else file.execute(sql, (data,)).fetchall(), columns=columns)
        carried = list(self._carried(records, images, data))
        carrying = images[images["id"].isin({sample for _record, sample in carried})]
        labels = dict(zip(carrying["id"], carrying["label"]))
        by_sample = {}
        for record, sample in carried:
            if labels[sample] == record.label and (record.id == sample or sample not in by_sample):
                by_sample[sample] = (record.suggested, record.decision, record.time)
        return pd.DataFrame.from_dict(by_sample, orient="index", columns=columns[3:]).rename_axis("id")

    def near(self, data: str, records: pd.DataFrame, images: pd.DataFrame) -> NDArray[np.bool_]:
        """Which images (bool, a row each) some records may belong to: by id, or by content where an id was left.

        Args:
            data: the data set's name.
            records: needs columns id and sha256.
            images: needs columns id and sha256; may be long.
        """
        same = images["id"].isin(set(records["id"])).to_numpy(bool)
        settled = set(zip(images.loc[same, "id"], images.loc[same, "sha256"]))
        exists = self._existence(data)
        keys = set(zip(records["id"], records["sha256"])) - settled
        orphaned = {sha256 for sample, sha256 in keys if not exists(sample)}
        return same | images["sha256"].isin(orphaned).to_numpy(bool) if orphaned else same

    def _carried(self, records: pd.DataFrame, images: pd.DataFrame, data: str) -> Iterator[tuple[Any, str]]:
        """Each record with the id of an image that it now belongs to."""
        if records.empty:
            return
        # Few images have records: only those are looked at one by one.
        candidates = images.loc[self.near(data, records, images), ["id", "sha256"]]
        by_content: dict[str, dict[str, None]] = {}
        for sample, sha256 in zip(candidates["id"], candidates["sha256"]):
            by_content.setdefault(sha256, {})[sample] = None
        exists = self._existence(data)
        record: Any
        for record in records.itertuples(index=False):
            samples = by_content.get(record.sha256, {})
            if record.id in samples:
                yield record, record.id
            elif samples and not exists(record.id):
                for sample in samples:
                    yield record, sample

    def _adopt(self, file: sqlite3.Connection, table: str, data: str, sample: str, sha256: str) -> None:
        """Bring what belongs to this content under the image's present id."""
        exists = self._existence(data)
        sql = f"SELECT DISTINCT sample FROM {table} WHERE data = ? AND sha256 = ? AND sample != ?"
        for (previous,) in file.execute(sql, (data, sha256, sample)).fetchall():
            if not exists(previous):
                key = (data, sha256, previous)
                condition = "WHERE data = ? AND sha256 = ? AND sample = ?"
                file.execute(f"UPDATE OR IGNORE {table} SET sample = ? {condition}", (sample, *key))
                file.execute(f"DELETE FROM {table} {condition}", key)

    def _existence(self, data: str) -> Callable[[str], bool]:
        if data not in self.datasets:
            return lambda sample: True
        folders = dict(split_folders(Path(self.datasets[data])))

        def exists(sample: str) -> bool:
            split, _, rest = sample.partition("/")
            return split in folders and (folders[split] / rest).is_file()

        return exists


def _ordered(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(tags), key=lambda tag: (TAGS.index(tag) if tag in TAGS else len(TAGS), tag)))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
