"""A workspace with one of each file that is read again."""

import json

import numpy as np
import pytest

from carvis.images import write_image
from tests.hostile.material import (
    CARD,
    evaluation,
    run_folder,
)


@pytest.fixture
def root(tmp_path):
    """A workspace with one of each file."""
    evaluation().save(tmp_path / "data" / "evaluations" / "cars" / "valid" / "m")
    run_folder(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.json").write_text(json.dumps(CARD))
    cars = tmp_path / "data" / "cars"
    for split in ("test", "masks/test"):
        (cars / split / "A").mkdir(parents=True)
        write_image(cars / split / "A" / "1.png", np.zeros((8, 8, 3), np.uint8))
    (cars / "masks" / "parts.json").write_text('["background", "body"]')
    return tmp_path
