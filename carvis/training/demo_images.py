"""The training images of the demo, made as the first part of a run where they are not drawn yet."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from carvis.dataset import Dataset
from carvis.progress import Progress
from carvis.training.config import RunConfig
from carvis.training.directory import Recorder
from carvis.training.image_set import split_samples
from carvis.training.run import Run
from carvis.training.stop_request import StopRequest

Supply = Callable[[Path, Progress], object]
_IMAGES_AN_EVENT = 10


def await_images(
    run: Run, config: RunConfig, record: Recorder, stop: StopRequest, supply: Supply | None
) -> RunConfig | None:
    """Have the images made and return the configuration then; None where it was stopped meanwhile.

    Raises:
        TrainingError: they are not there and nothing makes them.
    """
    root = run.workspace.root / config.data
    if supply is not None:

        def progress(done: float, total: float) -> bool:
            if done % _IMAGES_AN_EVENT == 0 or done == total:
                record.event("drawing", images=done, total=total)
            return stop.reason is not None

        record.log("the training images of the demo are drawn first")
        supply(root, progress)
        if stop.reason and "train" not in Dataset(root).splits:
            return None
    data = Dataset(root)
    split_samples(data, config.seed)
    config = replace(config, dataset_fingerprint=data.fingerprint, awaits_images=False)
    record.config(config)
    return config
