"""Tags and notes as a CSV file, to take them elsewhere and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from carvis.errors import TableError
from carvis.language import Message, message_of
from carvis.tables import to_csv
from carvis.tables.lenient_csv import read_lenient_csv
from carvis.tables.limits import MAX_SENTENCES
from carvis.tags.database import TagError, writing
from carvis.tags.tags import LONGEST_NOTE, SEPARATOR, Tags, tag_name
from carvis.workspace import atomic_write

# Characters of a file's path.
_LONGEST_KEY = 4096
COLUMNS = ["data", "id", "sha256", "tags", "note", "time"]


@dataclass
class Imported:
    """What came in: tags and notes that are new, and in sentences what was left as it was."""

    tags: int = 0
    notes: int = 0
    problems: list[str] = field(default_factory=list)


def tags_csv(tags: Tags, data: str | None = None) -> bytes:
    """All tags and notes (of one data set) as CSV, UTF-8 with a mark for Excel: data, id, sha256, tags, note, time.

    Several tags stand in one cell with semicolons between them.
    """
    records = tags.records(data)
    records["tags"] = records["tags"].map(SEPARATOR.join)
    rows = records[COLUMNS].itertuples(index=False)
    return to_csv(rows, COLUMNS).encode("utf-8-sig")


def export_tags(tags: Tags, path: str | Path, data: str | None = None) -> Path:
    """Write `tags_csv` into a file."""
    return atomic_write(path, tags_csv(tags, data))


def import_tags(tags: Tags, path: str | Path, encoding: str | None = None) -> Imported:
    """Add the tags and notes of a file that `export_tags` wrote. Nothing that is here is taken away or replaced.

    Args:
        tags: where they go.
        path: CSV with columns data, id and sha256, and tags or note.
        encoding: the file's encoding; detected where None.

    Raises:
        TableError: the file is no such table.
        TagError: the tags cannot be written.
    """
    remedy = Message("choose a tags file that carvis exported.")
    try:
        table = read_lenient_csv(path, "sha256", encoding)
    except TableError as error:
        if "has no column" not in str(error):
            raise
        raise TableError(Message("{path} has no column sha256: {again}", path=path, again=remedy)) from None
    place = {name.casefold(): i for i, name in enumerate(table.header)}
    if missing := {"data", "id"} - place.keys():
        raise TableError(
            Message(
                "{path} has no column {choices}: {again}",
                path=path,
                choices=" and no column ".join(sorted(missing)),
                again=remedy,
            )
        )
    result = Imported(problems=list(table.problems))
    skipped = 0

    def skip(sentence: str) -> None:
        nonlocal skipped
        skipped += 1
        if skipped <= MAX_SENTENCES:
            result.problems.append(sentence)

    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    with writing(tags.path) as file:
        for line, row in zip(table.lines, table.rows):
            cells = {name: (row[i] or "") for name, i in place.items() if name in COLUMNS}
            key, time = (cells["data"], cells["id"], cells["sha256"]), _time(cells.get("time", "")) or now
            if not all(key):
                row_name = " ".join(key).strip()[:200]
                skip(Message("A row without data set, id or sha256 was skipped: {known}.", known=row_name))
                continue
            if any(len(part) > _LONGEST_KEY or not part.isprintable() for part in key):
                skip(Message("Line {number} was skipped: its data set, id or sha256 is invalid.", number=line))
                continue
            for text in filter(None, (part.strip() for part in cells.get("tags", "").split(SEPARATOR))):
                try:
                    name = tag_name(text)
                except TagError as problem:
                    skip(message_of(problem))
                    continue
                sql = "INSERT OR IGNORE INTO tag VALUES (?, ?, ?, ?, ?)"
                result.tags += file.execute(sql, (*key, name, time)).rowcount
            note = cells.get("note", "").strip()
            if len(note) > LONGEST_NOTE:
                skip(
                    Message(
                        "The note in line {number} is longer than {most} characters: it was skipped.",
                        number=line,
                        most=f"{LONGEST_NOTE:,}",
                    )
                )
            elif note:
                added = file.execute("INSERT OR IGNORE INTO note VALUES (?, ?, ?, ?, ?)", (*key, note, time)).rowcount
                result.notes += added
                sql = "SELECT note FROM note WHERE data = ? AND sample = ? AND sha256 = ?"
                if not added and file.execute(sql, key).fetchone()[0] != note:
                    skip(Message("{id} already has another note, which was kept.", id=cells["id"]))
    if skipped > MAX_SENTENCES:
        result.problems.append(
            Message.of_number(
                "{n} more row was skipped for a similar reason.",
                "{n} more rows were skipped for similar reasons.",
                skipped - MAX_SENTENCES,
            )
        )
    return result


def _time(text: str) -> str:
    """Return a time as it is kept, empty where the text is none."""
    try:
        return datetime.fromisoformat(text.strip()).isoformat(timespec="milliseconds") if text.strip() else ""
    except ValueError:
        return ""
