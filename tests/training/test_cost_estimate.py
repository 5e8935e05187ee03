"""How long a training will take is measured before it starts, and nothing is written by it."""

import time

import pytest

from carvis.errors import TrainingError
from carvis.training import estimate, train
from carvis.training.image_set import split_samples


def test_the_estimate_is_of_the_size_of_what_it_takes(colours, workspace):
    options = {"backbone": "vgg16-slim", "input_size": 64, "head_units": 64, "epochs": 30, "views": 2, "patience": 30}
    estimated = estimate("transfer", colours, workspace=workspace, **options)
    assert not workspace.runs() and not workspace.models_dir.exists()
    train_samples, valid_samples, _ = split_samples(colours, 0)
    assert (estimated.images, estimated.valid_images) == (len(train_samples), len(valid_samples))
    assert estimated.cut == "global_average_pooling2d"
    # Two views of 72 images and 24 to validate, 64 numbers of 4 bytes each.
    assert estimated.disk_bytes == (2 * 72 + 24) * 64 * 4
    start = time.monotonic()
    train("transfer", colours, workspace=workspace, **options)
    # Reading, building and tracing come on top of a run as short as this one; others may use the machine meanwhile.
    assert 0 < estimated.seconds < 5 * (time.monotonic() - start)


def test_more_epochs_take_longer_and_what_does_not_fit_is_said(colours, workspace, small):
    short, long = (estimate("own", colours, workspace=workspace, epochs=n, **small) for n in (2, 200))
    assert long.seconds > 10 * short.seconds and short.disk_bytes == 0 and short.cut is None
    with pytest.raises(TrainingError, match="no recipe magic"):
        estimate("magic", colours, workspace=workspace)
