"""Disks that are full, that fill up on the way, or that can only be read: one sentence, nothing lost, nothing torn."""

import contextlib
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from carvis.cli import main
from carvis.errors import CarvisError
from carvis.evaluation import load_evaluation
from carvis.images import write_image
from carvis.tags import Tags
from carvis.tags.database import TagError
from carvis.training.event_log import EventLog, read_events
from carvis.workspace import Workspace
from tests.hostile.writes import EDITED, FOLDER, WRITES, Write, _evaluated_before, evaluation, is_whole, torn_files

try:
    import resource
except ImportError:
    resource = None

PAGE = 4096
ROOT = Path(__file__).parents[2]
# A drawing of twenty images takes seconds; what it writes goes through the same functions.
QUICK = [write for write in WRITES if write.name != "demo drawing"]
quick = pytest.mark.parametrize("write", QUICK, ids=[write.name for write in QUICK])


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own, in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "carvis-test", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"no small disk can be mounted: {error}")
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextlib.contextmanager
def free(disk: Path, pages: int):
    """Leave so many pages free."""
    filler = disk / "filler"
    facts = os.statvfs(disk)
    with open(filler, "wb") as file:
        file.write(bytes(max(0, facts.f_bavail * facts.f_frsize - pages * PAGE)))
    try:
        yield
    finally:
        filler.unlink()


@contextlib.contextmanager
def read_only(disk: Path):
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)


@contextlib.contextmanager
def small_files(size: int):
    """Let no file of this process grow beyond so many bytes, as where no disk can be mounted."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def prepared(write: Write, place: Path) -> None:
    write.prepare(place)
    for name, text in write.mine.items():
        (place / name).write_text(text)


def refused(write: Write, place: Path) -> None:
    """The write is refused in one sentence that names the place and what helps, or it fits all the same."""
    try:
        write.act(place)
    except CarvisError as error:
        sentence = str(error)
        assert str(place) in sentence and ": " in sentence and sentence.endswith("."), sentence
        assert ".carvis-" not in sentence and "Errno" not in sentence and "\n" not in sentence, sentence
        assert "free some space" in sentence or "another" in sentence, sentence


def whole(write: Write, place: Path, states: set[str]) -> None:
    Workspace(place).clear_leftovers()
    assert write.state(place) in states
    assert torn_files(place) == []
    assert all((place / name).read_text() == text for name, text in write.mine.items())
    assert not list(place.rglob(".carvis-*"))


@pytest.mark.parametrize("pages", [0, 1, 3, 9])
@quick
def test_a_full_disk_loses_nothing(disk, write, pages):
    place = disk / "workspace"
    place.mkdir()
    prepared(write, place)
    with free(disk, pages):
        refused(write, place)
        whole(write, place, {"old", "new"})
    write.act(place)
    whole(write, place, {"new"})


@quick
def test_a_disk_that_can_only_be_read_loses_nothing(disk, write):
    place = disk / "workspace"
    place.mkdir()
    prepared(write, place)
    with read_only(disk):
        refused(write, place)
        # A cache that cannot be written is no reason for anything to fail.
        whole(write, place, {"old"})
    write.act(place)
    whole(write, place, {"new"})


@pytest.mark.skipif(resource is None, reason="this system cannot limit the size of files")
@pytest.mark.parametrize("size", [0, 64, 2000])
@quick
def test_files_that_may_not_grow_lose_nothing(tmp_path, write, size):
    prepared(write, tmp_path)
    with small_files(size):
        refused(write, tmp_path)
    whole(write, tmp_path, {"old", "new"})
    write.act(tmp_path)
    whole(write, tmp_path, {"new"})


@pytest.mark.parametrize("trouble", [lambda disk: free(disk, 0), read_only], ids=["full", "read-only"])
def test_tags_on_a_disk_that_takes_none(disk, trouble):
    tags = Tags(disk / "tags.sqlite")
    for number in range(100):
        tags.tag("cars", f"test/a/{number}.png", "0" * 64, "blurred")
    with trouble(disk), pytest.raises(TagError) as said:
        for number in range(100, 1000):
            tags.tag("cars", f"test/a/{number}.png", "0" * 64, "blurred")
    assert str(disk / "tags.sqlite") in str(said.value)
    kept = len(tags.records())
    tags.tag("cars", "test/b/1.png", "0" * 64, "blurred")
    assert is_whole(disk / "tags.sqlite") and kept >= 100 and len(tags.records()) == kept + 1


def test_events_of_a_run_on_a_full_disk_are_whole_lines(disk):
    path = disk / "events.jsonl"
    log, told = EventLog(path), 0
    with free(disk, 1), pytest.raises(CarvisError, match=r"events\.jsonl could not be written.*free some space"):
        while told < 10_000:
            log.append({"epoch": told})
            told += 1
    assert path.read_bytes().endswith(b"}\n") and len(read_events(path)[0]) == told
    log.append({"epoch": told})
    log.close()
    assert len(read_events(path)[0]) == told + 1


@pytest.mark.parametrize("trouble", [lambda disk: free(disk, 0), read_only], ids=["full", "read-only"])
def test_commands_say_one_sentence_and_end_with_2(disk, trouble, capsys, monkeypatch):
    for name, accuracy in (("one", 0.5), ("two", 0.75)):
        evaluation(accuracy, name).save(disk / "data" / "evaluations" / "cars" / "test" / name)
    images = next(write for write in WRITES if write.name == "split")
    images.prepare(disk)
    monkeypatch.chdir(disk)
    with trouble(disk):
        for command in (
            "compare one two --out out",
            "report one two --out report.html",
            "split data/cars --out new",
            "check data/cars --out health.json",
        ):
            assert main(command.split()) == 2, command
            said = capsys.readouterr().err.strip()
            assert said.count("carvis: ") == 1 and "Traceback" not in said, said
            said = said.splitlines()[-1]
            assert "free some space" in said or "another" in said, said
    assert sorted(path.name for path in disk.iterdir()) == ["data"]
    assert main(["compare", "one", "two", "--out", "out"]) == 0


TRAINING = "train own data/cars --name it --input-size 16 --width 2 --epochs 1 --batch-size 8 --no-augment"


def test_a_training_on_a_disk_that_fills_up_goes_on_once_there_is_room(disk, monkeypatch, capsys):
    images = next(write for write in WRITES if write.name == "split")
    images.prepare(disk)
    monkeypatch.chdir(disk)
    monkeypatch.setenv("CARVIS_WORKSPACE", str(disk))
    with free(disk, 12):
        assert main(TRAINING.split()) == 2
        said = capsys.readouterr().err.strip()
        assert "free some space" in said and said.splitlines()[-1].startswith("carvis: ") and "Traceback" not in said
    space = Workspace(disk)
    assert torn_files(disk) == []
    for folder in space.runs():
        assert main(["train", "--run-dir", str(folder), "--workspace", str(disk)]) == 0
        assert len(space.models()) == 1


def test_a_page_on_a_full_disk_says_so_and_works(disk, monkeypatch):
    from streamlit.testing.v1 import AppTest

    _evaluated_before(disk)
    for sample in load_evaluation(disk / FOLDER).predictions["id"]:
        write_image(disk / "data" / "cars" / sample, np.full((12, 16, 3), 128, np.uint8))
    wrong = load_evaluation(disk / FOLDER).misclassified()["id"]
    monkeypatch.setenv("CARVIS_WORKSPACE", str(disk))
    wanted = {"table": "cars/test/m", "open": wrong.iloc[0]}
    app = AppTest.from_file(str(ROOT / "dashboard" / "navigation.py"), default_timeout=300)
    app.query_params.update(wanted)
    with free(disk, 0):
        app.run()
        app.query_params.update(wanted)
        app.switch_page("app_pages/misclassified.py").run()
        assert not app.exception
        app.button(key="tag_1").click().run()
        assert not app.exception and "tags.sqlite" in app.error[0].value.replace("\\", "")
    app.button(key="tag_1").click().run()
    assert not app.exception and not app.error
    assert Tags(disk / "data" / "tags.sqlite").records()["id"].tolist() == [wrong.iloc[0]]
    assert (disk / FOLDER / "df2.csv").read_text() == EDITED
