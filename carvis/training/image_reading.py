"""Reading a run's pictures before it begins."""

import os
import time

from carvis.dataset import Dataset
from carvis.images import Reading
from carvis.training.directory import Recorder
from carvis.training.image_set import Pictures
from carvis.training.stop_request import StopRequest


def read_pictures(
    data: Dataset, train_samples, valid_samples, config: dict, model, record: Recorder, stop: StopRequest
) -> list[Pictures]:
    """Read training and validation pictures, tell how far it is, and log what cannot be read."""
    found, done_before, reported = [], 0, 0.0
    total = len(train_samples) + len(valid_samples)
    for split, samples in (("train", train_samples), ("valid", valid_samples)):

        def watch(done: int, before: int = done_before) -> bool:
            nonlocal reported
            if time.monotonic() - reported > 1:
                reported = time.monotonic()
                record.event("reading", pictures=before + done, total=total)
            return stop.reason is not None

        pictures = Pictures(
            samples,
            config["class_names"],
            tuple(config["input_size"]),
            resize=config["resize"],
            reading=Reading(config["alpha"], config["orientation"]),
            channels=int(model.inputs[0].shape[-1]),
            watch=watch,
        )
        broken = pictures.broken.reasons
        done_before += len(samples)
        record.event("reading", pictures=done_before, total=total)
        if broken:
            record.warn(
                f"{split}: {len(broken)} of {len(samples)} pictures cannot be read and are left out (see log.txt)"
            )
        for reason in broken.values():
            record.log(f"left out: {reason.replace(str(data.root) + os.sep, '')}")
        place = "kept in memory" if pictures.cached else "read again each epoch: too many for the memory set aside"
        record.log(f"{split}: {len(pictures)} pictures, {place}")
        found.append(pictures)
    return found
