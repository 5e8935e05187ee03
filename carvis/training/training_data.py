"""What a run trains and validates on: its images, or what the frozen layers make of them."""

import os
import time
from collections.abc import Callable
from dataclasses import replace

import keras
import pandas as pd

from carvis.dataset import Dataset
from carvis.errors import TrainingError
from carvis.language import Message
from carvis.training.batches import ImageInputs, Inputs
from carvis.training.checkpoint import STATE
from carvis.training.config import RunConfig
from carvis.training.directory import Recorder
from carvis.training.features import FeatureCache, Features
from carvis.training.image_set import ImageSet
from carvis.training.prefix import Halves, halve
from carvis.training.run import Run

_REPORT_SECONDS = 1.0
StopRequested = Callable[[], str | None]


def read_images(
    data: Dataset,
    train_samples: pd.DataFrame,
    valid_samples: pd.DataFrame,
    config: RunConfig,
    channels: int,
    record: Recorder,
    stop_requested: StopRequested,
) -> tuple[ImageSet, ImageSet]:
    """Read training and validation images, report the progress, and log what cannot be read."""
    total, before, reported = len(train_samples) + len(valid_samples), 0, 0.0

    def progress(done: int, _: int) -> bool:
        nonlocal reported
        if time.monotonic() - reported > _REPORT_SECONDS:
            reported = time.monotonic()
            record.event("reading", pictures=before + done, total=total)
        return stop_requested() is not None

    sets = []
    for split, samples in (("train", train_samples), ("valid", valid_samples)):
        images = ImageSet(
            samples,
            config.class_names,
            config.size,
            resize=config.resize,
            reading=config.reading,
            channels=channels,
            progress=progress,
        )
        reasons = images.unreadable.reasons
        before += len(samples)
        record.event("reading", pictures=before, total=total)
        if reasons:
            record.warn(
                f"{split}: {len(reasons)} of {len(samples)} images cannot be read and are ignored (see log.txt)"
            )
        for reason in reasons.values():
            record.log(f"ignored: {reason.replace(str(data.root) + os.sep, '')}")
        place = "kept in memory" if images.in_memory else "read again each epoch: too many for the memory set aside"
        record.log(f"{split}: {len(images)} images, {place}")
        sets.append(images)
    return sets[0], sets[1]


def training_inputs(
    model: keras.Model,
    train: ImageSet,
    valid: ImageSet,
    config: RunConfig,
    run: Run,
    record: Recorder,
    stop_requested: StopRequested,
) -> tuple[keras.Model, Inputs, Inputs, RunConfig]:
    """Return the part of the model to train, its training and validation inputs, and the configuration then.

    Where it saves work that is the part behind the frozen layers, on their cached output.

    Raises:
        CacheStopped: a stop was requested while the cache was filled.
    """
    halves = _worth_caching(model, config, resumed=(run.directory / STATE).is_file())
    if halves:
        features, config = _features(halves, train, valid, config, run, record, stop_requested)
        if features:
            return halves.learning, *features, config
    return (
        model,
        ImageInputs(train, config.scaling, config.shown_views, config.seed),
        ImageInputs(valid, config.scaling, [None], config.seed),
        config,
    )


def resumed_part(model: keras.Model, config: RunConfig) -> keras.Model:
    """Return the part of the model that a run which resumes trains, as ``training_inputs`` does with its images."""
    halves = _worth_caching(model, config, resumed=True)
    return halves.learning if halves else model


def _worth_caching(model: keras.Model, config: RunConfig, resumed: bool) -> Halves | None:
    # Views that are shown once only would be computed once without a cache too.
    if not config.cache or len(config.shown_views) >= config.epochs:
        return None
    # A run that resumes must train the same part of the model as before.
    return None if resumed and not config.kept_features else halve(model)


def _features(
    halves: Halves,
    train: ImageSet,
    valid: ImageSet,
    config: RunConfig,
    run: Run,
    record: Recorder,
    stop_requested: StopRequested,
) -> tuple[tuple[Features, Features] | None, RunConfig]:
    reported, resumed = 0.0, (run.directory / STATE).is_file()

    def progress(done: int, total: int) -> bool:
        nonlocal reported
        if time.monotonic() - reported > _REPORT_SECONDS or done == total:
            reported = time.monotonic()
            record.event("caching", rows=done, total=total)
        return stop_requested() is not None

    cache = FeatureCache(run.workspace.cache_dir / "features", log=record.log, progress=progress)
    views = config.shown_views
    precision = config.kept_features if resumed and config.kept_features else config.cache_precision
    plan = cache.plan(halves, len(train) * len(views) + len(valid), precision)
    filled = cache.fill(halves, plan, [(train, views), (valid, [None])], config) if plan else None
    if resumed and not filled:
        raise TrainingError(
            Message(
                "The run {run} needs its feature cache to resume, and there is no room for it: free some disk space.",
                run=run.id,
            )
        )
    config = replace(config, kept_features=plan.precision if plan and filled else None)
    record.config(config)
    return (filled[0], filled[1]) if filled else None, config
