"""Several people at once, each with the right image: the small version of ``python -m tests.hostile sessions``."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_each_session_sees_its_own_images_and_texts(chromium):
    command = [sys.executable, "-m", "tests.hostile", "sessions", "--sessions", "3", "--seconds", "15"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "wrong: 0; errors: 0" in done.stdout
