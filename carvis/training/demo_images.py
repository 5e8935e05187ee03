"""The training images of the demo, made as the first part of a run where they are not drawn yet."""

from collections.abc import Callable
from pathlib import Path

from carvis.dataset import Dataset
from carvis.training.directory import Recorder
from carvis.training.image_set import split_samples
from carvis.training.run import Run
from carvis.training.stop_request import StopRequest

Supply = Callable[[Path, Callable[[int, int], bool]], object]
_IMAGES_AN_EVENT = 10


def await_images(run: Run, config: dict, record: Recorder, stop: StopRequest, supply: Supply | None) -> bool:
    """Have the images made, bring ``config`` up to date, and tell whether they are there: it may have been stopped.

    Raises:
        TrainingError: they are not there and nothing makes them.
    """
    root = run.workspace.root / config["data"]
    if supply is not None:

        def watch(done: int, total: int) -> bool:
            if done % _IMAGES_AN_EVENT == 0 or done == total:
                record.event("drawing", images=done, total=total)
            return stop.reason is not None

        record.log("the training images of the demo are drawn first")
        supply(root, watch)
        if stop.reason and "train" not in Dataset(root).splits:
            return False
    data = Dataset(root)
    split_samples(data, config["seed"])
    config |= {"dataset_fingerprint": data.fingerprint, "awaits_images": False}
    record.config(config)
    return True
