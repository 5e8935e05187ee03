"""Fixtures that every room's tests share."""

import gc
import getpass
import os
import tempfile
from pathlib import Path

import hypothesis
import numpy as np
import psutil
import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from carvis.images import write_image

# Sentences are looked for in English, whatever the system speaks.
os.environ["CARVIS_LANGUAGE"] = "en"
# MLflow reports its use to its makers unless told not to, before it is imported.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

# The same examples at each run, so that a commit that passed here passes elsewhere; a busy machine is no failure.
hypothesis.settings.register_profile(
    "carvis", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("carvis")
# What hypothesis keeps between runs stays out of the checkout.
set_hypothesis_home_dir(Path(tempfile.gettempdir()) / f"hypothesis-{getpass.getuser()}")


def pytest_xdist_auto_num_workers(config) -> int:
    """Two to four workers: each holds TensorFlow, which uses several cores by itself and gigabytes of memory."""
    if len(config.args) == 1 and Path(config.args[0].partition("::")[0]).is_file():
        return 0
    gigabytes = psutil.virtual_memory().available // 2**30
    return max(1, min(os.cpu_count() or 1, gigabytes // 4, 4))


def pytest_collection_finish() -> None:
    """What is loaded by now stays: Keras and Streamlit have garbage collected again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real photographs, weights and old model files that ``CARVIS_REAL_DATA`` names."""
    folder = os.environ.get("CARVIS_REAL_DATA")
    if not folder:
        pytest.skip("CARVIS_REAL_DATA names no folder of real material")
    path = Path(folder).resolve()
    assert path.is_dir(), f"CARVIS_REAL_DATA is {folder}, which is not a folder"
    return path


@pytest.fixture
def make_pictures():
    """Write plain pictures of a colour with a little noise: ``make_pictures(folder, names, rgb, size)``."""

    def make(folder: Path, names, rgb=(200, 30, 30), size=(24, 32)) -> list[Path]:
        rng = np.random.default_rng(len(str(folder.name)))
        paths = []
        for name in names:
            noise = rng.integers(-10, 11, (*size, 3))
            image = np.clip(np.array(rgb) + noise, 0, 255).astype(np.uint8)
            paths.append(write_image(folder / name, image))
        return paths

    return make
