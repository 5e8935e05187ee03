"""Making all of the demo again: images, models, runs, evaluations, embeddings, thumbnails, ``df2.csv``."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carvis.dataset import Dataset
from carvis.demo.dataset import draw_pretraining
from carvis.demo.defaults import BACKBONE, FINE_TUNE_RATE, INPUT_SIZE, OWN_WIDTH
from carvis.demo.restoration import WORKERS, draw_missing
from carvis.demo.shipped import write_embeddings, write_thumbnails
from carvis.errors import CarvisError
from carvis.language import Message
from carvis.workspace import SPLITS, Workspace, atomic_write, discard, lock, write_errors
from carvis.workspace.layout import DEMO_BEFORE

if TYPE_CHECKING:
    from carvis.training import Run
    from carvis.training.recipes import RecipeName

MODELS = ("demo_own", "demo_transfer", "demo_fine-tune")
BACKBONE_EPOCHS = 30
# Beside the saved demo: marks that it is complete.
_MOVED = "moved"


def rebuild(
    workspace: Workspace, seed: int = 0, *, per_class: int | None = None, epochs: int | None = None
) -> Iterator[str]:
    """Draw and train the whole demo again, telling of each step; what was there comes back if any of it fails.

    Where the process is killed it comes back with the next start, by ``restore_demo``.

    The backbone is trained from scratch on the other makes; the transfer model keeps it frozen, the fine-tuned one
    opens its last block.

    Args:
        workspace: gets ``data/demo``, the three models, their runs and evaluations, and ``data/incorrect/df2.csv``.
        seed: another number draws other cars.
        per_class: images a class in every split; None for the demo's own numbers.
        epochs: of every training; None for the recipes' own.
    """
    before = workspace.cache_dir / DEMO_BEFORE
    with write_errors(workspace.root), _alone(workspace):
        _restore(workspace)
        _move(_shipped(workspace), workspace.root, before)
        atomic_write(before / _MOVED, "")
        try:
            yield from _build(workspace, seed, per_class, epochs)
        except BaseException:
            _restore(workspace)
            raise
        discard(before)


def restore_demo(workspace: Workspace) -> bool:
    """Bring back the demo that a ``rebuild`` was replacing when it was killed, and tell whether there was one.

    Raises:
        CarvisError: the workspace cannot be written.
    """
    if not (workspace.cache_dir / DEMO_BEFORE).is_dir():
        return False
    with write_errors(workspace.root), _alone(workspace):
        return _restore(workspace)


def _restore(workspace: Workspace) -> bool:
    before, expected = workspace.cache_dir / DEMO_BEFORE, _shipped(workspace)
    if not before.is_dir():
        return False
    # Without this mark nothing new was made yet, or it is removed already.
    if (before / _MOVED).exists():
        for path in expected:
            _remove(path)
        (before / _MOVED).unlink()
    _move([before / path.relative_to(workspace.root) for path in expected], before, workspace.root)
    discard(before)
    return True


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    from filelock import Timeout

    guard = lock(workspace.cache_dir / f".{DEMO_BEFORE}.lock")
    try:
        guard.acquire(timeout=0)
    except Timeout:
        raise CarvisError(
            Message("The demo of {workspace} is being made again already: wait for it.", workspace=workspace.root)
        ) from None
    try:
        yield
    finally:
        guard.release()


def _build(workspace: Workspace, seed: int, per_class: int | None, epochs: int | None) -> Iterator[str]:
    from carvis.classifier import load_classifier
    from carvis.evaluation import evaluate, evaluation_folder
    from carvis.training import train

    def run(recipe: "RecipeName", name: str, **options: Any) -> "Run":
        options |= {"workspace": workspace, "run_dir": workspace.runs_dir / name, "name": name}
        return train(recipe, data, seed=seed, epochs=epochs, **options)

    root = workspace.data_dir / "demo"
    yield "drawing train, valid and test"
    draw_missing(root, seed=seed, per_class=per_class)
    data = Dataset(root)
    yield "drawing the other makes and training the backbone on them"
    backbone = _train_backbone(workspace, seed, per_class, epochs)
    yield "training the own model"
    run("own", "demo_own", width=OWN_WIDTH, input_size=INPUT_SIZE)
    yield "training the transfer model"
    transfer = run("transfer", "demo_transfer", backbone=BACKBONE, weights=backbone, input_size=INPUT_SIZE)
    yield "fine-tuning it"
    run("fine-tune", "demo_fine-tune", parent=transfer.model_path, learning_rate=FINE_TUNE_RATE)
    accuracies: dict[str, float] = {}
    for name in MODELS:
        clf = load_classifier(workspace.models_dir / f"{name}.keras")
        # Validation images calibrate confidence and novelty; of training images label issues are known.
        for split in SPLITS:
            evaluation = evaluate(clf, data, split, cache=workspace.cache_dir / "health", workspace=workspace)
            evaluation.save(evaluation_folder(workspace, data.name, split, name))
            low, high = evaluation.metrics["accuracy_interval"]
            yield f"{name}: {split} accuracy {evaluation.accuracy:.3f} (95 % interval {low:.3f} to {high:.3f})"
            if split == "test":
                accuracies[name] = evaluation.accuracy
    best = evaluation_folder(workspace, data.name, "test", max(accuracies, key=accuracies.__getitem__))
    atomic_write(workspace.data_dir / "incorrect" / "df2.csv", (best / "df2.csv").read_bytes())
    yield from write_embeddings(workspace, MODELS)
    write_thumbnails(root)


def _train_backbone(workspace: Workspace, seed: int, per_class: int | None, epochs: int | None) -> Path:
    """Train the slim VGG16 on the other makes, with batch normalisation that is folded away at the end."""
    from carvis.architectures import build_model, fold_batch_norm
    from carvis.training import train

    place = workspace.cache_dir / "demo-backbone"
    data = place / "data" / "other_makes"
    draw_pretraining(data, train=per_class or 70, valid=per_class or 8, seed=seed, workers=WORKERS)
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


def _shipped(workspace: Workspace) -> list[Path]:
    """Everything that ``rebuild`` makes and that is shipped."""
    paths = [workspace.data_dir / "demo", workspace.data_dir / "incorrect" / "df2.csv"]
    paths += [workspace.evaluations_dir / "demo" / split / name for split in SPLITS for name in MODELS]
    paths += [workspace.models_dir / f"{name}{suffix}" for name in MODELS for suffix in (".keras", ".json")]
    return paths + [workspace.runs_dir / name for name in MODELS]


def _move(paths: list[Path], source: Path, target: Path) -> None:
    for path in paths:
        if path.exists():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, place)


def _remove(path: Path) -> None:
    if path.is_dir():
        discard(path)
    else:
        path.unlink(missing_ok=True)
