"""The numbers behind concepts, against examples worked out by hand and functions of known indices."""

import numpy as np
import pytest

from carvis.explain.concepts.crops import best_crops, crop_boxes, crops_of, cut
from carvis.explain.concepts.factorisation import (
    coefficients,
    decode,
    encode,
    factorise,
    is_signed,
    reconstruction_error,
)
from carvis.explain.concepts.regions import paired_regions, part_matches, region, region_overlaps, region_thresholds
from carvis.explain.concepts.result import rank_correlation
from carvis.explain.concepts.sobol import sobol_design, total_indices
from carvis.explain.concepts.stability import matched_cosines, stable_bank


def test_crops_cover_the_image_from_edge_to_edge():
    boxes = crop_boxes(0.5, 0.0)
    assert boxes == [(0, 0, 0.5, 0.5), (0.5, 0, 1, 0.5), (0, 0.5, 0.5, 1), (0.5, 0.5, 1, 1)]
    lefts = sorted({box[0] for box in crop_boxes(0.3, 0.2)})
    np.testing.assert_allclose(lefts, [0, 0.7 / 3, 1.4 / 3, 0.7])
    assert max(np.diff(lefts)) <= 0.3 * 0.8
    assert crop_boxes(1.0, 0.2) == [(0, 0, 1, 1)]


def test_a_crop_holds_at_least_a_pixel_and_is_brought_to_size():
    image = np.arange(16, dtype=np.uint8).reshape(4, 4, 1)
    np.testing.assert_array_equal(cut(image, (0.5, 0.5, 1, 1))[..., 0], [[10, 11], [14, 15]])
    assert cut(image, (0.99, 0.99, 1, 1)).shape == (1, 1, 1)
    assert crops_of(image, crop_boxes(0.5, 0), (6, 8)).shape == (4, 6, 8, 1)


def test_of_each_image_the_best_crop_alone_shows_a_concept():
    found = np.array([[3.0, 0], [5, 0], [4, 0], [0, 2]])
    first, second = best_crops(found, np.array([0, 0, 1, 1]), most=5)
    assert first.tolist() == [1, 2]
    assert second.tolist() == [3]


def test_nmf_finds_parts_that_do_not_overlap_exactly():
    activations = np.array([[3.0, 0, 4, 0], [6, 0, 8, 0], [0, 2, 0, 0], [3, 5, 4, 0]])
    bank = factorise(activations, 2)
    bank = bank[np.argsort(bank[:, 1])]
    np.testing.assert_allclose(bank, [[0.6, 0, 0.8, 0], [0, 1, 0, 0]], atol=1e-3)
    exact = np.array([[0.6, 0, 0.8, 0], [0, 1, 0, 0]])
    found = coefficients(activations, exact)
    np.testing.assert_allclose(found, [[5, 0], [10, 0], [0, 2], [5, 5]], atol=1e-5)
    assert reconstruction_error(activations, found, exact) < 1e-6
    # Without the second concept 2 and 5 of the second channel are missed: 29 of the squares 25 + 100 + 4 + 50.
    one = coefficients(activations, exact[:1])
    assert reconstruction_error(activations, one, exact[:1]) == pytest.approx((29 / 179) ** 0.5, rel=1e-5)


def test_coefficients_are_the_non_negative_least_squares_solution():
    # Of [-1, 2] nothing of the first axis can be taken; of [1, 1] by a concept (0.6, 0.8) 1.4.
    np.testing.assert_allclose(coefficients(np.array([[-1.0, 2]]), np.eye(2)), [[0, 2]])
    np.testing.assert_allclose(coefficients(np.array([[1.0, 1]]), np.array([[0.6, 0.8]])), [[1.4]], rtol=1e-6)
    bank = factorise(np.random.default_rng(0).random((30, 6)), 3)
    rows = np.random.default_rng(1).random((2, 5, 6)).astype(np.float32)
    together = coefficients(rows, bank)
    assert together.shape == (2, 5, 3)
    for place in np.ndindex(2, 5):
        np.testing.assert_array_equal(coefficients(rows[place], bank), together[place])
    # Two concepts that are one: still a solution.
    double = coefficients(np.array([[3.0, 4]]), np.array([[0.6, 0.8], [0.6, 0.8]]))
    assert double.sum() == pytest.approx(5, rel=1e-5)


def test_empty_concepts_are_not_returned():
    assert len(factorise(np.outer([1.0, 2, 3], [1.0, 0, 1]), 3)) <= 3
    assert factorise(np.zeros((4, 3)), 2).shape == (0, 3)


def test_signed_activations_are_split_into_two_sets_of_channels():
    values = np.array([[1.0, -2.0], [0.0, 3.0]], np.float32)
    assert is_signed(values)
    assert not is_signed(np.array([1.0, -1e-9]))
    encoded = encode(values, signed=True)
    np.testing.assert_array_equal(encoded, [[1, 0, 0, 2], [0, 3, 0, 0]])
    np.testing.assert_array_equal(decode(encoded, signed=True), values)


def test_total_indices_of_the_ishigami_function():
    """Saltelli et al. (2008), for a = 7 and b = 0.1."""
    x = np.pi * (2 * sobol_design(3, 4096, seed=0) - 1)
    values = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    np.testing.assert_allclose(total_indices(values[None], 3), [[0.5576, 0.4424, 0.2437]], atol=2e-3)


def test_total_indices_of_a_sum_are_the_shares_of_its_variance():
    points = sobol_design(3, 256, seed=1)
    indices = total_indices(np.stack([points @ [1.0, 2, 3], np.full(len(points), 5.0)]), 3)
    np.testing.assert_allclose(indices[0], np.array([1, 4, 9]) / 14, atol=5e-3)
    # A constant has no variance to share.
    np.testing.assert_array_equal(indices[1], [0, 0, 0])


def test_the_total_index_is_jansens_estimator():
    points = sobol_design(2, 8, seed=3)
    values = np.exp(points[:, 0]) * (1 + points[:, 1])
    a, b, mixed = values[:8], values[8:16], values[16:].reshape(2, 8)
    by_hand = ((a - mixed) ** 2).mean(axis=1) / (2 * np.var(np.concatenate([a, b])))
    np.testing.assert_allclose(total_indices(values[None], 2)[0], by_hand, rtol=1e-9)
    # Each mixed block is A with one column of B.
    np.testing.assert_array_equal(points[16:24, 1], points[:8, 1])
    np.testing.assert_array_equal(points[16:24, 0], points[8:16, 0])


def test_concepts_are_paired_so_that_their_cosines_are_largest():
    bank, other = np.array([[1.0, 0], [0, 1]]), np.array([[0.6, 0.8], [1, 0]])
    np.testing.assert_allclose(matched_cosines(bank, other), [1, 0.8])
    np.testing.assert_allclose(matched_cosines(bank, other[:1]), [0, 0.8])


def test_what_every_start_finds_is_stable():
    rng = np.random.default_rng(0)
    apart = rng.random((60, 2)) @ np.array([[1.0, 0, 0, 1], [0, 1, 1, 0]])
    apart[::2, [1, 2]] = 0
    apart[1::2, [0, 3]] = 0
    assert stable_bank(apart, 2, 0, 3).stability.min() > 0.999
    noise = rng.random((60, 12))
    assert stable_bank(noise, 6, 0, 3).stability.min() < 0.99
    assert np.isnan(stable_bank(apart, 2, 0, 0).stability).all()


def test_a_start_that_ends_in_a_saddle_is_not_kept():
    """Two concepts as frequent and as strong as each other: the singular vectors do not tell them apart."""
    activations = np.array([[1.0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1]] * 4)
    first = factorise(activations, 2)
    assert reconstruction_error(activations, coefficients(activations, first), first) > 0.5
    bank = stable_bank(activations, 2, 0, 3).bank
    assert reconstruction_error(activations, coefficients(activations, bank), bank) < 1e-4


def test_a_region_is_what_lies_above_the_quantile_of_all_images():
    first, second = np.zeros((2, 2, 1)), np.array([[[0.0], [0]], [[0], [8]]])
    level = region_thresholds([first, second], 0.9)
    # Of eight values 0 0 0 0 0 0 0 8: 0.9 x 7 = 6.3, 0.3 of the way from 0 to 8.
    np.testing.assert_allclose(level, [2.4])
    mask = region(second[..., 0], 2.4, (2, 2))
    np.testing.assert_array_equal(mask, [[False, False], [False, True]])
    assert not region(first[..., 0], 0.0, (2, 2)).any()


def test_regions_match_parts_by_overlap_and_by_their_maximum():
    grid = np.zeros((4, 4, 2))
    grid[:2, :2, 0] = 1
    grid[0, 0, 0] = 2
    grid[3, 3, 1] = 1
    part = np.zeros((4, 4), bool)
    part[:2] = True
    table = part_matches([grid], np.array([0.5, 0.5]), [{"top": part}], ["top", "absent"]).set_index(
        ["concept", "part"]
    )
    row = table.loc[(0, "top")]
    assert (row["iou"], row["hit_rate"], row["area"], row["n"]) == (0.5, 1, 0.5, 1)
    row = table.loc[(1, "top")]
    assert (row["iou"], row["hit_rate"]) == (0, 0)
    assert table.loc[(0, "absent")]["n"] == 0


def test_two_models_concepts_are_paired_by_their_regions():
    left, right = np.zeros((2, 2, 2)), np.zeros((4, 4, 1))
    left[:, 0, 0] = 1
    left[:, 1, 1] = 1
    right[:, :2, 0] = 1
    overlaps = region_overlaps([left], np.array([0.5, 0.5]), [right], np.array([0.5]))
    assert overlaps[0, 0] > 0.9
    assert overlaps[1, 0] < 0.1
    pairs = paired_regions(overlaps)
    assert pairs[["first", "second"]].to_numpy().tolist() == [[0, 0], [1, -1]]
    assert paired_regions(overlaps.T)[["first", "second"]].to_numpy().tolist() == [[0, 0], [-1, 1]]


def test_rank_correlation_of_few_or_equal_numbers_is_unknown():
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([10.0, 20, 40])) == pytest.approx(1)
    assert np.isnan(rank_correlation(np.array([1.0, 2]), np.array([1.0, 2])))
    assert np.isnan(rank_correlation(np.array([1.0, 2, 3]), np.array([1.0, 1, 1])))
