"""Links and pipes in a workspace: models, runs, evaluations, tables, tags, logs, locks and caches."""

import os
from pathlib import Path

import pytest

from carvis.dataset import Dataset
from carvis.errors import CarvisError
from carvis.evaluation import load_evaluation, read_misclassified
from carvis.images import read_image, thumbnail
from carvis.tables.image_index import ImageIndex
from carvis.tags import Tags
from carvis.workspace import Cache, Links, Workspace, children, lock, walk
from tests.hostile.made import door, pipe, run_folder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links and pipes need a privilege there, or are not there")


def workspace_with(tmp_path: Path) -> Workspace:
    space = tmp_path / "space"
    for name in ("models", "data/runs", "data/evaluations/cars/test", "incorrect", "logs"):
        (space / name).mkdir(parents=True)
    return Workspace(space)


def test_a_workspace_lists_nothing_that_lies_elsewhere(tmp_path, monkeypatch):
    space, home = workspace_with(tmp_path), tmp_path / "home"
    run_folder(home / "run")
    evaluation = home / "evaluation"
    evaluation.mkdir()
    for name in ("metrics.json", "t.csv", "m.keras"):
        (evaluation / name).write_text("{}")
    (space.models_dir / "m.keras").symlink_to(evaluation / "m.keras")
    (space.root / "m.h5").symlink_to(evaluation / "m.keras")
    (space.root / "t.csv").symlink_to(evaluation / "t.csv")
    (space.root / "incorrect" / "t.csv").symlink_to(evaluation / "t.csv")
    (space.data_dir / "incorrect").symlink_to(evaluation)
    (space.root / "weights").symlink_to(evaluation)
    (space.runs_dir / "linked").symlink_to(home / "run")
    run_folder(space.runs_dir / "own")
    (space.evaluations_dir / "cars" / "test" / "linked").symlink_to(evaluation)
    own = space.evaluations_dir / "cars" / "test" / "own"
    own.mkdir()
    (own / "metrics.json").symlink_to(evaluation / "metrics.json")
    assert not space.models() and not space.evaluations() and not space.misclassified_tables()
    assert [run.name for run in space.runs()] == ["own"]
    (space.runs_dir / "own" / "log.txt").unlink()
    (space.runs_dir / "own" / "log.txt").symlink_to("/etc/passwd")
    assert not space.runs()
    names = {path.relative_to(space.root).as_posix() for path in space.links_out()}
    assert names >= {"models/m.keras", "m.h5", "t.csv", "incorrect/t.csv", "data/runs/linked"}
    assert names >= {"data/runs/own/log.txt", "data/evaluations/cars/test/own/metrics.json"}
    monkeypatch.setenv("CARVIS_LINKS", str(home))
    assert len(space.models()) == len(space.evaluations()) == 2
    assert len(space.misclassified_tables()) >= 2


def test_folders_of_the_workspace_may_be_links(tmp_path, cars):
    disk = tmp_path / "disk"
    (disk / "models").mkdir(parents=True)
    (disk / "models" / "m.keras").write_bytes(b"x")
    run_folder(disk / "data" / "runs" / "one")
    space = tmp_path / "space"
    space.mkdir()
    (space / "models").symlink_to(disk / "models")
    (space / "data").symlink_to(disk / "data")
    (disk / "data" / "pictures").symlink_to(cars)
    one = Workspace(space)
    assert [path.name for path in one.models()] == ["m.keras"] and len(one.runs()) == 1
    assert [path.name for path in one.datasets()] == ["pictures"] and len(
        Dataset(one.datasets()[0]).samples("test")
    ) == 4
    assert one.resolve("data/runs/one/log.txt").name == "log.txt"
    assert ImageIndex(one.image_roots()).match("cars/test/golf/0.png").status == "found"


def test_a_run_or_an_evaluation_with_a_link_out_is_refused_by_name(tmp_path, secret):
    from carvis.training import Run

    for folder, name, opened in ((tmp_path / "a", "log.txt", Run), (tmp_path / "b", "df2.csv", load_evaluation)):
        run_folder(folder)
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(secret)
        with pytest.raises(CarvisError, match=rf"{name} is a symbolic link out of its folder"):
            opened(folder)


def test_names_beside_a_model_are_not_read_through_a_link(tmp_path, secret):
    from carvis.classifier.files.label_file import files_beside

    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "labels.txt").symlink_to("/etc/passwd")
    assert files_beside(tmp_path / "models" / "m.keras") == []


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_tags_are_kept_in_an_ordinary_file_only(kind, tmp_path):
    path = tmp_path / "data" / "tags.sqlite"
    path.parent.mkdir()
    (tmp_path / "private").write_text("private")
    path.symlink_to(tmp_path / "private") if kind == "link" else pipe(path)
    for act in (lambda: Tags(path).names(), lambda: Tags(path).add_name("mine")):
        with pytest.raises(CarvisError, match=r"symbolic link out of its folder" if kind == "link" else "is a pipe"):
            act()
    assert (tmp_path / "private").read_text() == "private"


def test_logs_are_looked_for_where_they_may_lie(tmp_path):
    from carvis.training.tensorboard_logs import tensorboard_folders

    (tmp_path / "home" / "train").mkdir(parents=True)
    (tmp_path / "home" / "train" / "events.out.tfevents.1.x.1.1.v2").write_bytes(b"")
    (tmp_path / "logs" / "own" / "train").mkdir(parents=True)
    (tmp_path / "logs" / "own" / "train" / "events.out.tfevents.1.x.1.1.v2").write_bytes(b"")
    (tmp_path / "logs" / "linked").symlink_to(tmp_path / "home")
    (tmp_path / "logs" / "round").symlink_to(tmp_path / "logs")
    assert tensorboard_folders(tmp_path / "logs") == [(tmp_path / "logs" / "own").resolve()]


def test_locks_and_caches_are_never_links(tmp_path):
    (tmp_path / "private").write_text("private")
    (tmp_path / "turn.lock").symlink_to(tmp_path / "private")
    with pytest.raises(CarvisError, match="symbolic link in place of a lock"):
        lock(tmp_path / "turn.lock")
    cache = Cache(tmp_path / "cache")
    place = cache.put("ab" * 20, ".jpg", b"made")
    place.unlink()
    place.symlink_to(tmp_path / "private")
    assert cache.get("ab" * 20, ".jpg") is None
    assert cache.put("ab" * 20, ".jpg", b"made").read_bytes() == b"made"
    assert (tmp_path / "private").read_text() == "private"


SPECIALS = {
    "a pipe": pipe,
    "a socket": door,
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("kind", SPECIALS)
def test_what_is_no_ordinary_file_is_never_waited_for(kind, tmp_path):
    """Named by a person, in place of an image, a table, an evaluation's file or a model."""
    from carvis.workspace import append_regular, sha256_of_file

    path = tmp_path / "x.png"
    SPECIALS[kind](path)
    for opened in (read_image, thumbnail, sha256_of_file):
        with pytest.raises(CarvisError, match=f"is {kind}"):
            opened(path)
    with pytest.raises(OSError):
        append_regular(path)


def test_a_table_behind_a_link_of_a_link_of_itself(tmp_path, cars):
    (tmp_path / "df2.csv").symlink_to("df2.csv")
    with pytest.raises(CarvisError):
        read_misclassified(tmp_path / "df2.csv", [cars])
    (tmp_path / "loop").symlink_to("loop")
    for act in (Dataset, Workspace, lambda path: ImageIndex([path])):
        with pytest.raises(CarvisError, match=r"symbolic links lead to each other.*remove the links"):
            act(tmp_path / "loop")


def test_the_one_walk_and_the_list_of_a_folder_agree(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "f").write_text("")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / ".hidden").write_text("")
    (tmp_path / "out").symlink_to("/")
    said = []
    assert [found.name for found in walk(tmp_path, refused=lambda path, reason: said.append(reason))] == ["f"]
    assert len(said) == 2 and "leads out" in said[0] and "same folder" in said[1]
    assert [path.name for path in children(tmp_path)] == ["a", "b"]
    assert [path.name for path in children(tmp_path, Links("/"), hidden=True)] == [".hidden", "a", "b", "out"]
    assert [found.name for found in walk(tmp_path, folders=None)] == ["a", "f"]
