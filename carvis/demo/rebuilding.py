"""Making all of the demo again: pictures, models, runs, evaluations, ``df2.csv``."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from carvis.dataset import Dataset
from carvis.demo.dataset import draw_pretraining
from carvis.demo.defaults import BACKBONE, FINE_TUNE_RATE, INPUT_SIZE, OWN_WIDTH
from carvis.demo.missing import WORKERS, draw_missing
from carvis.workspace import Workspace, atomic_write

MODELS = ("demo_own", "demo_transfer", "demo_fine-tune")
BACKBONE_EPOCHS = 30


def rebuild(
    workspace: Workspace, seed: int = 0, *, per_class: int | None = None, epochs: int | None = None
) -> Iterator[str]:
    """Draw and train the whole demo again, telling of each step; what was there comes back if any of it fails.

    The backbone is trained from scratch on the other makes; the transfer model keeps it frozen, the fine-tuned one
    opens its last block.

    Args:
        workspace: gets ``data/demo``, the three models, their runs and evaluations, and ``data/incorrect/df2.csv``.
        seed: another number draws other cars.
        per_class: pictures a class in every split; None for the demo's own numbers.
        epochs: of every training; None for the recipes' own.
    """
    ours = _made(workspace)
    before = workspace.cache_dir / "demo-before"
    _move(ours, workspace.root, before)
    try:
        yield from _build(workspace, seed, per_class, epochs)
    except BaseException:
        for path in ours:
            _remove(path)
        _move([before / path.relative_to(workspace.root) for path in ours], before, workspace.root)
        raise
    finally:
        _remove(before)


def _build(workspace: Workspace, seed: int, per_class: int | None, epochs: int | None) -> Iterator[str]:
    from carvis.classifier import load_classifier
    from carvis.evaluation import evaluate, evaluation_folder
    from carvis.training import train

    def run(name: str) -> dict:
        directory = workspace.runs_dir / name
        return {"workspace": workspace, "run_dir": directory, "name": name, "seed": seed, "epochs": epochs}

    size = {"input_size": INPUT_SIZE}

    root = workspace.data_dir / "demo"
    yield "drawing train, valid and test"
    draw_missing(root, seed=seed, per_class=per_class)
    data = Dataset(root)
    yield "drawing the other makes and training the backbone on them"
    backbone = _train_backbone(workspace, seed, per_class, epochs)
    yield "training the own model"
    train("own", data, width=OWN_WIDTH, **size, **run("demo_own"))
    yield "training the transfer model"
    transfer = train("transfer", data, backbone=BACKBONE, weights=backbone, **size, **run("demo_transfer"))
    yield "fine-tuning it"
    train("fine-tune", data, parent=transfer.model_path, learning_rate=FINE_TUNE_RATE, **run("demo_fine-tune"))
    found = []
    for name in MODELS:
        evaluation = evaluate(load_classifier(workspace.models_dir / f"{name}.keras"), data)
        folder = evaluation.save(evaluation_folder(workspace, data.name, "test", name))
        found.append((evaluation.accuracy, folder))
        low, high = evaluation.metrics["accuracy_interval"]
        yield f"{name}: test accuracy {evaluation.accuracy:.3f} (95 % interval {low:.3f} to {high:.3f})"
    best = max(found, key=lambda entry: entry[0])[1]
    atomic_write(workspace.data_dir / "incorrect" / "df2.csv", (best / "df2.csv").read_bytes())


def _train_backbone(workspace: Workspace, seed: int, per_class: int | None, epochs: int | None) -> Path:
    """Train the slim VGG16 on the other makes, with batch normalisation that is folded away at the end."""
    from carvis.architectures import build_model, fold_batch_norm
    from carvis.training import train

    place = workspace.cache_dir / "demo-backbone"
    data = place / "data" / "other_makes"
    counts = {} if per_class is None else {"train": per_class, "valid": per_class}
    draw_pretraining(data, seed=seed, workers=WORKERS, **counts)
    run = train(
        "own",
        data,
        backbone=f"{BACKBONE}-bn",
        input_size=INPUT_SIZE,
        workspace=Workspace(place),
        seed=seed,
        epochs=epochs or BACKBONE_EPOCHS,
    )
    trained = run.classifier()
    plain = build_model("own", len(trained.class_names), INPUT_SIZE, backbone=BACKBONE)
    path = place / "backbone.weights.h5"
    fold_batch_norm(trained.model, plain).save_weights(path)
    return path


def _made(workspace: Workspace) -> list[Path]:
    """Everything that ``rebuild`` makes and that is shipped."""
    made = [workspace.data_dir / "demo", workspace.data_dir / "incorrect" / "df2.csv"]
    made += [workspace.evaluations_dir / "demo" / "test" / name for name in MODELS]
    made += [workspace.models_dir / f"{name}{suffix}" for name in MODELS for suffix in (".keras", ".json")]
    return made + [workspace.runs_dir / name for name in MODELS]


def _move(paths: list[Path], source: Path, target: Path) -> None:
    for path in paths:
        if path.exists():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, place)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
