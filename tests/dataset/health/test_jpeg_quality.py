"""The quality of a JPEG from its quantisation table, and the colour cast of images of one colour."""

import io

import numpy as np
import pytest
from PIL import Image

from carvis.dataset import Dataset
from carvis.dataset.health import check_dataset
from carvis.dataset.health.jpeg_quality import LUMINANCE, jpeg_quality


@pytest.mark.parametrize("quality", [5, 25, 49, 50, 60, 75, 90, 95, 99])
def test_the_quality_that_pillow_saved_with_is_found(quality):
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)).save(
        buffer, "JPEG", quality=quality
    )
    assert jpeg_quality(Image.open(buffer).quantization[0]) == quality


def test_a_quality_by_hand():
    # At 50 the table stands as in the standard; at 75 each divisor is (a * 50 + 50) // 100.
    assert jpeg_quality(LUMINANCE) == 50
    assert jpeg_quality([(a * 50 + 50) // 100 for a in LUMINANCE]) == 75
    assert np.isnan(jpeg_quality([1, 2, 3]))


def constant(path, rgb, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (80, 60), rgb).save(path, **options)


def test_facts_of_images_of_one_colour(tmp_path):
    root = tmp_path / "data"
    constant(root / "train" / "a" / "grey.png", (128, 128, 128))
    constant(root / "train" / "a" / "blue.png", (0, 0, 255))
    constant(root / "train" / "a" / "red.png", (255, 0, 0))
    constant(root / "train" / "a" / "grey.jpg", (60, 60, 60), quality=62)
    images = check_dataset(Dataset(root), cache=tmp_path / "cache").images
    again = check_dataset(Dataset(root), cache=tmp_path / "cache").images
    assert images.equals(again)
    images = images.set_index(images["id"].str.rpartition("/")[2])
    grey, blue, red = (images.loc[f"{name}.png"] for name in ("grey", "blue", "red"))
    assert grey["centre_brightness"] == 128 and abs(grey["tint"]) < 0.1 and abs(grey["warmth"]) < 0.1
    # sRGB blue is (32.3, 79.2, -107.9) in CIELAB under D65, red (53.2, 80.1, 67.2).
    assert blue["tint"] == pytest.approx(79.2, abs=0.2) and blue["warmth"] == pytest.approx(-107.9, abs=0.2)
    assert blue["saturation"] == pytest.approx(133.8, abs=0.3)
    assert red["tint"] == pytest.approx(80.1, abs=0.2) and red["warmth"] == pytest.approx(67.2, abs=0.2)
    assert np.isnan(grey["quality"]) and images.loc["grey.jpg", "quality"] == 62
