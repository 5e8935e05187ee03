"""``estimate``: how long a training will take and how much disk, measured on a few steps before it starts."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

import keras
import numpy as np

from carvis.architectures import build_model, open_last_block
from carvis.classifier import load_classifier
from carvis.classifier.output_kind import gives_logits
from carvis.classifier.runtime_errors import model_failures
from carvis.dataset import Dataset
from carvis.training.config import Options, RunConfig
from carvis.training.devices import Devices
from carvis.training.features import FeatureCache
from carvis.training.fit import compiled
from carvis.training.image_set import split_samples
from carvis.training.initial_model import with_gradients
from carvis.training.precision import MixedPrecision, frozen_pass
from carvis.training.prefix import halve
from carvis.training.preparation import configure
from carvis.training.recipes import DEFAULTS, RecipeName
from carvis.workspace import Workspace

_STEPS = 2


@dataclass(frozen=True)
class Estimate:
    """What a training will take if it goes on to its last epoch.

    Attributes:
        seconds: all of it, on this machine as busy as it is now.
        disk_bytes: of the feature cache; 0 where there is none.
        images: trained on; ``valid_images`` validate.
        cut: the last layer that is computed once only, or None.
    """

    seconds: float
    disk_bytes: int
    images: int
    valid_images: int
    cut: str | None


def estimate(
    recipe: RecipeName,
    data: Dataset | str | Path,
    *,
    awaited: tuple[int, int] | None = None,
    workspace: Workspace | None = None,
    **options: Unpack[Options],
) -> Estimate:
    """Measure two steps of a training on noise, and estimate what the whole of it takes; arguments as ``train``.

    Fine-tuning without a parent also trains its head first, which counts. Reading the images does not.

    Args:
        awaited: how many images to train on and to validate on will be there, where they are still to be made.

    Raises:
        TrainingError: an option does not exist or does not fit.
    """
    workspace = workspace or Workspace.open()
    data = data if isinstance(data, Dataset) else Dataset(data)
    config = configure(recipe, data, workspace=workspace, **options)
    devices = Devices(config.devices)
    with devices.scope():
        model = _model(config, workspace, data)
    train, valid = awaited or (len(samples) for samples in split_samples(data, config.seed)[:2])
    with model_failures(config.parent):
        result = _measure(model, config, train, valid, workspace, devices)
    if config.needs_parent and (first := DEFAULTS[recipe].parent):
        options |= {"open_from": None}
        parent = estimate(first, data, awaited=awaited, workspace=workspace, **options)
        return replace(
            result, seconds=result.seconds + parent.seconds, disk_bytes=max(result.disk_bytes, parent.disk_bytes)
        )
    return result


def _model(config: RunConfig, workspace: Workspace, data: Dataset) -> keras.Model:
    if config.parent:
        parent = load_classifier(workspace.root / config.parent, data=data).model
        return with_gradients(open_last_block(parent, config.open_from))
    return build_model(
        config.recipe,
        len(config.class_names),
        config.size,
        None,
        config.backbone,
        width=config.width,
        head_units=config.head_units,
        dropout=config.dropout,
        open_from=config.open_from,
    )


def _measure(
    model: keras.Model, config: RunConfig, train: int, valid: int, workspace: Workspace, devices: Devices
) -> Estimate:
    views = len(config.shown_views)
    halves = halve(model) if config.cache and views < config.epochs else None
    plan = None
    if halves:
        cache = FeatureCache(workspace.cache_dir / "features")
        plan = cache.plan(halves, train * views + valid, config.cache_precision)
    rng = np.random.default_rng(0)
    # The devices share each batch.
    rows = -(-config.batch_size // len(devices))
    inputs = rng.random((rows, *model.inputs[0].shape[1:]), np.float32)
    labels = np.eye(len(config.class_names), dtype=np.float32)[rng.integers(0, len(config.class_names), rows)]
    seconds, learning = 0.0, model
    if halves and plan:
        compute, learning = frozen_pass(halves.frozen, config.mixed_precision), halves.learning
        seconds = _seconds(lambda: compute(inputs).numpy()) / rows * (train * views + valid)
        inputs = compute(inputs).numpy()
    trained = compiled(
        learning,
        config.learning_rate,
        from_logits=gives_logits(model),
        label_smoothing=config.label_smoothing,
        jit_compile=config.jit_compile,
        devices=devices,
    )
    with MixedPrecision(learning, config.mixed_precision):
        step = _seconds(lambda: trained.train_on_batch(inputs, labels))
        validation = _seconds(lambda: trained.predict_on_batch(inputs))
    seconds += config.epochs * (train * step + valid * validation) / config.batch_size
    return Estimate(seconds, plan.bytes if plan else 0, train, valid, halves.cut if halves and plan else None)


def _seconds(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(_STEPS):
        start = time.monotonic()
        work()
        times.append(time.monotonic() - start)
    return min(times)
