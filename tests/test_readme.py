"""The README's commands and its notebook, word for word, so that it says what is true."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from carvis.cli import VERBS, main
from carvis.evaluation import load_evaluation
from tests.tutorial import CLASSES, MODELS, make_tutorial

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text under a heading of the README."""
    return re.split(r"\n###? ", README.split(f"### {title}")[1])[0]


def commands(text: str) -> list[list[str]]:
    """The words of each ``python -m carvis`` command in the code blocks of a text."""
    blocks = re.findall(r"```bash\n(.*?)```", text, re.S)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("python -m carvis ")]
    return [shlex.split(line, comments=True)[3:] for line in lines]


@pytest.mark.parametrize("words", commands(README), ids=" ".join)
def test_every_command_is_one_that_there_is(words, monkeypatch):
    asked = []
    for name in VERBS:
        monkeypatch.setattr(import_module(f"carvis.cli.{name}"), "run", lambda args: asked.append(args.verb) or 0)
    assert main(words) == 0 and asked == words[:1]


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    pytest.importorskip("tf_keras")
    return make_tutorial(tmp_path_factory.mktemp("readme") / "TUTORIAL")


def test_the_tutorials_folder_is_opened_as_it_is(tutorial, monkeypatch, capsys):
    before = {path: path.read_bytes() for path in tutorial.rglob("*") if path.is_file()}
    monkeypatch.chdir(tutorial.parent)
    monkeypatch.delenv("CARVIS_WORKSPACE", raising=False)
    asked = commands(section("4. Open what you have from the tutorial"))
    assert [words[0] for words in asked] == ["summary", "evaluate", "heatmaps"]
    for words in asked:
        assert main(words) == 0, capsys.readouterr().err
    # Nothing was touched, nothing was put beside it but the folder that the README names.
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(path.name for path in tutorial.iterdir()) == ["data", "incorrect", "mini_pictures", "models"]
    assert sorted(path.name for path in tutorial.parent.iterdir()) == ["TUTORIAL"]
    evaluation = load_evaluation(tutorial / "data" / "evaluations" / "mini_pictures" / "test" / Path(MODELS[2]).stem)
    assert evaluation.class_names == sorted(CLASSES) and evaluation.metrics["n"] == 6
    figures = list((tutorial / "data" / "results" / "heatmaps").glob("*--heatmaps.png"))
    assert all(any(name in figure.name for figure in figures) for name in CLASSES) and len(figures) == 3


def test_the_notebook_runs(tmp_path):
    """On the demo with 24 of its images, half of which the fine-tuned model gets wrong."""
    for folder in ("models", "data/evaluations"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    predictions = load_evaluation(ROOT / "data/evaluations/demo/test/demo_fine-tune").predictions
    wrong = predictions["label"] != predictions["predicted"]
    chosen = [*predictions.loc[wrong, "id"].head(12), *predictions.loc[~wrong, "id"].head(12)]
    for sample in chosen:
        for source in (Path("data/demo") / sample, (Path("data/demo/masks") / sample).with_suffix(".png")):
            (tmp_path / source).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, tmp_path / source)
    shutil.copy(ROOT / "data/demo/masks/parts.json", tmp_path / "data/demo/masks")
    [script] = re.findall(r"```python\n(.*?)```", section("5. Work in a notebook"), re.S)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("CARVIS_WORKSPACE", None)
    shows = (
        "\nfor one in (clf, data, health, evaluation, comparison, heatmap, attention, maps_of_layers, drawn, found):\n"
    )
    shows += "    assert 100 < len(one._repr_html_()) < 200_000, one\n"
    asked = [sys.executable, "-c", script + shows]
    done = subprocess.run(
        asked, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("0.5 ")
