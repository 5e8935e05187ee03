"""SQLite files of tags as a stranger could make them: each answered with one sentence, at once."""

import sqlite3
from pathlib import Path

import pytest

from carvis.tags import Tags
from carvis.tags.database import TagError

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
SAMPLE = ("cars", "test/a/1.png", "0" * 64)


@pytest.fixture
def path(tmp_path) -> Path:
    Tags(tmp_path / "tags.sqlite").tag(*SAMPLE, "blurred")
    return tmp_path / "tags.sqlite"


def changed(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(sql)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "sql",
    [
        f"CREATE TRIGGER t AFTER INSERT ON tag BEGIN SELECT count(*) FROM ({ENDLESS} SELECT x FROM c); END",
        "CREATE TRIGGER t AFTER INSERT ON tag BEGIN DELETE FROM tag; END",
        f"DROP TABLE tag; CREATE VIEW tag AS {ENDLESS} SELECT 'cars' data, x sample, 'a' tag FROM c",
        "INSERT INTO tag VALUES (x'ff', x'00', '', 'blurred', '')",
        "INSERT INTO tag VALUES ('cars', 'test/a/2.png', '', x'00', '')",
    ],
)
def test_what_computes_or_is_no_text_is_damage(path, sql):
    changed(path, sql)
    for attempt in (lambda: Tags(path).records(), lambda: Tags(path).tag("cars", "test/a/3.png", "0" * 64, "blurred")):
        try:
            attempt()
        except TagError as error:
            assert "tags.sqlite is damaged (" in str(error) and "move it away" in str(error)
        else:
            # Bytes do not hinder a new tag.
            assert "INSERT" in sql and attempt is not None
    with pytest.raises(TagError, match="is damaged"):
        Tags(path).records()


def test_a_missing_time_or_note_is_none(path):
    changed(path, "INSERT INTO note VALUES ('cars', 'test/a/1.png', '" + "0" * 64 + "', NULL, NULL)")
    assert Tags(path).records()["note"].tolist() == [""]
