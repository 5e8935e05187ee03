"""``slices``, and the shortcuts of ``check``, as a person uses them."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from PIL import Image

from carvis.cli import main
from carvis.evaluation import load_evaluation
from carvis.workspace import sha256_of_file
from tests.evaluation.small_evaluations import evaluation
from tests.report.test_slices_section import dark_and_light


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    data, found = dark_and_light(tmp_path)
    for name, made in found.items():
        replace(made, root=data.root).save(tmp_path / "data" / "evaluations" / "night" / "test" / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CARVIS_WORKSPACE", raising=False)
    return tmp_path


def test_slices_are_printed_compared_and_written(workspace, capsys):
    assert main(["slices", "half", "all", "--out", "slices.csv"]) == 0, capsys.readouterr().err
    said = capsys.readouterr().out
    assert "1 slice is confirmed" in said and "dark images (brightness under" in said
    assert "Confirmed on" in said and "only if its accuracy is at most" in said
    assert "half loses" in said and "times as much there as half" in said
    table = pd.read_csv(workspace / "slices.csv")
    assert len(table) == 1 and all(name.startswith("test/") for name in table["ids"][0].split(";"))
    assert main(["slices", "half", "--out", "slices.csv"]) == 2
    assert main(["slices", "half", "--out", "slices.json"]) == 2
    assert main(["slices", "half", "--properties", "weather"]) == 2
    assert "weather is not a property of these images" in capsys.readouterr().err


def test_super_classes_of_a_file_are_searched(workspace, capsys):
    """A third class, so that two of the three can have a super-class in common."""
    (workspace / "groups.csv").write_text("class,super_class\na,both\nb,both\n")
    assert main(["slices", "half", "--super-classes", "groups.csv", "--properties", "super_class"]) == 2
    assert "super_class is not a property of these images" in capsys.readouterr().err
    third = workspace / "data" / "night" / "test" / "c"
    third.mkdir()
    for place in range(3):
        Image.new("RGB", (40, 40), (90 * place, 120, 60)).save(third / f"{place}.png")
    folder = workspace / "data" / "evaluations" / "night" / "test" / "half"
    before = load_evaluation(folder).predictions
    rows = [
        (one.id, one.label, (0.9, 0.1, 0) if one.predicted == "a" else (0.1, 0.9, 0)) for one in before.itertuples()
    ]
    rows += [(f"test/c/{place}.png", "c", (0, 0, 1)) for place in range(3)]
    made = evaluation("half", ["a", "b", "c"], rows, data="night")
    files = [workspace / "data" / "night" / name for name in made.predictions["id"]]
    made.predictions["sha256"] = [sha256_of_file(file) for file in files]
    replace(made, root=workspace / "data" / "night").save(folder)
    assert main(["slices", "half", "--super-classes", "groups.csv", "--properties", "super_class"]) == 0
    assert "Not searched: feature clusters" in capsys.readouterr().out
    assert main(["slices", "half", "--super-classes", "gone.csv"]) == 2


def test_the_report_searches_super_classes_of_a_file(workspace, capsys, monkeypatch):
    from carvis.report import context

    (workspace / "groups.csv").write_text("class,super_class\na,both\nb,both\n")
    groups, searched = [], context.slices

    def spied(*args, **options):
        groups.append(options["named_super_classes"])
        return searched(*args, **options)

    monkeypatch.setattr(context, "slices", spied)
    assert main(["report", "half", "--images", "0", "--super-classes", "gone.csv", "--out", "report.html"]) == 2
    assert "gone.csv" in capsys.readouterr().err and not (workspace / "report.html").exists()
    assert main(["report", "half", "--images", "0", "--super-classes", "groups.csv", "--out", "report.html"]) == 0
    assert groups == [{"a": "both", "b": "both"}]
    assert "dark images (brightness under" in (workspace / "report.html").read_text("utf-8")


def test_slices_speak_japanese(workspace, capsys):
    assert main(["--language", "ja", "slices", "half", "all"]) == 0
    said = capsys.readouterr().out
    assert "暗い画像（明るさ" in said and "accuracy" not in said and "loses" not in said


def test_check_names_shortcuts(workspace, capsys):
    for path in (workspace / "data" / "night" / "test" / "b").glob("*.png"):
        # Class b becomes JPEG, under the same ending.
        Image.open(path).convert("RGB").save(path, "JPEG", quality=90)
    assert main(["check", "data/night", "--out", "health.json"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "alone predicts the class: balanced accuracy 100 %, chance 50 %" in said
    assert "For example JPEG files: 100 % of 180 are b." in said
    found = json.loads((workspace / "health.json").read_text("utf-8"))["shortcuts"]
    assert {one["property"] for one in found} >= {"format"} and found[0]["accuracy"] == 1
