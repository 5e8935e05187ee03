"""What the repository ships: complete, small, and of the order that training gives."""

import json
from pathlib import Path

import pytest

from carvis.classifier import describe_model_file, load_classifier, read_card
from carvis.dataset import Dataset
from carvis.demo import PARTS
from carvis.demo.regeneration import MODELS
from carvis.evaluation import evaluate, load_evaluation, read_misclassified
from carvis.training import Run
from carvis.workspace import Workspace

ROOT = Path(__file__).parents[2]


def size_of(*folders: Path) -> int:
    return sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())


def test_the_test_images_are_shipped_with_their_masks():
    data = Dataset(ROOT / "data" / "demo")
    samples = data.samples("test")
    assert len(samples) == 300 and len(data.class_names) == 20
    for sample in samples.itertuples():
        assert (ROOT / "data" / "demo" / "masks" / sample.id).with_suffix(".png").is_file()
    assert json.loads((data.root / "masks" / "parts.json").read_text()) == PARTS
    assert size_of(data.root / "test", data.root / "masks") < 6_000_000


def test_three_models_with_cards_runs_and_evaluations_are_shipped():
    workspace = Workspace(ROOT)
    files = [workspace.models_dir / f"{name}.keras" for name in MODELS]
    assert sum(file.stat().st_size for file in files) < 15_000_000
    for name, file in zip(MODELS, files, strict=True):
        assert describe_model_file(file)["refused"] is None
        assert read_card(file).class_names == Dataset(ROOT / "data" / "demo").class_names
        run = Run(workspace.runs_dir / name, workspace)
        assert run.state == "finished" and len(run.history) >= 5
        assert run.model_path == file


def test_fine_tuning_beats_transfer_beats_the_own_model():
    evaluations = [load_evaluation(ROOT / "data" / "evaluations" / "demo" / "test" / name) for name in MODELS]
    own, transfer, fine = (evaluation.accuracy for evaluation in evaluations)
    assert own < transfer < fine < 0.97
    table = read_misclassified(ROOT / "data" / "incorrect" / "df2.csv", roots=[ROOT / "data"])
    assert (table["status"] == "found").all()
    assert len(table) == len(evaluations[2].misclassified()) >= 10


@pytest.mark.parametrize("name", MODELS)
def test_the_shipped_evaluation_is_what_the_shipped_model_says(name):
    # Processors round differently, so a near tie may fall the other way.
    workspace = Workspace(ROOT)
    saved = load_evaluation(workspace.evaluations_dir / "demo" / "test" / name)
    evaluation = evaluate(load_classifier(workspace.models_dir / f"{name}.keras"), ROOT / "data" / "demo")
    assert evaluation.accuracy == pytest.approx(saved.accuracy, abs=0.01)
