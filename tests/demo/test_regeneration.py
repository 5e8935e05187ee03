"""The whole demo made again, small: every step is the real one."""

import pytest

from carvis.classifier import load_classifier, read_card
from carvis.dataset import Dataset
from carvis.demo import draw_missing, rebuild, shipped_thumbnail
from carvis.demo.regeneration import MODELS
from carvis.evaluation import load_evaluation, read_misclassified
from carvis.feature_space import SHIPPED, read_shipped, stored_embeddings
from carvis.training import Run
from carvis.workspace import Workspace, atomic_write, is_demo


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    steps = list(rebuild(workspace, per_class=2, epochs=1))
    return workspace, steps


def test_everything_that_is_shipped_is_made(rebuilt):
    workspace, steps = rebuilt
    assert is_demo(workspace.data_dir / "demo")
    for name in MODELS:
        clf = load_classifier(workspace.models_dir / f"{name}.keras")
        assert clf.assumptions == [] and len(clf.class_names) == 20
        assert Run(workspace.runs_dir / name, workspace).state == "finished"
        for split in ("train", "valid", "test"):
            folder = workspace.evaluations_dir / "demo" / split / name
            evaluation = load_evaluation(folder)
            assert len(evaluation.predictions) == 40
            assert len(stored_embeddings(workspace, ("demo", split, name))) == 40
            # What is shipped does not need the cache.
            shipped, _ = read_shipped(folder / SHIPPED)
            assert len(shipped) == 40
            assert any(line.startswith(f"{name}: {split} accuracy {evaluation.accuracy:.3f}") for line in steps)
    assert read_card(workspace.models_dir / "demo_fine-tune.keras").parent
    sample = Dataset(workspace.data_dir / "demo").samples("train")["id"].iloc[0]
    assert shipped_thumbnail(workspace.data_dir / "demo", sample).shape == (64, 64, 3)
    table = read_misclassified(workspace.data_dir / "incorrect" / "df2.csv", roots=[workspace.data_dir])
    assert (table["status"] == "found").all()


def test_nothing_is_drawn_twice(rebuilt):
    workspace, _ = rebuilt
    assert draw_missing(workspace.data_dir / "demo") == []


def test_what_was_there_comes_back_if_it_fails(tmp_path):
    workspace = Workspace(tmp_path)
    earlier = atomic_write(workspace.models_dir / "demo_own.keras", "old")
    steps = rebuild(workspace, per_class=2, epochs=1)
    next(steps)
    assert not earlier.exists()
    with pytest.raises(RuntimeError):
        steps.throw(RuntimeError("the power fails"))
    assert earlier.read_text() == "old"
    assert not (workspace.data_dir / "demo").exists()
