"""Several devices share each batch and come to the same history as one."""

import subprocess
import sys

import pytest

from carvis import Run, train
from carvis.errors import TrainingError

# Devices can be split only before TensorFlow starts, so this runs in a process of its own.
SCRIPT = """
import sys
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from carvis import Workspace, train

data, workspace, backbone, recipe, devices, epochs, batch_size = sys.argv[1:]
run = train(
    recipe, data, backbone=backbone, input_size=32, head_units=8, epochs=int(epochs), batch_size=int(batch_size),
    weights=None, augment=False, workspace=Workspace(workspace), devices=devices.split(","), patience=99,
)
print(run.directory)
"""


def on_two(colours, workspace, backbone, recipe, batch_size):
    command = [
        sys.executable,
        "-c",
        SCRIPT,
        str(colours.root),
        str(workspace.root),
        backbone,
        recipe,
        "CPU:0,CPU:1",
        "3",
        str(batch_size),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return Run(done.stdout.split()[-1], workspace)


def on_one(colours, workspace, backbone, recipe, batch_size):
    return train(
        recipe, colours, backbone=backbone, input_size=32, head_units=8, epochs=3, batch_size=batch_size, weights=None,
        augment=False, workspace=workspace, patience=99,
    )  # fmt: skip


# 72 images in batches of 16: the last holds 8. In batches of 17 no share comes out even, and the last batch holds 4.
# The frozen part of transfer comes from the cache.
@pytest.mark.parametrize(("recipe", "batch_size"), [("own", 16), ("transfer", 16), ("transfer", 17)])
def test_two_devices_learn_what_one_does(colours, workspace, recipe, batch_size):
    single, two = (run(colours, workspace, "vgg16-slim", recipe, batch_size) for run in (on_one, on_two))
    columns = ["loss", "accuracy", "val_loss", "val_accuracy"]
    difference = (single.history[columns] - two.history[columns]).abs().to_numpy().max()
    assert difference < 1e-4
    assert "shared by CPU:0, CPU:1" in two.log(50)
    assert two.model_path.is_file()


def test_a_device_that_is_not_here(colours, workspace, small):
    with pytest.raises(TrainingError, match=r"no device GPU:7 here: choose among .*CPU:0"):
        train("own", colours, epochs=1, workspace=workspace, devices=["GPU:7"], **small)
