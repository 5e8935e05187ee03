"""``prepare``: a run directory whose ``config.json`` says everything that is needed to start the run."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from carvis.architectures.backbones import backbone_name, find_backbone, preprocessing_for
from carvis.classifier.card import read_card
from carvis.classifier.preprocessing import PREPROCESSING
from carvis.dataset import Dataset
from carvis.errors import TrainingError
from carvis.images import RESIZE_METHODS, USUAL
from carvis.language import Message
from carvis.training.directory import now
from carvis.training.image_set import split_samples
from carvis.training.recipes import DEFAULTS, PRECISIONS
from carvis.training.run import CONFIG, STATUS, Run
from carvis.workspace import (
    FolderTakenError,
    Workspace,
    check_length,
    fitting,
    is_demo,
    not_empty,
    os_reason,
    os_remedy,
    resolved,
    staged_folder,
    write_json,
)


def prepare(
    recipe: str,
    data: Dataset | str | Path,
    *,
    workspace: Workspace | None = None,
    run_dir: str | Path | None = None,
    **wanted,
) -> Run:
    """Check what is asked for and write a run directory in state ``queued``; arguments as ``train``.

    Raises:
        TrainingError: something asked for does not exist or does not fit.
        DatasetError: the data set cannot be read.
    """
    workspace = workspace or Workspace.open()
    config = configure(recipe, data, workspace=workspace, **wanted)
    return Run(_new_directory(run_dir, workspace, config), workspace)


def configure(
    recipe: str,
    data: Dataset | str | Path,
    *,
    backbone: str | None = None,
    weights: str | Path | None = "auto",
    input_size: int | tuple[int, int] | None = None,
    epochs: int | None = None,
    batch_size: int = 32,
    learning_rate: float | None = None,
    seed: int = 0,
    parent: str | Path | Run | None = None,
    augment: bool = True,
    views: int | None = None,
    cache: bool = True,
    cache_precision: str = "auto",
    mixed_precision: bool = False,
    devices: Sequence[str] | None = None,
    replay: bool = False,
    patience: int | None = None,
    preprocessing: str | None = None,
    resize: str = "bilinear",
    label_smoothing: float = 0.0,
    width: int = 32,
    head_units: int | None = None,
    dropout: float | None = None,
    open_from: str | None = None,
    name: str | None = None,
    workspace: Workspace | None = None,
) -> dict:
    """Check what is asked for and return the configuration of a run, complete; arguments as ``train``.

    Raises:
        TrainingError: something asked for does not exist or does not fit.
        DatasetError: the data set cannot be read.
    """
    workspace = workspace or Workspace.open()
    data = data if isinstance(data, Dataset) else Dataset(data)
    if recipe not in DEFAULTS:
        raise TrainingError(
            Message("There is no recipe {recipe}: choose one of {choices}.", recipe=recipe, choices=", ".join(DEFAULTS))
        )
    defaults = DEFAULTS[recipe]
    epochs = defaults.epochs if epochs is None else epochs
    patience = defaults.patience if patience is None else patience
    learning_rate = defaults.learning_rate if learning_rate is None else learning_rate
    views = defaults.views if views is None else views
    _check_numbers(epochs, batch_size, learning_rate, patience, seed, label_smoothing, dropout, views)
    if cache_precision not in ("auto", *PRECISIONS):
        raise TrainingError(
            Message(
                "There is no cache precision {cache_precision}: choose auto, {choices}.",
                cache_precision=cache_precision,
                choices=" or ".join(PRECISIONS),
            )
        )
    if preprocessing is not None and preprocessing not in PREPROCESSING:
        raise TrainingError(
            Message(
                "There is no preprocessing {preprocessing}: choose one of {choices}.",
                preprocessing=preprocessing,
                choices=", ".join(PREPROCESSING),
            )
        )
    if resize not in RESIZE_METHODS:
        raise TrainingError(
            Message(
                "There is no resize method {resize}: choose one of {choices}.",
                resize=resize,
                choices=", ".join(RESIZE_METHODS),
            )
        )
    awaits_images = is_demo(data.root) and "train" not in data.splits
    if not awaits_images:
        split_samples(data, seed)
    parent_path = None
    if parent is not None:
        if recipe != "fine-tune":
            raise TrainingError(
                Message("Only fine-tune starts from a parent: leave --parent out for {recipe}.", recipe=recipe)
            )
        parent_path = _parent_model(parent, workspace)
        weights = None
    else:
        if backbone is None and recipe != "own":
            backbone = "vgg16"
        backbone = backbone_name(backbone) if backbone else None
        weights = _weights(weights, recipe, backbone)
        preprocessing = preprocessing or preprocessing_for(recipe, backbone, weights)
        input_size = input_size or (find_backbone(backbone).input_size if backbone else 256)
    return {
        "recipe": recipe,
        "data": workspace.relative(data.root),
        "dataset": data.name,
        "dataset_fingerprint": data.fingerprint,
        "awaits_images": awaits_images,
        "class_names": data.class_names,
        "backbone": backbone,
        "weights": _name_of(weights, workspace),
        "parent": workspace.relative(parent_path) if parent_path else None,
        "input_size": [input_size, input_size] if isinstance(input_size, int) else input_size and list(input_size),
        "preprocessing": preprocessing,
        "resize": resize,
        **vars(USUAL),
        "epochs": epochs,
        "patience": patience,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "label_smoothing": label_smoothing,
        "augment": augment,
        "views": views,
        "cache": cache,
        "cache_precision": cache_precision,
        "mixed_precision": mixed_precision,
        "devices": list(devices) if devices is not None else None,
        "replay": replay,
        "seed": seed,
        "width": width,
        "head_units": head_units,
        "dropout": dropout,
        "open_from": open_from,
        "name": _model_name(name, data.name, recipe, backbone, parent_path),
        "created": now(),
    }


def _check_numbers(epochs, batch_size, learning_rate, patience, seed, label_smoothing, dropout, views) -> None:
    for what, value, good in (
        ("--epochs", epochs, epochs >= 1),
        ("--batch-size", batch_size, batch_size >= 1),
        ("--learning-rate", learning_rate, 0 < learning_rate < 100),
        ("--patience", patience, patience >= 1),
        ("--seed", seed, seed >= 0),
        ("--label-smoothing", label_smoothing, 0 <= label_smoothing < 1),
        ("--dropout", dropout, dropout is None or 0 <= dropout < 1),
        ("--views", views, views >= 0),
    ):
        if not good:
            raise TrainingError(
                Message("{what} {value} makes no sense: see `python -m carvis train --help`.", what=what, value=value)
            )


def _weights(weights, recipe: str, backbone: str | None) -> str | Path | None:
    if weights == "auto":
        return "imagenet" if recipe != "own" and find_backbone(backbone).application else None
    return None if weights == "none" else weights


def _name_of(weights, workspace: Workspace) -> str | None:
    if weights in (None, "imagenet"):
        return weights
    if not Path(weights).is_file():
        raise TrainingError(
            Message(
                "The weights file {weights} does not exist: check the path, or use imagenet or none.", weights=weights
            )
        )
    return workspace.relative(weights)


def _parent_model(parent: str | Path | Run, workspace: Workspace) -> Path:
    """Find the model file that is meant by a run, a run's id or folder, or a model file."""
    if not isinstance(parent, Run):
        not_empty(parent, Message("the parent"))
        for candidate in (Path(parent), workspace.runs_dir / parent):
            if (candidate / CONFIG).is_file():
                parent = Run(candidate, workspace)
                break
    if isinstance(parent, Run):
        if parent.model_path is None or not parent.model_path.is_file():
            raise TrainingError(
                Message(
                    "The run {parent} has left no model to start from (it is {state}).",
                    parent=parent.id,
                    state=parent.state,
                )
            )
        return parent.model_path
    for candidate in (Path(parent), workspace.root / parent, workspace.models_dir / f"{parent}.keras"):
        if candidate.is_file():
            return candidate
    raise TrainingError(Message("{parent} is neither a model file nor a run: name one with --parent.", parent=parent))


def _model_name(name, dataset: str, recipe: str, backbone: str | None, parent: Path | None) -> str:
    if name is None:
        card = read_card(parent) if parent else None
        backbone = backbone or (card.backbone if card else None)
        name = fitting("_".join(part for part in (dataset, recipe, backbone) if part))
    name = name.removesuffix(".keras")
    # Letters of any script are fine; what a file system or a URL takes for something else is not.
    plain = re.sub(r"[^\w.\- ]+", "_", name).strip(" .")
    if not plain:
        raise TrainingError(Message("{name!r} is no name for a model: use letters and digits.", name=name))
    # Now, and not when it is trained.
    return check_length(plain, Message("the model"))


def _new_directory(run_dir, workspace: Workspace, config: dict) -> Path:
    """Make the run's directory, which appears with both of its files."""
    status = {"state": "queued", "reason": None, "epoch": 0, "epochs": config["epochs"]}

    def make(directory: Path) -> Path:
        with staged_folder(directory) as made:
            write_json(made / STATUS, status)
            write_json(made / CONFIG, config)
        return directory

    if run_dir is not None:
        try:
            return make(resolved(not_empty(run_dir, Message("the run's folder"))))
        except FolderTakenError:
            raise TrainingError(
                Message("{run_dir} is not empty: name a new folder for this run.", run_dir=run_dir)
            ) from None
    try:
        workspace.runs_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(
            Message(
                "No run can be written below {runs_dir} ({reason}): {remedy}.",
                runs_dir=workspace.runs_dir,
                reason=os_reason(error),
                remedy=os_remedy(error),
            )
        ) from error
    begun = datetime.now().strftime("%Y%m%d-%H%M%S")
    stem = "-".join(part for part in (begun, config["recipe"], config["backbone"]) if part)
    number = 1
    while True:
        try:
            return make(workspace.runs_dir / (stem if number == 1 else f"{stem}-{number}"))
        except FolderTakenError:
            number += 1
