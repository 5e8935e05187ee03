import json
import os
import subprocess
import sys

import numpy as np
import pytest

from carvis.errors import CarvisError, PathError
from carvis.workspace import Cache, Workspace, atomic_path, atomic_write, content_hash, lock, resolve_inside


def test_relative_paths_are_taken_below_the_root(tmp_path):
    (tmp_path / "data").mkdir()
    workspace = Workspace(tmp_path)
    assert workspace.resolve("data/x.jpg") == tmp_path.resolve() / "data" / "x.jpg"
    assert workspace.resolve("data\\x.jpg") == tmp_path.resolve() / "data" / "x.jpg"
    assert workspace.resolve("data/../data") == tmp_path.resolve() / "data"


@pytest.mark.parametrize("path", ["../x.jpg", "/etc/passwd", "data/../../x", "..\\x", "C:\\Windows\\win.ini", "a\0b"])
def test_paths_that_lead_outside_are_refused(tmp_path, path):
    with pytest.raises(PathError):
        Workspace(tmp_path).resolve(path)


def test_a_symbolic_link_that_leads_outside_is_refused(tmp_path):
    inside, outside = tmp_path / "workspace", tmp_path / "secret"
    inside.mkdir()
    outside.mkdir()
    (inside / "link").symlink_to(outside)
    with pytest.raises(PathError, match="outside the allowed folders"):
        resolve_inside("link/x.jpg", [inside])
    assert resolve_inside("link/x.jpg", [inside, outside]) == outside.resolve() / "x.jpg"


def test_workspace_comes_from_argument_then_environment_then_folder(tmp_path, monkeypatch):
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "c")
    monkeypatch.setenv("CARVIS_WORKSPACE", str(tmp_path / "b"))
    assert Workspace.open(tmp_path / "a").root.name == "a"
    assert Workspace.open().root.name == "b"
    monkeypatch.delenv("CARVIS_WORKSPACE")
    assert Workspace.open().root.name == "c"
    with pytest.raises(PathError, match="not a folder"):
        Workspace.open(tmp_path / "missing")


def test_listings_find_what_lies_in_the_workspace(tmp_path, make_pictures):
    make_pictures(tmp_path / "data" / "cars" / "val" / "red", ["1.jpg"])
    make_pictures(tmp_path / "mini_pictures" / "test" / "red", ["1.jpg"])
    (tmp_path / "models").mkdir()
    for name in ("b.h5", "a.keras", "a.json", ".hidden.h5"):
        (tmp_path / "models" / name).touch()
    evaluation = tmp_path / "data" / "evaluations" / "cars" / "test" / "a"
    atomic_write(evaluation / "metrics.json", "{}")
    atomic_write(evaluation / "df2.csv", "PATH\n")
    atomic_write(tmp_path / "incorrect" / "df2.csv", "PATH\n")
    workspace = Workspace(tmp_path)
    assert [path.name for path in workspace.datasets()] == ["cars", "mini_pictures"]
    assert [path.name for path in workspace.models()] == ["a.keras", "b.h5"]
    assert workspace.evaluations() == [evaluation]
    assert [workspace.relative(p) for p in workspace.misclassified_tables()] == [
        "data/evaluations/cars/test/a/df2.csv",
        "incorrect/df2.csv",
    ]


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = atomic_write(tmp_path / "card.json", "old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["card.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are POSIX")
def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path):
    """A file size limit makes the operating system refuse the write, as a full disk does."""
    script = f"""
import resource, signal
from carvis.errors import CarvisError
from carvis.workspace import atomic_write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    atomic_write({str(tmp_path / "x.bin")!r}, b"a" * 1000)
except CarvisError as error:
    print(error)
"""
    (tmp_path / "x.bin").write_text("old")
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "x.bin could not be written" in result.stdout and "name a folder on another disk" in result.stdout
    assert (tmp_path / "x.bin").read_text() == "old"
    assert os.listdir(tmp_path) == ["x.bin"]


def test_a_file_in_the_way_of_a_folder_is_one_sentence(tmp_path):
    (tmp_path / "models").write_text("")
    with pytest.raises(CarvisError, match="could not be written"):
        atomic_write(tmp_path / "models" / "x.json", "{}")


def test_content_hash_tells_apart_what_differs():
    array = np.zeros((2, 3), np.float32)
    hashes = {
        content_hash(array),
        content_hash(array.reshape(3, 2)),
        content_hash(array.astype(np.int32)),
        content_hash(array.tobytes()),
        content_hash("a", "bc"),
        content_hash("ab", "c"),
    }
    assert len(hashes) == 6
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})


def test_a_lock_is_freed_when_its_holder_dies(tmp_path):
    path = tmp_path / "run.lock"
    script = f"""
import os
from carvis.workspace import lock
held = lock({str(path)!r}); held.acquire(); print("held", flush=True); input()
"""
    child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "held\n"
    from filelock import Timeout

    with pytest.raises(Timeout):
        lock(path).acquire(timeout=0)
    child.kill()
    child.communicate()
    lock(path).acquire(timeout=1).lock.release()


def test_the_cache_drops_what_was_unused_longest(tmp_path):
    cache = Cache(tmp_path, max_bytes=250)
    for i, key in enumerate(["aa1", "bb2"]):
        path = cache.put(key, ".bin", bytes(100))
        os.utime(path, (i, i))
    assert cache.get("aa1", ".bin")
    cache.put("cc3", ".bin", bytes(100))
    assert cache.get("bb2", ".bin") is None
    assert cache.get("aa1", ".bin") and cache.get("cc3", ".bin")
    assert cache.get("aa1", ".png") is None


def test_what_bears_a_name_that_is_not_utf_8_is_not_listed(tmp_path):
    name = os.fsdecode(b"\x83g")
    try:
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / f"{name}.keras").touch()
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (tmp_path / "models" / "good.keras").touch()
    for data in (name, "good"):
        (tmp_path / "data" / data / "train" / "a").mkdir(parents=True)
    (tmp_path / f"{name}.csv").touch()
    space = Workspace(tmp_path)
    assert [path.name for path in space.models() + space.datasets()] == ["good.keras", "good"]
    assert space.misclassified_tables() == []
    (tmp_path / "data" / name).rename(tmp_path / name)
    with pytest.raises(PathError, match="not UTF-8"):
        Workspace(tmp_path / name)


def test_a_folder_of_a_tutorial_opens_as_it_is(tmp_path):
    images = tmp_path / "mini_pictures"
    for split in ("train", "valid", "test"):
        (images / split / "Audi-a3").mkdir(parents=True)
    (tmp_path / "models").mkdir()
    for name in ("models/VGG16_mini_3.h5", "4_dense_mini.h5", "mini_pictures/own.h5"):
        (tmp_path / name).write_bytes(b"")
    workspace = Workspace(tmp_path)
    assert workspace.datasets() == [images]
    assert workspace.models() == [tmp_path / "models" / "VGG16_mini_3.h5", tmp_path / "4_dense_mini.h5"]
    itself = Workspace(images)
    assert itself.datasets() == [images] and itself.models() == [images / "own.h5"]


def test_the_demo_comes_after_the_persons_own_data_sets(tmp_path):
    for name in ("demo", "zoo"):
        (tmp_path / "data" / name / "test" / "cat").mkdir(parents=True)
    (tmp_path / "data" / "demo" / "masks" / "test").mkdir(parents=True)
    (tmp_path / "data" / "demo" / "truth.json").write_text("{}")
    assert [folder.name for folder in Workspace(tmp_path).datasets()] == ["zoo", "demo"]


def test_images_of_tables_lie_in_data_and_in_the_data_sets_beside_it(tmp_path):
    workspace = Workspace(tmp_path)
    assert workspace.image_roots() == [tmp_path]
    (tmp_path / "mini_pictures" / "test" / "Golf").mkdir(parents=True)
    assert workspace.image_roots() == [tmp_path / "mini_pictures"]
    # Evaluating makes the folder data/: what lies beside it is still found.
    (tmp_path / "data" / "evaluations").mkdir(parents=True)
    assert workspace.image_roots() == [tmp_path / "data", tmp_path / "mini_pictures"]


def test_the_newest_run_is_last_whatever_its_name(tmp_path):
    for name, started in (("a waiting one", None), ("demo", "2026-01-01T00:00:00+00:00"), ("20260201-own", "2026-02")):
        folder = tmp_path / "data" / "runs" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        (folder / "status.json").write_text(json.dumps({"started": started}))
    assert [folder.name for folder in Workspace(tmp_path).runs()] == ["demo", "20260201-own", "a waiting one"]
