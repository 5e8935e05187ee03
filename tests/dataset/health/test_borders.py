"""Bars and frames around images: what is cut off, and that they neither make nor hide duplicates."""

import numpy as np
import pytest

from carvis.dataset.health import check_dataset
from carvis.dataset.health.borders import framed_part, unframed
from carvis.images import encode_image, read_image, write_image
from tests.dataset.health.scenes import barred, cut_out, in_frame, scene

FRAMES = [(frame, value) for frame in (barred, in_frame) for value in (0, 128, 255)]


def test_frames_end_where_the_image_begins():
    image = scene(3)
    assert framed_part(image) == (0, 180, 0, 240)
    assert framed_part(barred(image, 255)) == (45, 225, 0, 240)
    assert framed_part(in_frame(barred(image, 0), 255)) == (65, 245, 24, 264)


def test_a_plain_backdrop_is_no_frame():
    assert unframed(cut_out(scene(3))).shape == (180, 240, 3)
    white = np.where(cut_out(scene(3)).max(axis=2, keepdims=True) > 0, scene(3), 255).astype(np.uint8)
    assert unframed(white).shape == (180, 240, 3)
    assert unframed(np.full((60, 80, 3), 90, np.uint8)).shape == (60, 80, 3)
    assert unframed(np.zeros((1, 1, 3), np.uint8)).shape == (1, 1, 3)


@pytest.mark.parametrize(("frame", "value"), FRAMES)
def test_different_images_in_one_frame_are_no_duplicates_and_framed_duplicates_are_found(frame, value, tmp_path):
    for seed in range(12):
        write_image(tmp_path / "cars" / "train" / "a" / f"{seed:02}.png", frame(scene(seed), value))
    # Of the first six a duplicate in test: framed and encoded again, or without the frame.
    for seed in range(6):
        image = read_image(encode_image(frame(scene(seed), value), quality=92)) if seed % 2 else scene(seed)
        write_image(tmp_path / "cars" / "test" / "a" / f"{seed:02}.jpg", image)
    duplicates = check_dataset(tmp_path / "cars", cache=tmp_path / "cache").duplicates_of("test")
    assert duplicates.to_dict() == {f"test/a/{seed:02}.jpg": f"train/a/{seed:02}.png" for seed in range(6)}
    cached = check_dataset(tmp_path / "cars", cache=tmp_path / "cache")
    assert cached.groups == 12 and cached.duplicates_of("test").equals(duplicates)


def test_a_cut_out_of_a_framed_image_is_found(tmp_path):
    for seed in range(6):
        framed = barred(scene(seed), 255)
        inside = barred(cut_out(scene(seed)), 0)
        write_image(tmp_path / "cars" / "train" / "a" / f"{seed}.png", framed)
        write_image(tmp_path / "cars" / "test" / "a" / f"{seed}.png", inside)
    health = check_dataset(tmp_path / "cars")
    assert health.groups == 6 and health.shared().copies == 6
