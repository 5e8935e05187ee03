"""A photograph of 48 million pixels takes little more memory than itself, and is drawn no larger than a screen."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

MODELS = Path(__file__).parents[2] / "models"
# What getrusage tells a new process may be the highest use of the one that started it.
_MEASURED = r"""
import re, sys
from pathlib import Path
import psutil
from carvis import load_classifier
from carvis.cli import main
from carvis.explain import heatmaps
import carvis.figures
import numpy as np

models, (photo, out, *more) = sys.argv[1:3], sys.argv[3:]
for model in models:
    heatmaps(load_classifier(model), np.zeros((1, 64, 64, 3), np.uint8))
before = psutil.Process().memory_info().rss
code = main(["heatmaps", *models, photo, "--out", out, "--no-check", *more])
print("MB", (int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024 - before) / 1e6)
sys.exit(code)
"""


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "photo.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.linear_gradient("L").resize((8000, 6000)).convert("RGB").save(path, exif=exif)
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="the highest use of memory is read as Linux tells it")
def test_heatmaps_of_a_large_photograph_stay_below_500_mb(photo, tmp_path):
    models = [str(MODELS / f"demo_{name}.keras") for name in ("own", "transfer")]
    command = [
        sys.executable,
        "-c",
        _MEASURED,
        *models,
        str(photo),
        str(tmp_path / "out"),
        "--workspace",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.rpartition("MB ")[2]) < 500, done.stdout
    for name in ("own", "transfer"):
        with Image.open(tmp_path / "out" / f"photo--demo_{name}.jpg") as drawn:
            assert drawn.size == (1536, 2048)
