"""A data set that links and names are tried on, and what they must not lead to."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.made import cars_in, image


@pytest.fixture
def cars(tmp_path) -> Iterator[Path]:
    root = cars_in(tmp_path / "place")
    yield root
    # Not every pytest clears away what is put in here.
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def secret(tmp_path) -> Path:
    return image(tmp_path / "home" / "secret" / "s.png", 999)
