"""What a run's loop trains, and on what: the learning part on kept features where that saves work, else the model."""

import time
from collections.abc import Callable

import keras

from carvis.errors import TrainingError
from carvis.language import Message
from carvis.training.checkpoint import STATE
from carvis.training.directory import Recorder
from carvis.training.features import FeatureCache
from carvis.training.image_set import Pictures
from carvis.training.prefix import halve
from carvis.training.run import Run


def feeding(
    model: keras.Model,
    train: Pictures,
    valid: Pictures,
    views: list[int | None],
    config: dict,
    run: Run,
    record: Recorder,
    stop: Callable[[], str | None],
) -> tuple[keras.Model, Callable, Callable]:
    """Return the model to train, its training batches of an epoch, and its validation batches.

    Args:
        views: shown in turn, an epoch each.

    Raises:
        CacheStopped: the person asked to stop while the cache was filled.
    """
    batch, preprocessing, seed = config["batch_size"], config["preprocessing"], config["seed"]
    if found := _cached(model, train, valid, views, config, run, record, stop):
        learning, (train_features, valid_features) = found
        return (
            learning,
            lambda epoch: train_features.batches(batch, epoch=epoch, seed=seed, view=epoch % len(views)),
            lambda: valid_features.batches(batch),
        )
    return (
        model,
        lambda epoch: train.batches(batch, preprocessing, epoch=epoch, seed=seed, view=views[epoch % len(views)]),
        lambda: valid.batches(batch, preprocessing),
    )


def _cached(model, train, valid, views, config, run: Run, record: Recorder, stop):
    # Views that are shown once only would be computed once without a cache too.
    if not config["cache"] or len(views) >= config["epochs"]:
        return None
    going_on = (run.directory / STATE).is_file()
    if going_on and not config.get("kept_features"):
        return None
    halves = halve(model)
    if halves is None:
        return None
    reported = 0.0

    def watch(done: int, total: int) -> bool:
        nonlocal reported
        if time.monotonic() - reported > 1 or done == total:
            reported = time.monotonic()
            record.event("caching", rows=done, total=total)
        return stop() is not None

    cache = FeatureCache(run.workspace.cache_dir / "features", log=record.log, watch=watch)
    rows = len(train) * len(views) + len(valid)
    # A run that goes on must train the same part of the model as before.
    plan = cache.plan(halves, rows, config["kept_features"] if going_on else config["cache_precision"])
    how = {"preprocessing": config["preprocessing"], "seed": config["seed"], "mixed": config["mixed_precision"]}
    filled = plan and cache.fill(halves, plan, [(train, views), (valid, [None])], how)
    if going_on and not filled:
        raise TrainingError(
            Message(
                "The run {run} needs its feature cache to go on, and there is no room for it: free some disk space.",
                run=run.id,
            )
        )
    config["kept_features"] = plan.precision if filled else None
    record.config(config)
    return filled and (halves.learning, filled)
