"""``prepare``: a run directory whose ``config.json`` holds everything that is needed to start the run."""

import re
from datetime import datetime
from pathlib import Path
from typing import TypeVar, Unpack

from carvis.architectures.backbones import backbone_name, find_backbone, preprocessing_for
from carvis.classifier.card import read_card
from carvis.classifier.vocabulary import check_input_names
from carvis.dataset import Dataset
from carvis.errors import TrainingError
from carvis.language import Message
from carvis.training.config import Options, RunConfig
from carvis.training.directory import now
from carvis.training.image_set import split_samples
from carvis.training.recipes import CACHE_PRECISIONS, DEFAULTS, FEATURE_PRECISIONS, RecipeName
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

T = TypeVar("T")


def prepare(
    recipe: RecipeName,
    data: Dataset | str | Path,
    *,
    workspace: Workspace | None = None,
    run_dir: str | Path | None = None,
    **options: Unpack[Options],
) -> Run:
    """Check the options and write a run directory in state ``queued``; arguments as ``train``.

    Raises:
        TrainingError: an option does not exist or does not fit.
        DatasetError: the data set cannot be read.
    """
    workspace = workspace or Workspace.open()
    config = configure(recipe, data, workspace=workspace, **options)
    return Run(_new_directory(run_dir, workspace, config), workspace)


def configure(
    recipe: RecipeName,
    data: Dataset | str | Path,
    *,
    workspace: Workspace | None = None,
    **options: Unpack[Options],
) -> RunConfig:
    """Check the options and return the complete configuration of a run; arguments as ``train``.

    Raises:
        TrainingError: an option does not exist or does not fit.
        DatasetError: the data set cannot be read.
    """
    # A misspelt option must not train with its default.
    if unknown := sorted(options.keys() - Options.__annotations__.keys()):
        raise TypeError(f"train() got an unexpected keyword argument {unknown[0]!r}")
    workspace = workspace or Workspace.open()
    data = data if isinstance(data, Dataset) else Dataset(data)
    if recipe not in DEFAULTS:
        raise TrainingError(
            Message("There is no recipe {recipe}: choose one of {choices}.", recipe=recipe, choices=", ".join(DEFAULTS))
        )
    parent, backbone = options.get("parent"), options.get("backbone")
    weights, preprocessing = options.get("weights", "auto"), options.get("preprocessing")
    input_size = options.get("input_size")
    parent_path = None
    if parent is not None:
        if DEFAULTS[recipe].parent is None:
            raise TrainingError(
                Message("Only fine-tune starts from a parent: leave --parent out for {recipe}.", recipe=recipe)
            )
        parent_path = _parent_model(parent, workspace)
        weights = None
    else:
        if backbone is None:
            backbone = DEFAULTS[recipe].backbone
        backbone = backbone_name(backbone) if backbone else None
        weights = _weights(weights, recipe, backbone)
        preprocessing = preprocessing or preprocessing_for(recipe, backbone, weights)
        input_size = input_size or (find_backbone(backbone).input_size if backbone else 256)
    defaults, devices = DEFAULTS[recipe], options.get("devices")
    config = RunConfig(
        recipe=recipe,
        data=workspace.relative(data.root),
        dataset=data.name,
        dataset_fingerprint=data.fingerprint,
        awaits_images=is_demo(data.root) and "train" not in data.splits,
        class_names=tuple(data.class_names),
        backbone=backbone,
        weights=_name_of(weights, workspace),
        parent=workspace.relative(parent_path) if parent_path else None,
        input_size=(input_size, input_size) if isinstance(input_size, int) else input_size,
        preprocessing=preprocessing,
        resize=options.get("resize", "bilinear"),
        epochs=_value_or(options.get("epochs"), defaults.epochs),
        patience=_value_or(options.get("patience"), defaults.patience),
        batch_size=options.get("batch_size", 32),
        learning_rate=_value_or(options.get("learning_rate"), defaults.learning_rate),
        label_smoothing=options.get("label_smoothing", 0.0),
        augment=options.get("augment", True),
        views=_value_or(options.get("views"), defaults.views),
        cache=options.get("cache", True),
        cache_precision=options.get("cache_precision", "auto"),
        mixed_precision=options.get("mixed_precision", False),
        jit_compile=options.get("jit_compile", False),
        devices=tuple(devices) if devices is not None else None,
        replay=options.get("replay", False),
        seed=options.get("seed", 0),
        width=options.get("width", 32),
        head_units=options.get("head_units"),
        dropout=options.get("dropout"),
        open_from=options.get("open_from"),
        name=_model_name(options.get("name"), data.name, recipe, backbone, parent_path),
        created=now(),
    )
    _check(config)
    if not config.awaits_images:
        split_samples(data, config.seed)
    return config


def _value_or(value: T | None, default: T) -> T:
    return default if value is None else value


def _check(config: RunConfig) -> None:
    _check_numbers(config)
    if config.cache_precision not in CACHE_PRECISIONS:
        raise TrainingError(
            Message(
                "There is no cache precision {cache_precision}: choose auto, {choices}.",
                cache_precision=config.cache_precision,
                choices=" or ".join(FEATURE_PRECISIONS),
            )
        )
    check_input_names(config.preprocessing, config.resize, TrainingError)


def _check_numbers(config: RunConfig) -> None:
    for option, value, is_valid in (
        ("--epochs", config.epochs, config.epochs >= 1),
        ("--batch-size", config.batch_size, config.batch_size >= 1),
        ("--learning-rate", config.learning_rate, 0 < config.learning_rate < 100),
        ("--patience", config.patience, config.patience >= 1),
        ("--seed", config.seed, config.seed >= 0),
        ("--label-smoothing", config.label_smoothing, 0 <= config.label_smoothing < 1),
        ("--dropout", config.dropout, config.dropout is None or 0 <= config.dropout < 1),
        ("--views", config.views, config.views is None or config.views >= 0),
    ):
        if not is_valid:
            raise TrainingError(
                Message("{what} {value} is invalid: see `python -m carvis train --help`.", what=option, value=value)
            )


def _weights(weights: str | Path | None, recipe: RecipeName, backbone: str | None) -> str | Path | None:
    if weights == "auto":
        if backbone is None or DEFAULTS[recipe].backbone is None:
            return None
        return "imagenet" if find_backbone(backbone).application else None
    return None if weights == "none" else weights


def _name_of(weights: str | Path | None, workspace: Workspace) -> str | None:
    if weights is None or weights == "imagenet":
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
                    "The run {parent} has no model to start from (it is {state}).",
                    parent=parent.id,
                    state=parent.state,
                )
            )
        return parent.model_path
    for candidate in (Path(parent), workspace.root / parent, workspace.models_dir / f"{parent}.keras"):
        if candidate.is_file():
            return candidate
    raise TrainingError(Message("{parent} is neither a model file nor a run: name one with --parent.", parent=parent))


def _model_name(name: str | None, dataset: str, recipe: RecipeName, backbone: str | None, parent: Path | None) -> str:
    if name is None:
        card = read_card(parent) if parent else None
        backbone = backbone or (card.backbone if card else None)
        name = fitting("_".join(part for part in (dataset, recipe, backbone) if part))
    name = name.removesuffix(".keras")
    # Letters of any script are fine; what a file system or a URL takes for something else is not.
    plain = re.sub(r"[^\w.\- ]+", "_", name).strip(" .")
    if not plain:
        raise TrainingError(Message("{name!r} is not a valid model name: use letters and digits.", name=name))
    # Now, and not when it is trained.
    return check_length(plain, Message("the model"))


def _new_directory(run_dir: str | Path | None, workspace: Workspace, config: RunConfig) -> Path:
    """Make the run's directory, which appears with both of its files."""
    status = {"state": "queued", "reason": None, "epoch": 0, "epochs": config.epochs}

    def make(directory: Path) -> Path:
        with staged_folder(directory) as staged:
            write_json(staged / STATUS, status)
            write_json(staged / CONFIG, config.to_json())
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
    created = datetime.now().strftime("%Y%m%d-%H%M%S")
    stem = "-".join(part for part in (created, config.recipe, config.backbone) if part)
    number = 1
    while True:
        try:
            return make(workspace.runs_dir / (stem if number == 1 else f"{stem}-{number}"))
        except FolderTakenError:
            number += 1
