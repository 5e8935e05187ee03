"""A data set that can be learnt in seconds: noisy images of three colours."""

from pathlib import Path

import numpy as np
import pytest

from carvis import Dataset, Workspace
from carvis.images import write_image
from carvis.training.config import RunConfig
from carvis.training.preparation import configure

COLOURS = {"blue car": (40, 60, 200), "red": (200, 40, 40), "日産": (60, 170, 60)}


def draw(root: Path, counts: dict[str, int]) -> Path:
    rng = np.random.default_rng(0)
    for split, count in counts.items():
        for name, rgb in COLOURS.items():
            for i in range(count):
                image = np.clip(np.array(rgb) + rng.normal(0, 50, (36, 40, 3)), 0, 255).astype(np.uint8)
                write_image(root / split / name / f"car{i}.jpg", image)
    return root


@pytest.fixture(scope="session")
def colours(tmp_path_factory) -> Dataset:
    """24 training and 8 validation images a class."""
    return Dataset(draw(tmp_path_factory.mktemp("data") / "colours", {"train": 24, "valid": 8}))


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture(scope="session")
def small() -> dict:
    """What makes a run last about two seconds."""
    return {"input_size": 32, "width": 4, "head_units": 16, "batch_size": 16}


@pytest.fixture(scope="session")
def config():
    """Make the configuration of a run; options as ``train``."""

    def make(data: Dataset, recipe: str = "own", **options) -> RunConfig:
        return configure(recipe, data, workspace=Workspace(data.root.parent), **options)

    return make
