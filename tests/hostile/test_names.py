"""Names that are empty, ambiguous or too long, and paths out of the workspace: what each must be answered with."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from carvis.cli import main
from carvis.cli.model_inputs import file_name
from carvis.dataset import Dataset, expand, find_images
from carvis.dataset.health import check_dataset, split_dataset
from carvis.errors import CarvisError
from carvis.evaluation import load_evaluation
from carvis.tags import Tags
from carvis.tags.tags import tag_name
from carvis.training import Run
from carvis.training.preparation import _model_name
from carvis.workspace import LONGEST, Workspace, atomic_write, check_length, fitting, resolve_inside, resolved
from tests.hostile.made import image, run_folder

LONG = {"letters": "n" * 300, "Japanese": "車" * 100, "emoji": "🚗" * 70, "combining": "e\u0301" * 100}
DEEP = "/".join(["d" * 200] * 30)
EMPTY = ("", " ", "\t", "\n", "\u3000")


@pytest.fixture
def here(cars, monkeypatch) -> Path:
    """The folder that holds ``data/cars``, as the current one."""
    monkeypatch.chdir(cars.parents[1])
    monkeypatch.delenv("CARVIS_WORKSPACE", raising=False)
    return cars.parents[1]


ARGUMENTS = (
    ("check", "{}"),
    ("split", "{}", "--out", "new"),
    ("split", "data/cars", "--out", "{}"),
    ("runs", "remove", "{}"),
    ("runs", "stop", "{}"),
    ("runs", "resume", "{}"),
    ("runs", "follow", "{}"),
    ("runs", "compare", "{}"),
    ("report", "{}"),
    ("compare", "{}"),
    ("summary", "{}"),
    ("summary", "m.keras", "--data", "{}"),
    ("heatmaps", "m.keras", "{}"),
    ("evaluate", "{}", "data/cars"),
    ("evaluate", "m.keras", "{}"),
    ("train", "own", "{}"),
    ("check", "data/cars", "--workspace", "{}"),
)


@pytest.mark.parametrize("arguments", [*ARGUMENTS, ("heatmaps", "{}", "x.png")], ids=" ".join)
@pytest.mark.parametrize("name", EMPTY, ids=repr)
def test_an_empty_argument_never_means_a_default(arguments, name, here, capsys):
    assert main([name if "{}" in one else one for one in arguments]) == 2
    assert "is empty: give it a value, or omit it." in capsys.readouterr().err
    assert sorted(os.listdir(here)) == ["data"] and os.listdir(here / "data") == ["cars"]


@pytest.mark.parametrize("option", ["--out=", "--workspace= ", "--language="])
def test_an_empty_option_is_refused_however_it_is_written(option, here, capsys):
    assert main(["split", "data/cars", "--out", "new", option]) == 2
    assert f"{option.strip(' =')} is empty" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=" ".join)
@pytest.mark.parametrize("kind", LONG)
def test_a_name_that_is_too_long_asks_for_a_shorter_one(arguments, kind, here, capsys):
    assert main([one.format(LONG[kind]) for one in arguments]) == 2
    said = capsys.readouterr().err
    assert "choose a shorter name" in said or "There is no run" in said
    assert "free some space" not in said and len(said) < 700
    assert sorted(os.listdir(here)) == ["data"]


def test_a_path_that_is_too_long(here, capsys):
    for arguments in (["check", DEEP], ["split", "data/cars", "--out", DEEP], ["summary", f"{DEEP}/m.keras"]):
        assert main(arguments) == 2
        assert "choose a shorter name" in capsys.readouterr().err
    for act in (Dataset, Workspace, resolved, find_images, lambda path: resolve_inside(path, [here])):
        with pytest.raises(CarvisError, match="longer than the file system takes"):
            act(DEEP)


@pytest.mark.parametrize("name", ["", " ", ".", "..", "*", "/", "../runs", "own", "20260101"])
def test_a_run_is_removed_by_its_whole_id_only(name, tmp_path, capsys):
    run = run_folder(tmp_path / "data" / "runs" / "20260101-120000-own")
    assert main(["runs", "remove", name, "--workspace", str(tmp_path)]) == 2
    assert run.is_dir() and capsys.readouterr().err.count("\n") == 1


def test_the_end_of_an_id_stops_a_run_and_the_whole_removes_it(tmp_path, capsys):
    run = run_folder(tmp_path / "data" / "runs" / "20260101-120000-own")
    told = ["--workspace", str(tmp_path)]
    assert main(["runs", "remove", "120000-own", *told]) == 2
    assert "give the full id to remove 20260101-120000-own" in capsys.readouterr().err
    assert main(["runs", "stop", "120000-own", *told]) == 2
    assert "20260101-120000-own is not running" in capsys.readouterr().err
    assert main(["runs", "remove", run.name, *told]) == 0 and not run.exists()


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_run_that_is_a_link_to_a_folder_of_the_workspace_is_not_removed(tmp_path, capsys):
    kept = run_folder(tmp_path / "kept" / "one")
    (tmp_path / "data" / "runs").mkdir(parents=True)
    (tmp_path / "data" / "runs" / "one").symlink_to(kept)
    assert main(["runs", "remove", "one", "--workspace", str(tmp_path)]) == 2
    assert "remove the link itself" in capsys.readouterr().err and (kept / "config.json").is_file()


@pytest.mark.parametrize("name", EMPTY, ids=repr)
def test_an_empty_path_is_not_the_current_folder(name, here):
    health = check_dataset("data/cars")
    acts = (Dataset, Workspace, Workspace.open, find_images, resolved, Run, load_evaluation)
    for act in (*acts, lambda path: split_dataset(health, path), lambda path: atomic_write(path, "x")):
        with pytest.raises(CarvisError, match="is empty"):
            act(name)
    assert expand(name) == [] and sorted(os.listdir(here)) == ["data"]


@pytest.mark.parametrize("kind", ["letters", "Japanese", "emoji"])
def test_a_models_name_is_refused_before_it_is_trained(kind):
    with pytest.raises(CarvisError, match=r"takes \d+ bytes, more than 200: choose a shorter one"):
        _model_name(LONG[kind].replace("🚗", "車"), "cars", "own", None, None)
    made = _model_name(None, LONG[kind].replace("🚗", "車")[:85], "transfer", "vgg16", None)
    assert len(made.encode()) <= LONGEST


@pytest.mark.parametrize("name", ["", " ", ".", "..", "///", "\n", "*?*"])
def test_a_models_name_of_no_letters(name):
    plain = name.replace("*", "").replace("?", "").replace("/", "").strip(" .\n")
    if plain or "*" in name or "/" in name or "\n" in name:
        assert _model_name(name, "cars", "own", None, None) == "_"
    else:
        with pytest.raises(CarvisError, match="is not a valid model name"):
            _model_name(name, "cars", "own", None, None)


@pytest.mark.parametrize("name", [*EMPTY, "x" * 41, "a;b", "a\0b", "a\u202eb", "車" * 41])
def test_a_tag_that_is_none(name, tmp_path):
    for act in (tag_name, Tags(tmp_path / "tags.sqlite").add_name):
        with pytest.raises(CarvisError, match="cannot be a tag"):
            act(name)


@pytest.mark.parametrize("kind", LONG)
def test_long_names_are_shortened_each_to_its_own(kind):
    one, other = (fitting(LONG[kind] + end, 100) for end in "ab")
    assert one != other and all(len(name.encode()) <= 100 for name in (one, other))
    assert one == fitting(LONG[kind] + "a", 100) and fitting("short", 100) == "short"
    assert len(file_name(LONG[kind]).encode()) <= 100
    assert check_length("ok", "x") == "ok"


def test_classes_and_images_with_names_as_long_as_may_be(tmp_path):
    """85 letters of three bytes; folders in folders, whose names come to one in a split."""
    name = "車" * 85
    for i, split in enumerate(("train", "valid", "test")):
        for j in range(3):
            image(tmp_path / "ds" / split / name / ("型" * 80) / ("番" * 80) / f"{'画' * 82}{j}.png", 10 * i + j)
    data = Dataset(tmp_path / "ds")
    assert data.class_names == [name] and len(data.samples("train")) == 3
    made = Dataset(split_dataset(check_dataset(data), tmp_path / "new").out)
    assert made.counts().to_numpy().sum() == 9


OUTSIDE = ("..", "../x", "/etc/passwd", "a/../../x", "C:\\x", "\\\\server\\x", "a\0b", "~/../..", "x" * 300, DEEP)


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: repr(path[:20]))
def test_paths_out_of_the_workspace_are_one_sentence(path, tmp_path):
    space = Workspace(tmp_path)
    try:
        found = space.resolve(path)
    except CarvisError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
    else:
        assert found.is_relative_to(space.root)


def test_a_home_that_nobody_has(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for act in (Dataset, Workspace):
        with pytest.raises(CarvisError, match="is not a folder"):
            act("~nobody-has-this-name/x")


def test_what_a_disk_refuses_while_it_is_walked(tmp_path, monkeypatch):
    """A folder that may not be read is named, the rest is there."""
    for name in ("red", "blue"):
        (tmp_path / "train" / name).mkdir(parents=True)
        Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "train" / name / "1.png")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("blue"):
            raise PermissionError(13, "no", str(path))
        return scandir(path)

    data = Dataset(tmp_path)
    monkeypatch.setattr(os, "scandir", refuse)
    assert data.samples("train")["id"].tolist() == ["train/red/1.png"]
    assert "it is not permitted" in data.other_files("train")["reason"].iloc[0]


def test_a_path_of_a_thousand_folders_is_refused(here, capsys):
    for words in (
        ["check", "data/cars", "--out", "n/" * 1500 + "a.json"],
        ["split", "data/cars", "--out=" + "n/" * 1500],
    ):
        assert main(words) == 2
        assert "has more than 200 nested folders: use a shorter path." in capsys.readouterr().err
