"""``check`` and ``split`` as a person uses them."""

import json
import os
import shutil

import numpy as np
import pytest

from carvis.cli import main
from carvis.images import write_image


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """Twelve different images of two classes in train, two of them also in test, one with another label."""
    rng = np.random.default_rng(0)
    for seed in range(12):
        image = np.kron(rng.integers(0, 256, (8, 8, 3)), np.ones((6, 6, 1))).astype(np.uint8)
        write_image(tmp_path / "data" / "mini" / "train" / "ab"[seed % 2] / f"{seed}.png", image)
    for label, name in (("a", "0"), ("a", "1")):
        target = tmp_path / "data" / "mini" / "test" / label / f"{name}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "data" / "mini" / "train" / "ab"[int(name)] / f"{name}.png", target)
    (tmp_path / "data" / "mini" / "test" / "a" / "[bold]broken.jpg").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CARVIS_WORKSPACE", raising=False)
    return tmp_path


def test_check_says_what_is_wrong_and_what_to_do(workspace, capsys):
    assert main(["check", "data/mini", "--out", "health.json"]) == 0
    output = capsys.readouterr().out
    assert "2 of 2 test images are also in train (exact duplicates: 2, near-duplicates: 0)" in output
    assert "measures memorisation" in output and "python -m carvis split" in output
    assert "[bold]broken.jpg" in output and "Duplicates with another label: 1" in output
    document = json.loads((workspace / "health.json").read_text("utf-8"))
    assert document["shared"]["test in train"] == {"n": 2, "exact": 2, "copies": 2}
    assert main(["check", "data/mini", "--out", "health.json"]) == 2
    assert "already exists" in capsys.readouterr().err
    assert main(["check", "data/mini", "--out", "health.txt"]) == 2
    assert main(["check", "nowhere"]) == 2


def test_split_makes_a_data_set_that_check_finds_clean(workspace, capsys):
    assert main(["split", "data/mini", "--out", "data/new", "--fractions", "0.6", "0.2", "0.2"]) == 0
    output = capsys.readouterr().out
    assert "11 of 15 images" in output and "skipped: 2 (labels disagree)" in output and "no leakage between" in output
    assert main(["check", "data/new"]) == 0
    assert "No leakage: no image has a duplicate in another split" in capsys.readouterr().out
    assert main(["split", "data/mini", "--out", "data/new"]) == 2
    assert "not empty" in capsys.readouterr().err
    assert main(["split", "data/mini", "--out", "list", "--manifest", "--seed", "1"]) == 0
    assert sorted(path.name for path in (workspace / "list").iterdir()) == ["split.csv", "split.json"]
    assert main(["split", "data/mini", "--out", "more", "--seed", "-1"]) == 2
    assert main(["split", "data/mini", "--out", "halves", "--manifest", "--fractions", "0.5", "0.5", "0"]) == 0
    output = capsys.readouterr().out
    assert "2 classes have no test images: a, b" in output and "no valid images" not in output


def test_where_nothing_can_be_read(workspace, capsys):
    for label in "ab":
        (workspace / "data" / "none" / "train" / label).mkdir(parents=True)
    for _ in range(2):
        assert main(["check", "data/none"]) == 0
        assert main(["split", "data/none", "--out", "new"]) == 2
        assert "has no usable image to split" in capsys.readouterr().err
        (workspace / "data" / "none" / "train" / "a" / "broken.jpg").write_bytes(b"x")


def test_a_name_that_is_not_utf_8_is_listed(workspace, capsys):
    try:
        (workspace / "data" / "mini" / "train" / "a" / os.fsdecode(b"\xff.jpg")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert main(["check", "data/mini", "--out", "health.json"]) == 0
    assert "\\udcff.jpg: its name is not UTF-8: rename it" in capsys.readouterr().out
    assert main(["split", "data/mini", "--out", "data/new"]) == 0
