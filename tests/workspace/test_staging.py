"""Folders appear whole, and what killed processes left is cleared; what a person made never is."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from carvis.errors import CarvisError
from carvis.workspace import (
    FolderTakenError,
    Workspace,
    atomic_path,
    atomic_write,
    clear_leftovers,
    discard,
    final_place,
    finish_moves,
    staged_folder,
)

TEMPORARY = ".carvis-abcd2345"
DAY = 24 * 3600


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def old(path: Path, days: float = 2) -> Path:
    os.chmod(path, 0o700 if path.is_dir() else 0o600)
    os.utime(path, (time.time() - days * DAY,) * 2)
    return path


def test_a_new_folder_appears_whole(tmp_path):
    with staged_folder(tmp_path / "a" / "b") as made:
        (made / "one").write_text("1")
        assert not (tmp_path / "a" / "b").exists()
    assert contents(tmp_path) == {"a/b/one": "1"} and os.listdir(tmp_path / "a") == ["b"]


@pytest.mark.parametrize("exists", [False, True])
def test_nothing_is_left_of_a_block_that_fails(tmp_path, exists):
    if exists:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "one").write_text("old")
    with pytest.raises(KeyboardInterrupt), staged_folder(tmp_path / "out", replace=True) as made:
        (made / "one").write_text("new")
        raise KeyboardInterrupt
    assert contents(tmp_path) == ({"out/one": "old"} if exists else {})
    assert os.listdir(tmp_path) == (["out"] if exists else [])


def test_what_a_person_put_beside_the_files_stays(tmp_path):
    out = tmp_path / "out"
    (out / "sub").mkdir(parents=True)
    for name in ("one", "mine", "sub/one", "sub/mine"):
        (out / name).write_text("old")
    with staged_folder(out, replace=True) as made:
        (made / "sub").mkdir()
        (made / "new").mkdir()
        for name in ("one", "sub/one", "new/one"):
            (made / name).write_text("new")
    assert contents(out) == {"one": "new", "mine": "old", "sub/one": "new", "sub/mine": "old", "new/one": "new"}


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    (tmp_path / "mine").write_text("")
    for target in (tmp_path, tmp_path / "mine"):
        with pytest.raises(FolderTakenError, match="there already"), staged_folder(target):
            raise AssertionError("not reached")


def test_an_empty_folder_gives_way(tmp_path):
    (tmp_path / "out").mkdir()
    with staged_folder(tmp_path / "out") as made:
        (made / "one").write_text("1")
    assert contents(tmp_path) == {"out/one": "1"}


def test_another_process_that_was_first_is_told(tmp_path):
    with pytest.raises(FolderTakenError), staged_folder(tmp_path / "out") as made:
        (made / "one").write_text("mine")
        atomic_write(tmp_path / "out" / "one", "theirs")
    with staged_folder(tmp_path / "new", replace=True) as made:
        (made / "one").write_text("mine")
        atomic_write(tmp_path / "new" / "one", "theirs")
        atomic_write(tmp_path / "new" / "two", "theirs")
    assert contents(tmp_path) == {"out/one": "theirs", "new/one": "mine", "new/two": "theirs"}


def test_what_a_living_process_builds_is_left_alone(tmp_path):
    with atomic_path(tmp_path / "x.bin") as file, staged_folder(tmp_path / "out") as made:
        file.write_text("1")
        assert clear_leftovers(tmp_path) == 0 and file.exists() and made.is_dir()
        script = f"from carvis.workspace import clear_leftovers; print(clear_leftovers({str(tmp_path)!r}))"
        assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "0\n"
        assert file.exists() and made.is_dir()
    assert sorted(os.listdir(tmp_path)) == ["out", "x.bin"]


def test_what_a_dead_process_left_is_cleared(tmp_path):
    for name in (TEMPORARY, ".carvis-00000000"):
        (tmp_path / name / "out").mkdir(parents=True)
        (tmp_path / name / "out" / "one").write_text("half")
    (tmp_path / TEMPORARY / ".carvis-lock").touch()
    (tmp_path / ".carvis-99999999").mkdir()
    assert clear_leftovers(tmp_path) == 3 and os.listdir(tmp_path) == []


def test_moves_that_were_decided_are_finished_and_later_edits_are_kept(tmp_path):
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text("old")
        os.utime(tmp_path / name, (1, 1))
    complete = tmp_path / TEMPORARY / ".carvis-whole"
    complete.mkdir(parents=True)
    for name in ("one.csv", "two.csv", "three.csv"):
        (complete / name).write_text("new")
    os.utime(complete.parent, (time.time() - 60,) * 2)
    (tmp_path / "two.csv").write_text("edited meanwhile")
    finish_moves(tmp_path)
    assert contents(tmp_path) == {
        "one.csv": "new",
        "two.csv": "new",
        "three.csv": "new",
        "two.edited-1.csv": "edited meanwhile",
    }
    assert not (tmp_path / TEMPORARY).exists()


PERSONS = (
    ".carvis", ".carvis-notes", ".carvis-ABCDEFGH", ".carvis-abcd2345x", ".backup-20240101.keras", ".model-final_ok.h5"
)  # fmt: skip


@pytest.mark.parametrize("name", PERSONS)
def test_names_of_a_person_are_left(tmp_path, name):
    (tmp_path / name).write_text("mine")
    old(tmp_path / name)
    assert clear_leftovers(tmp_path) == 0 and (tmp_path / name).read_text() == "mine"


def test_a_file_of_a_persons_own_is_no_folder_of_ours(tmp_path):
    (tmp_path / TEMPORARY).write_text("mine")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine").write_text("mine")
    (tmp_path / ".carvis-00000000").symlink_to(tmp_path / "elsewhere")
    assert clear_leftovers(tmp_path) == 0
    assert (tmp_path / TEMPORARY).read_text() == "mine" and (tmp_path / ".carvis-00000000" / "mine").exists()


def test_links_in_a_leftover_move_and_make_nothing_elsewhere(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("mine")
    leftover = tmp_path / "here"
    (leftover / TEMPORARY).mkdir(parents=True)
    (leftover / TEMPORARY / ".carvis-whole").symlink_to(elsewhere)
    (leftover / TEMPORARY / ".carvis-lock").symlink_to(elsewhere / "made")
    finish_moves(leftover)
    assert contents(elsewhere) == {"mine": "mine"} and os.listdir(leftover) == []


@pytest.mark.skipif(os.name == "nt", reason="files there have no modes")
def test_temporaries_of_earlier_versions_are_cleared_where_they_surely_are_ours(tmp_path):
    own_files = [tmp_path / ".VGG16-a1b2c3_d.keras", tmp_path / ".metrics-0_9z8y7x.json"]
    for path in own_files:
        path.write_text("half")
    split = tmp_path / ".new-x1y2z3w4"
    (split / "new" / "train").mkdir(parents=True)
    assert clear_leftovers(tmp_path) == 0
    for path in (*own_files, split):
        old(path)
    others = [tmp_path / ".notes-a1b2c3d4.md", tmp_path / ".open-a1b2c3d4.json", tmp_path / ".own-a1b2c3d4"]
    for path in others[:2]:
        path.write_text("mine")
    others[2].mkdir()
    (others[2] / "mine").write_text("mine")
    for path in others:
        old(path)
    os.chmod(others[1], 0o644)
    assert clear_leftovers(tmp_path) == 3
    assert sorted(tmp_path.iterdir()) == sorted(others)


def test_a_workspace_is_cleared_where_carvis_writes(tmp_path):
    places = ["models", "data", "data/runs/one/checkpoint", "data/evaluations/cars/test/m", "data/cache/health"]
    places += ["data/results/heatmaps", "data/incorrect", "data/demo/.drawing"]
    for place in places:
        (tmp_path / place / TEMPORARY / "half").mkdir(parents=True)
    (tmp_path / "data" / "cars" / "test" / "Golf" / TEMPORARY).mkdir(parents=True)
    assert Workspace(tmp_path).clear_leftovers() == len(places)
    assert not any((tmp_path / place / TEMPORARY).exists() for place in places)


def test_many_threads_and_processes_write_and_clear_at_once(tmp_path):
    script = f"""
from carvis.workspace import atomic_write, clear_leftovers
for i in range(60):
    atomic_write({str(tmp_path / "x.bin")!r}, "whole")
    clear_leftovers({str(tmp_path)!r})
"""
    children = [subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE) for _ in range(3)]
    failed = []

    def write() -> None:
        try:
            for _ in range(60):
                atomic_write(tmp_path / "x.bin", "whole")
        except CarvisError as error:
            failed.append(error)

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    while any(child.poll() is None for child in children):
        clear_leftovers(tmp_path)
    for thread in threads:
        thread.join()
    assert failed == [] and [child.communicate()[1] for child in children] == [b""] * 3
    assert contents(tmp_path) == {"x.bin": "whole"} and os.listdir(tmp_path) == ["x.bin"]


def test_what_is_discarded_is_gone_at_once(tmp_path):
    (tmp_path / "run" / "sub").mkdir(parents=True)
    discard(tmp_path / "run")
    assert os.listdir(tmp_path) == []
    with pytest.raises(CarvisError):
        discard(tmp_path / "run")


def test_sentences_name_the_place_and_not_the_temporary_one(tmp_path):
    (tmp_path / "out" / "one").mkdir(parents=True)
    with pytest.raises(CarvisError) as error, staged_folder(tmp_path / "out", replace=True) as made:
        atomic_write(made / "one", "a file where a folder lies")
    assert str(tmp_path / "out" / "one") in str(error.value) and ".carvis" not in str(error.value)
    assert final_place(tmp_path / TEMPORARY / ".carvis-new" / "one") == tmp_path / "one"
    with pytest.raises(FileNotFoundError), staged_folder(tmp_path / "new"):
        (tmp_path / "elsewhere" / "gone.jpg").read_bytes()
