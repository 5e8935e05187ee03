"""Several devices share each batch and come to the same history as one."""

import subprocess
import sys

import pytest

from carvis import Run, Workspace, train
from carvis.errors import TrainingError

# 72 images in batches of 16: the last holds 8. In batches of 17 no share comes out even, and the last batch holds 4.
# The frozen part of transfer comes from the cache.
CASES = [("own", 16), ("transfer", 16), ("transfer", 17)]
OPTIONS = {
    "backbone": "vgg16-slim", "input_size": 32, "head_units": 8, "epochs": 3, "weights": None, "augment": False,
    "patience": 99,
}  # fmt: skip
# Devices can be split only before TensorFlow starts: in one other process for all cases.
SCRIPT = f"""
import sys
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from carvis import Workspace, train

data, workspace = sys.argv[1:]
for recipe, batch_size in {CASES}:
    run = train(
        recipe, data, batch_size=batch_size, workspace=Workspace(workspace), devices=["CPU:0", "CPU:1"], **{OPTIONS}
    )
    print(run.directory)
"""


@pytest.fixture(scope="module")
def on_two(colours, tmp_path_factory) -> dict[tuple[str, int], Run]:
    """The runs on two devices."""
    workspace = Workspace(tmp_path_factory.mktemp("two devices"))
    command = [sys.executable, "-c", SCRIPT, str(colours.root), str(workspace.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=550)
    assert done.returncode == 0, done.stderr[-3000:]
    return {case: Run(line, workspace) for case, line in zip(CASES, done.stdout.splitlines()[-3:], strict=True)}


@pytest.mark.parametrize(("recipe", "batch_size"), CASES)
def test_two_devices_learn_what_one_does(colours, workspace, on_two, recipe, batch_size):
    single = train(recipe, colours, batch_size=batch_size, workspace=workspace, **OPTIONS)
    two = on_two[recipe, batch_size]
    columns = ["loss", "accuracy", "val_loss", "val_accuracy"]
    difference = (single.history[columns] - two.history[columns]).abs().to_numpy().max()
    assert difference < 1e-4
    assert "shared by CPU:0, CPU:1" in two.log(50)
    assert two.model_path.is_file()


def test_a_device_that_is_not_here(colours, workspace, small):
    with pytest.raises(TrainingError, match=r"no device GPU:7 here: choose among .*CPU:0"):
        train("own", colours, epochs=1, workspace=workspace, devices=["GPU:7"], **small)
