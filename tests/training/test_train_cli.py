"""``python -m carvis train`` as a person runs it: in a process of its own."""

import os
import signal
import subprocess
import sys
import time

import pytest

from carvis import Workspace
from carvis.training import Run


def command(*arguments) -> list[str]:
    return [sys.executable, "-m", "carvis", "train", *map(str, arguments)]


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_ends_cleanly_with_what_was_learnt(colours, tmp_path):
    small = ("--input-size", 32, "--width", 4, "--epochs", 5000, "--patience", 5000, "--workspace", tmp_path)
    process = subprocess.Popen(
        command("own", colours.root, *small), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        for line in process.stdout:
            if line.startswith("epoch 1/"):
                break
        run = Run(Workspace(tmp_path).runs()[0])
        assert run.state == "running"
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "Stopped after" in out and "Ctrl-C" in out and "models/colours_own.keras" in out
    assert run.state == "stopped" and run.model_path.is_file()


def test_without_a_network_imagenet_weights_are_said_to_need_one(colours, tmp_path):
    # A proxy on a closed port is a network that is down, whatever the machine has.
    offline = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "no_proxy": "", "NO_PROXY": ""}
    done = subprocess.run(
        command("transfer", colours.root, "--backbone", "mobilenet_v2", "--input-size", 96, "--workspace", tmp_path),
        env=os.environ | offline | {"KERAS_HOME": str(tmp_path / "keras")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "could not be downloaded" in done.stderr and "--weights FILE" in done.stderr
