import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.made import CLASSES, SPLITS, image


@pytest.fixture
def cars(tmp_path) -> Iterator[Path]:
    root = tmp_path / "place" / "data" / "cars"
    for i, split in enumerate(SPLITS):
        for j, name in enumerate(CLASSES):
            for k in range(2):
                image(root / split / name / f"{k}.png", 100 * i + 10 * j + k)
    yield root
    # Not every pytest clears away what is put in here.
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def secret(tmp_path) -> Path:
    return image(tmp_path / "home" / "secret" / "s.png", 999)
