"""Alignment of layouts: a square that was turned, mirrored, scaled and moved comes back."""

import numpy as np
import pytest

from carvis.feature_space.procrustes import aligned
from carvis.feature_space.projection import Layout

# A square with a tail, so that no turn of it looks like a mirror image.
SQUARE = np.array([[0, 0], [2, 0], [2, 2], [0, 2], [3, 0]], np.float32)


def of(points):
    return Layout(np.asarray(points, np.float32), 0.9, "t-SNE (scikit-learn)", len(points))


def same(n):
    return np.stack([np.arange(n)] * 2, axis=1)


def test_a_turned_mirrored_scaled_and_moved_square_comes_back():
    # By hand: (x, y) turned by 90 degrees is (-y, x), mirrored (y, x), three times as large, moved by (5, -7).
    changed = [[5, -7], [5, -1], [11, -1], [11, -7], [5, 2]]
    assert changed == (SQUARE[:, ::-1] * 3 + [5, -7]).tolist()
    back = aligned(of(changed), of(SQUARE), same(5))
    np.testing.assert_allclose(back.points, SQUARE, atol=1e-5)
    assert back.trustworthiness == 0.9 and back.points.dtype == np.float32


def test_only_common_images_decide_and_all_points_move():
    turned = np.stack([-SQUARE[:, 1], SQUARE[:, 0]], axis=1)
    with_others = np.concatenate([[[9, 9]], turned])
    back = aligned(of(with_others), of(SQUARE[::-1]), np.stack([np.arange(1, 6), np.arange(5)[::-1]], axis=1))
    np.testing.assert_allclose(back.points[1:], SQUARE, atol=1e-5)
    # (9, 9) turned back by 90 degrees.
    np.testing.assert_allclose(back.points[0], [9, -9], atol=1e-5)


def test_an_unlike_layout_keeps_its_spread():
    rng = np.random.default_rng(0)
    reference, other = rng.normal(size=(2, 500, 2))
    back = aligned(of(other * 10), of(reference), same(500))
    spread = [np.linalg.norm(points - points.mean(axis=0)) for points in (back.points, reference)]
    np.testing.assert_allclose(*spread, rtol=1e-5)


@pytest.mark.parametrize("pairs", [[], np.zeros((0, 2), int)])
def test_without_common_images_it_stays(pairs):
    np.testing.assert_array_equal(aligned(of(SQUARE + 4), of(SQUARE), pairs).points, SQUARE + 4)


def test_a_single_common_image_moves_it_and_points_without_place_are_ignored():
    np.testing.assert_allclose(aligned(of(SQUARE + 4), of(SQUARE), [[2, 2]]).points, SQUARE, atol=1e-6)
    with_nan = SQUARE.copy()
    with_nan[0] = np.nan
    back = aligned(of(with_nan + 4), of(SQUARE), same(5)).points
    np.testing.assert_allclose(back[1:], SQUARE[1:], atol=1e-5)
    assert np.isnan(back[0]).all()


def test_common_images_on_one_point_only_move_it():
    on_one = np.ones((5, 2), np.float32)
    np.testing.assert_allclose(aligned(of(on_one), of(SQUARE), same(5)).points, [SQUARE.mean(axis=0)] * 5, rtol=1e-6)
