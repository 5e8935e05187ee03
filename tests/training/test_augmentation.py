"""Training images change as photographs of cars do."""

import numpy as np
import tensorflow as tf

from carvis.training.augmentation import augment, draw_views, reframe, relight

IMAGES = np.random.default_rng(0).uniform(0, 255, (3, 16, 20, 3)).astype(np.float32)
# Draws that ask for no change: the whole area, no stretch, no tilt, no mirror, the middle.
STILL = np.array([[1.0, 0.5, 0.5, 0.0, 0.5, 0.5]] * 3, np.float32)


def test_no_change_leaves_the_pixels_alone():
    np.testing.assert_allclose(reframe(IMAGES, STILL), IMAGES, atol=1e-3)
    np.testing.assert_allclose(relight(IMAGES, np.full((3, 6), 0.5, np.float32)), IMAGES, atol=1e-3)


def test_the_mirror_is_exact():
    draws = STILL.copy()
    draws[:, 3] = 0.9
    np.testing.assert_allclose(reframe(IMAGES, draws), IMAGES[:, :, ::-1], atol=1e-3)


def test_a_crop_shows_part_of_the_image_and_nothing_else():
    ramp = np.tile(np.arange(20, dtype=np.float32)[None, None, :, None], (3, 16, 1, 3))
    draws = STILL.copy()
    draws[:, 0] = 0.0
    shown = reframe(ramp, draws).numpy()
    # 72 % of the area is a side of 0.8485: 9.5 -+ 0.8485 * 9.5 from edge to edge.
    np.testing.assert_allclose(shown[0, 8, 0, 0], 9.5 - np.sqrt(0.72) * 9.5, atol=1e-3)
    np.testing.assert_allclose(shown[0, 8, -1, 0], 9.5 + np.sqrt(0.72) * 9.5, atol=1e-3)


def test_brightness_multiplies_and_never_leaves_the_range():
    draws = np.full((3, 6), 0.5, np.float32)
    draws[:, 2] = 1.0
    np.testing.assert_allclose(relight(IMAGES, draws), np.minimum(IMAGES * 1.25, 255), atol=1e-2)


def test_no_saturation_change_of_grey():
    grey = np.full((3, 4, 4, 3), 100.0, np.float32)
    draws = np.full((3, 6), 0.5, np.float32)
    draws[:, :2] = 1.0
    np.testing.assert_allclose(relight(grey, draws), grey, atol=1e-3)


def test_the_sky_stays_above():
    half = np.zeros((64, 32, 32, 3), np.float32)
    half[:, :16] = 255
    changed = augment(tf.constant(half), draw_views(64, 0, 1)).numpy()
    assert (changed[:, :10].mean(axis=(1, 2, 3)) > changed[:, 22:].mean(axis=(1, 2, 3)) + 50).all()


def test_the_seed_decides():
    first, repeated, other = (
        augment(tf.constant(IMAGES), draw_views(3, *seed)).numpy() for seed in ((1, 2), (1, 2), (1, 3))
    )
    np.testing.assert_array_equal(first, repeated)
    assert np.abs(first - other).max() > 1
    assert first.shape == IMAGES.shape and first.min() >= 0 and first.max() <= 255


def test_grey_images_stay_grey():
    assert augment(tf.constant(IMAGES[..., :1]), draw_views(3, 0, 0)).shape == (3, 16, 20, 1)
