"""``estimate``: how long a training will take and how much disk, measured on a few steps before it starts."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from carvis.architectures import build_model, open_last_block
from carvis.classifier import load_classifier
from carvis.classifier.output_kind import gives_logits
from carvis.classifier.runtime_errors import model_failures
from carvis.dataset import Dataset
from carvis.training.devices import Devices
from carvis.training.features import FeatureCache
from carvis.training.loop import Loop
from carvis.training.mixing import frozen_pass
from carvis.training.pictures import split_samples
from carvis.training.prefix import halve
from carvis.training.preparing import configure
from carvis.workspace import Workspace

_STEPS = 2


@dataclass(frozen=True)
class Estimate:
    """What a training will take if it goes on to its last epoch.

    Attributes:
        seconds: all of it, on this machine as busy as it is now.
        disk_bytes: of the feature cache; 0 where there is none.
        pictures: trained on; ``valid_pictures`` validate.
        cut: the last layer that is computed once only, or None.
    """

    seconds: float
    disk_bytes: int
    pictures: int
    valid_pictures: int
    cut: str | None


def estimate(recipe: str, data: Dataset | str | Path, *, awaited: tuple[int, int] | None = None, **wanted) -> Estimate:
    """Measure two steps of a training on noise, and reckon what the whole of it takes; arguments as ``train``.

    Fine-tuning without a parent also trains its head first, which counts. Reading the pictures does not.

    Args:
        awaited: how many images to train on and to validate on will be there, where they are still to be made.

    Raises:
        TrainingError: something asked for does not exist or does not fit.
    """
    workspace = wanted.get("workspace") or Workspace.open()
    data = data if isinstance(data, Dataset) else Dataset(data)
    config = configure(recipe, data, **wanted)
    devices = Devices(config["devices"])
    with devices.scope():
        model = _model(config, workspace, data)
    train, valid = awaited or tuple(map(len, split_samples(data, config["seed"])[:2]))
    with model_failures(config["parent"]):
        found = _reckon(model, config, train, valid, workspace, devices)
    if recipe == "fine-tune" and config["parent"] is None:
        first = estimate("transfer", data, awaited=awaited, **(wanted | {"open_from": None}))
        seconds, disk = found.seconds + first.seconds, max(found.disk_bytes, first.disk_bytes)
        return Estimate(seconds, disk, found.pictures, found.valid_pictures, found.cut)
    return found


def _model(config: dict, workspace: Workspace, data: Dataset):
    if config["parent"]:
        return open_last_block(load_classifier(workspace.root / config["parent"], data=data).model, config["open_from"])
    names = ("width", "head_units", "dropout", "open_from")
    options = {name: config[name] for name in names}
    size = tuple(config["input_size"])
    return build_model(config["recipe"], len(config["class_names"]), size, None, config["backbone"], **options)


def _reckon(model, config: dict, train: int, valid: int, workspace: Workspace, devices: Devices) -> Estimate:
    epochs, batch, mixed = config["epochs"], config["batch_size"], config["mixed_precision"]
    views = min(config["views"] or epochs, epochs) if config["augment"] else 1
    halves = halve(model) if config["cache"] and views < epochs else None
    plan = None
    if halves:
        cache = FeatureCache(workspace.cache_dir / "features")
        plan = cache.plan(halves, train * views + valid, config["cache_precision"])
    rng = np.random.default_rng(0)
    images = rng.random((batch, *model.inputs[0].shape[1:]), np.float32)
    labels = rng.integers(0, len(config["class_names"]), batch)
    seconds, learning, shown = 0.0, model, images
    if plan:
        frozen, learning = halves.frozen, halves.learning
        compute = frozen_pass(frozen, mixed)
        seconds = _seconds(lambda: compute(images).numpy()) / batch * (train * views + valid)
        shown = compute(images).numpy()
    ends = {"steps": 1, "epochs": 1, "patience": 1, "learning_rate": config["learning_rate"]}
    loop = Loop(learning, iter, iter, **ends, logits=gives_logits(model), mixed=mixed, devices=devices)
    step, check = loop.measure(shown, labels, _STEPS)
    seconds += epochs * (train * step + valid * check) / batch
    return Estimate(seconds, plan.bytes if plan else 0, train, valid, halves.cut if plan else None)


def _seconds(work) -> float:
    work()
    times = []
    for _ in range(_STEPS):
        begun = time.monotonic()
        work()
        times.append(time.monotonic() - begun)
    return min(times)
