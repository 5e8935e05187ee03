"""Forty kills, at steps of the writes that need no TensorFlow; ``python -m tests.hostile kills`` has two hundred."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are killed in copies of this one")
def test_whatever_is_killed_leaves_the_old_or_the_new_and_runs_again():
    command = [sys.executable, "-m", "tests.hostile", "kills", "--kills", "40", "--light"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CARVIS_LANGUAGE": "en"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ", 0 problems in" in ended.stdout
