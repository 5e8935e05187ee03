"""Tags, notes and decisions: two tabs, two processes, replaced, renamed and copied images, broken files."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pytest

from carvis.errors import CarvisError, TableError
from carvis.tags import NoteChangedError, TagError, Tags, export_tags, import_tags
from carvis.workspace import Workspace, sha256_of_file


@pytest.fixture
def workspace(tmp_path, make_pictures) -> Workspace:
    make_pictures(tmp_path / "data" / "cars" / "test" / "golf", ["one.png", "two.png"])
    return Workspace(tmp_path)


@pytest.fixture
def tags(workspace) -> Tags:
    return Tags.of(workspace)


def image_table(workspace) -> pd.DataFrame:
    """What an evaluation would list now."""
    root = workspace.data_dir / "cars"
    files = sorted(root.glob("*/*/*.png"))
    ids = [file.relative_to(root).as_posix() for file in files]
    return pd.DataFrame({"id": ids, "sha256": [sha256_of_file(f) for f in files], "label": "golf"})


def sha(workspace, sample: str) -> str:
    return sha256_of_file(workspace.data_dir / "cars" / sample)


ONE, TWO = "test/golf/one.png", "test/golf/two.png"


def test_what_is_given_is_read_back_and_nothing_is_written_before(workspace, tags):
    assert tags.on("cars", image_table(workspace)).empty and not tags.path.exists()
    tags.tag("cars", ONE, sha(workspace, ONE), "blurred")
    tags.tag("cars", ONE, sha(workspace, ONE), "label-wrong")
    tags.note("cars", ONE, sha(workspace, ONE), "ゴルフではない\n二行目")
    tags.tag("cars", TWO, sha(workspace, TWO), "blurred")
    tags.tag("cars", TWO, sha(workspace, TWO), "blurred", on=False)
    result = Tags.of(workspace).on("cars", image_table(workspace))
    assert result.index.tolist() == [ONE]
    assert result.loc[ONE].tolist() == [("label-wrong", "blurred"), "ゴルフではない\n二行目"]
    assert tags.on("other", image_table(workspace)).empty


def test_a_replaced_image_inherits_nothing(workspace, tags):
    tags.tag("cars", ONE, sha(workspace, ONE), "blurred")
    tags.decide("cars", ONE, sha(workspace, ONE), "golf", "polo", "confirmed")
    (workspace.data_dir / "cars" / ONE).write_bytes(b"another picture")
    assert tags.on("cars", image_table(workspace)).empty
    assert tags.decisions("cars", image_table(workspace)).empty


def test_a_renamed_image_keeps_what_it_had_and_can_lose_it(workspace, tags):
    content = sha(workspace, ONE)
    tags.tag("cars", ONE, content, "blurred")
    tags.note("cars", ONE, content, "dark")
    new = "test/polo/car.png"
    (workspace.data_dir / "cars" / "test" / "polo").mkdir()
    shutil.move(workspace.data_dir / "cars" / ONE, workspace.data_dir / "cars" / new)
    assert tags.on("cars", image_table(workspace)).loc[new].tolist() == [("blurred",), "dark"]
    tags.tag("cars", new, content, "cropped")
    assert tags.on("cars", image_table(workspace)).loc[new, "tags"] == ("blurred", "cropped")
    tags.tag("cars", new, content, "blurred", on=False)
    tags.note("cars", new, content, "dark, from behind", previous="dark")
    assert tags.on("cars", image_table(workspace)).loc[new].tolist() == [("cropped",), "dark, from behind"]
    assert tags.records()["id"].unique().tolist() == [new]


def test_an_exact_copy_has_tags_of_its_own(workspace, tags):
    copy = "test/polo/one.png"
    (workspace.data_dir / "cars" / "test" / "polo").mkdir()
    shutil.copy(workspace.data_dir / "cars" / ONE, workspace.data_dir / "cars" / copy)
    tags.tag("cars", copy, sha(workspace, ONE), "label-wrong")
    assert tags.on("cars", image_table(workspace)).index.tolist() == [copy]


def test_only_images_that_a_record_may_belong_to_are_looked_at(workspace, tags):
    content, others = sha(workspace, ONE), [f"test/golf/copy{i}.png" for i in range(1000)]
    rows = pd.DataFrame({"id": [ONE, *others], "sha256": content})
    tags.tag("cars", ONE, content, "blurred")
    assert tags.near("cars", tags.records("cars"), rows).nonzero()[0].tolist() == [0]
    (workspace.data_dir / "cars" / ONE).unlink()
    # Gone from the disk, yet among the images: it keeps what it has.
    assert tags.near("cars", tags.records("cars"), rows).sum() == 1
    assert tags.near("cars", tags.records("cars"), rows.iloc[1:]).all()


def test_two_tabs_do_not_overwrite_each_others_notes(workspace, tags):
    key = ("cars", ONE, sha(workspace, ONE))
    other = Tags.of(workspace)
    tags.note(*key, "from here", previous="")
    with pytest.raises(NoteChangedError) as problem:
        other.note(*key, "from there", previous="")
    assert problem.value.current == "from here"
    assert tags.on("cars", image_table(workspace)).loc[ONE, "note"] == "from here"
    other.note(*key, "from here, from there", previous="from here")
    other.note(*key, "from here, from there", previous="anything: it says the same already")
    with pytest.raises(NoteChangedError):
        tags.note(*key, "", previous="from here")
    tags.note(*key, "", previous="from here, from there")
    assert tags.on("cars", image_table(workspace)).empty


WRITER = """
import sys, time
from pathlib import Path
from carvis.tags import database as tag_file
print("ready", flush=True)
for line in sys.stdin:
    start, _, path = line.strip().partition(" ")
    path = Path(path)
    while time.time() < float(start):
        pass
    for i in range(10):
        with tag_file.writing(path) as file:
            file.execute("INSERT INTO tag VALUES ('cars', ?, 'f', 'blurred', '')", (f"{sys.argv[1]}{i}",))
        with tag_file.reading(path) as file:
            file.execute("SELECT count(*) FROM tag").fetchone()
    print("done", flush=True)
"""


def test_processes_that_make_the_file_at_the_same_moment_lose_nothing(tmp_path):
    # Before a writer waited for one that sets the file up, a third of these rounds failed.
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, name], **pipes) for name in "abcd"]
    assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 4
    for attempt in range(10):
        path, start = tmp_path / str(attempt) / "tags.sqlite", time.time() + 0.1
        for writer in writers:
            writer.stdin.write(f"{start} {path}\n")
            writer.stdin.flush()
        messages = [writer.stdout.readline() or writer.stderr.read() for writer in writers]
        assert messages == ["done\n"] * 4
        assert len(Tags(path).records("cars")) == 40
    for writer in writers:
        writer.communicate(timeout=60)


def test_a_writer_waits_for_another_and_readers_for_none(workspace, tags):
    key = ("cars", ONE, sha(workspace, ONE))
    tags.tag(*key, "blurred")
    with contextlib.closing(sqlite3.connect(tags.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM tag")
        assert tags.on("cars", image_table(workspace)).loc[ONE, "tags"] == ("blurred",)
        other.execute("COMMIT")
    assert tags.on("cars", image_table(workspace)).empty


@pytest.mark.parametrize("content", [b"no data base at all" * 100, None])
def test_a_damaged_file_gives_one_sentence_and_is_left_as_it_is(workspace, tags, content):
    if content is None:
        tags.tag("cars", ONE, sha(workspace, ONE), "blurred")
        whole = tags.path.read_bytes()
        content = whole[:100] + b"\xff" * (len(whole) - 100)
    tags.path.write_bytes(content)
    for call in (
        lambda: tags.records(),
        lambda: tags.names(),
        lambda: tags.on("cars", image_table(workspace)),
        lambda: tags.decisions("cars", image_table(workspace)),
        lambda: tags.tag("cars", ONE, "f" * 64, "blurred"),
    ):
        with pytest.raises(TagError, match=r"tags\.sqlite is damaged"):
            call()
    assert tags.path.read_bytes() == content


def test_a_newer_file_is_not_touched(workspace, tags):
    tags.add_name("winter")
    with contextlib.closing(sqlite3.connect(tags.path)) as file:
        file.execute("PRAGMA user_version = 2")
        file.commit()
    with pytest.raises(TagError, match="newer carvis"):
        tags.tag("cars", ONE, "f" * 64, "blurred")


@pytest.mark.skipif(os.name == "nt", reason="rights of files")
def test_a_workspace_that_cannot_be_written_still_shows_its_tags():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tags = Tags(folder / "tags.sqlite")
        tags.tag("cars", ONE, "f" * 64, "blurred")
        os.chmod(tags.path, 0o444)
        os.chmod(folder, 0o555)
        root = os.geteuid() == 0
        if root:
            # Root may write everything.
            os.seteuid(65534)
        try:
            assert tags.records()["tags"].tolist() == [("blurred",)]
            with pytest.raises(TagError, match=r"cannot be used .* can be written"):
                tags.tag("cars", ONE, "f" * 64, "cropped")
            with pytest.raises(TagError, match="cannot be used"):
                Tags(folder / "new.sqlite").tag("cars", ONE, "f" * 64, "cropped")
        finally:
            if root:
                os.seteuid(0)
            os.chmod(folder, 0o755)


def test_tags_of_ones_own_have_plain_names(tags):
    assert tags.add_name("  rain on   lens ") == "rain-on-lens"
    assert tags.add_name("夜") == "夜"
    assert tags.add_name("blurred") == "blurred"
    assert tags.names() == ["label-wrong", "blurred", "other-car", "not-a-car", "cropped", "rain-on-lens", "夜"]
    for bad in ("", "  ", "a;b", "x" * 41, "bell\a"):
        with pytest.raises(TagError, match="cannot be a tag"):
            tags.add_name(bad)


def test_a_decision_counts_for_the_label_it_was_made_on(workspace, tags):
    key = ("cars", ONE, sha(workspace, ONE))
    tags.decide(*key, "golf", "polo", "rejected")
    tags.decide(*key, "golf", "polo", "confirmed")
    decisions = tags.decisions("cars", image_table(workspace))
    assert decisions.loc[ONE, ["suggested", "decision"]].tolist() == ["polo", "confirmed"]
    assert tags.decisions("cars", image_table(workspace).assign(label="passat")).empty
    tags.decide(*key, "golf", "polo", None)
    assert tags.decisions("cars", image_table(workspace)).empty
    with pytest.raises(TagError, match="not a decision"):
        tags.decide(*key, "golf", "polo", "maybe")


def test_tags_go_out_and_come_back(workspace, tags, tmp_path):
    tags.tag("cars", ONE, sha(workspace, ONE), "blurred")
    tags.tag("cars", ONE, sha(workspace, ONE), "夜")
    tags.note("cars", ONE, sha(workspace, ONE), 'says "red", is blue;\nsecond line')
    path = export_tags(tags, tmp_path / "tags.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbfdata,id,sha256,tags,note,time\n")
    other = Tags(tmp_path / "elsewhere" / "tags.sqlite")
    result = import_tags(other, path)
    assert (result.tags, result.notes, result.problems) == (2, 1, [])
    assert other.records().equals(tags.records())
    reloaded = import_tags(other, path)
    assert (reloaded.tags, reloaded.notes, reloaded.problems) == (0, 0, [])


def test_coming_back_replaces_nothing(workspace, tags, tmp_path):
    key = ("cars", ONE, sha(workspace, ONE))
    tags.note(*key, "theirs")
    path = export_tags(tags, tmp_path / "tags.csv")
    tags.note(*key, "mine", previous="theirs")
    with open(path, "a", encoding="utf-8") as file:
        file.write("cars,,,blurred,,\n" + f"cars,{TWO},{'f' * 64},{'x' * 50};cropped,,\n")
    result = import_tags(tags, path)
    assert (result.tags, result.notes) == (1, 0) and len(result.problems) == 3
    assert tags.on("cars", image_table(workspace)).loc[ONE, "note"] == "mine"
    (tmp_path / "wrong.csv").write_text("PATH,TRUE\na,b\n")
    with pytest.raises(TableError, match="no column sha256"):
        import_tags(tags, tmp_path / "wrong.csv")


def test_a_pipe_in_place_of_the_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "tags.sqlite")
    tags = Tags(tmp_path / "tags.sqlite", {})
    for call in (tags.names, lambda: tags.add_name("mine")):
        with pytest.raises(CarvisError, match="is a pipe: remove it"):
            call()
