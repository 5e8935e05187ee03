"""Cosine distances: four vectors worked by hand, ties, zero vectors, duplicates, NaN, blocks, and scikit-learn."""

import tracemalloc

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_distances

from carvis.errors import StoppedError
from carvis.feature_space import distances
from carvis.feature_space.distances import distance_to_nearest, nearest, unit_vectors

# On paper: cosines to (1, 0) are 1, 3/5, 0 and -1.
FOUR = np.array([[2, 0], [3, 4], [0, 5], [-1, 0]], np.float32)
EAST = np.array([[7, 0]], np.float32)


def test_four_vectors_by_hand():
    rows, found = nearest(EAST, FOUR, 4)
    assert rows.tolist() == [[0, 1, 2, 3]]
    np.testing.assert_allclose(found, [[0, 0.4, 1, 2]], rtol=1e-6)
    assert rows.dtype == np.int64 and found.dtype == np.float32
    # Between (3, 4) and (0, 5): cos = 4/5.
    rows, found = nearest(FOUR[1:2], FOUR, 2, exclude=np.array([1]))
    assert rows.tolist() == [[2, 0]]
    np.testing.assert_allclose(found, [[0.2, 0.4]], rtol=1e-6)


def test_a_vector_in_the_set_is_its_own_neighbour_unless_excluded_and_a_duplicate_stays():
    twice = np.array([[1, 2], [2, 1], [1, 2]], np.float32)
    rows, found = nearest(twice, twice, 2)
    assert rows.tolist() == [[0, 2], [1, 0], [0, 2]]
    rows, found = nearest(twice, twice, 1, exclude=np.arange(3))
    assert rows[:, 0].tolist() == [2, 0, 0] and found[0, 0] == found[2, 0] == 0


def test_identical_and_parallel_vectors_are_at_distance_0_exactly_and_none_below_it():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 1280)).astype(np.float16).astype(np.float32)
    many = np.concatenate([vectors, vectors[::-1], 3 * vectors])
    rows, found = nearest(vectors, many, 4)
    assert (found[:, :3] == 0).all() and (found[:, 3] > 0).all()
    assert rows[7].tolist()[:3] == [7, 50 + 49 - 7, 100 + 7]


def test_the_least_difference_that_float16_can_hold_is_above_0():
    one = np.ones((1, 4096), np.float32)
    other = one.copy()
    other[0, 0] += 2**-10
    assert nearest(one, other, 1)[1][0, 0] > 0


def test_of_equal_distances_the_first_row_comes_first_also_across_blocks(monkeypatch):
    monkeypatch.setattr(distances, "_BLOCK_BYTES", 40)
    same = np.tile(np.array([[1, 1]], np.float32), (30, 1))
    rows, found = nearest(np.array([[2, 2], [1, 0]], np.float32), same, 5)
    assert rows.tolist() == [[0, 1, 2, 3, 4]] * 2 and (found[0] == 0).all()


def test_more_ties_than_are_compared_exactly_still_give_zeros(monkeypatch):
    monkeypatch.setattr(distances, "_MOST_TIED", 3)
    same = np.tile(np.array([[1, 1]], np.float32), (100, 1))
    rows, found = nearest(same[:1], same, 5)
    assert rows.tolist() == [[0, 1, 2, 3, 4]] and (found == 0).all()


def test_of_more_ties_than_are_compared_the_nearest_and_the_first_stay(monkeypatch):
    """Thirteen directions within rounding of each other: 2, 5 and 9 are a little nearer, the rest are all the same."""
    monkeypatch.setattr(distances, "_MOST_TIED", 1)
    vectors = np.tile(np.array([[1, 1e-3]]), (13, 1))
    vectors[[2, 5, 9], 1] = 1e-4, 2e-4, 3e-4
    rows, found = nearest(np.array([[1.0, 0]]), vectors, 5)
    assert rows.tolist() == [[2, 5, 9, 0, 1]]
    np.testing.assert_allclose(found[0, :4], np.array([1e-4, 2e-4, 3e-4, 1e-3]) ** 2 / 2, rtol=1e-4)


def test_queries_in_several_parts_give_the_same_and_one_progress(monkeypatch):
    vectors = np.random.default_rng(3).normal(size=(40, 5)).astype("f4")
    expected = nearest(vectors, vectors, 4, exclude=np.arange(40))
    monkeypatch.setattr(distances, "_MOST_CANDIDATES", 10 * (4 + distances._MOST_TIED))
    steps = []
    found = nearest(vectors, vectors, 4, exclude=np.arange(40), progress=lambda *step: steps.append(step))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert [done for done, _ in steps] == [0, 10, 10, 20, 20, 30, 30, 40] and {total for _, total in steps} == {40}


def test_a_collapsed_model_takes_little_memory():
    """All vectors alike: each of 2,000 queries has 20,000 neighbours at distance 0, 800 MB as pairs of numbers."""
    same = np.ones((20_000, 4), np.float32)
    tracemalloc.start()
    rows, found = nearest(same[:2_000], same, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (rows == [0, 1, 2]).all() and (found == 0).all()
    assert peak < 350_000_000


def test_a_zero_vector_is_at_0_from_another_and_at_1_from_all_others():
    vectors = np.array([[0, 0], [1, 0], [0, 0], [-1, 0]], np.float32)
    rows, found = nearest(np.array([[0, 0], [5, 0]], np.float32), vectors, 4)
    assert rows.tolist() == [[0, 2, 1, 3], [1, 0, 2, 3]]
    assert found.tolist() == [[0, 0, 1, 1], [0, 1, 1, 2]]


def test_fewer_vectors_than_asked_for_leave_the_rest_open():
    rows, found = nearest(EAST, FOUR[:2], 4)
    assert rows.tolist() == [[0, 1, -1, -1]] and np.isnan(found[0, 2:]).all()
    rows, found = nearest(EAST, FOUR[:0], 2)
    assert rows.tolist() == [[-1, -1]] and np.isnan(found).all()
    assert nearest(EAST[:0], FOUR, 2)[0].shape == (0, 2)


@pytest.mark.filterwarnings("error")
def test_vectors_with_nan_or_infinite_values_are_no_neighbours_and_have_none():
    vectors = np.array([[np.nan, 1], [1, 0], [np.inf, 0], [0, 1]], np.float32)
    rows, found = nearest(vectors, vectors, 3)
    assert rows.tolist() == [[-1, -1, -1], [1, 3, -1], [-1, -1, -1], [3, 1, -1]]
    assert np.isnan(found[[0, 2]]).all() and found[1].tolist()[:2] == [0, 1]


@pytest.mark.parametrize("block", [300, 5_000, 64_000_000])
def test_it_agrees_with_scikit_learn_whatever_the_blocks(monkeypatch, block):
    monkeypatch.setattr(distances, "_BLOCK_BYTES", block)
    rng = np.random.default_rng(1)
    vectors, queries = rng.normal(size=(300, 17)).astype("f4"), rng.normal(size=(23, 17)).astype("f4")
    rows, found = nearest(queries, vectors, 7)
    expected = cosine_distances(queries.astype(float), vectors.astype(float))
    np.testing.assert_array_equal(rows, np.argsort(expected, axis=1)[:, :7])
    np.testing.assert_allclose(found, np.sort(expected, axis=1)[:, :7], rtol=1e-6)


def test_close_neighbours_are_ordered_where_float32_cannot(monkeypatch):
    """Distances of 1e-9 vanish in a product of float32, 1 - 6e-8 being the next number below 1."""
    turned = [[np.cos(angle), np.sin(angle)] for angle in (3e-4, 1e-4, 2e-4, 0.01)]
    rows, found = nearest(np.array([[1.0, 0.0]]), np.array(turned), 4)
    assert rows.tolist() == [[1, 2, 0, 3]]
    np.testing.assert_allclose(found[0], np.array([1e-4, 2e-4, 3e-4, 0.01]) ** 2 / 2, rtol=1e-4)


@pytest.mark.parametrize("size", [1e-30, 1e25])
def test_the_length_of_a_vector_does_not_matter(size):
    rows, found = nearest(EAST, FOUR * np.float32(size), 4)
    assert rows.tolist() == [[0, 1, 2, 3]]
    np.testing.assert_allclose(found, [[0, 0.4, 1, 2]], rtol=1e-6)
    rows, found = nearest(EAST * np.float32(size), FOUR, 4)
    np.testing.assert_allclose(found, [[0, 0.4, 1, 2]], rtol=1e-6)


def test_a_memory_map_gives_the_same(tmp_path):
    vectors = np.random.default_rng(2).normal(size=(100, 8)).astype("f4")
    np.save(tmp_path / "vectors.npy", vectors)
    kept = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    for one, other in zip(nearest(vectors[:5], kept, 3), nearest(vectors[:5], vectors, 3)):
        np.testing.assert_array_equal(one, other)


def test_it_says_how_far_it_is_and_stops(monkeypatch):
    monkeypatch.setattr(distances, "_BLOCK_BYTES", 400)
    vectors = np.ones((100, 2), np.float32)
    steps = []
    nearest(vectors[:1], vectors, 1, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(0, 100), (50, 100), (100, 100)]
    with pytest.raises(StoppedError):
        nearest(vectors[:1], vectors, 1, progress=lambda done, total: done >= 50)


@pytest.mark.parametrize(
    "queries, k, exclude", [(np.ones((1, 3)), 1, None), (np.ones(2), 1, None), (EAST, 0, None), (EAST, 1, [0, 1])]
)
def test_what_does_not_fit_is_refused(queries, k, exclude):
    with pytest.raises(ValueError, match=r"must|needed"):
        nearest(queries, FOUR, k, exclude=exclude)


def test_the_distance_to_the_kth_of_another_set_and_of_the_others_of_its_own():
    np.testing.assert_allclose(distance_to_nearest(EAST, FOUR, 2), [0.4], rtol=1e-6)
    # Each of the four without itself: cosines 3/5, 4/5, 4/5 and 0.
    np.testing.assert_allclose(distance_to_nearest(FOUR), [0.4, 0.2, 0.2, 1], rtol=1e-6)
    assert distance_to_nearest(EAST, FOUR, 9).tolist() == [2]
    assert np.isnan(distance_to_nearest(EAST)).all() and np.isnan(distance_to_nearest(EAST * np.nan, FOUR)).all()


def test_unit_vectors_have_length_1_but_for_those_that_cannot():
    vectors = np.array([[3, 4], [0, 0], [np.nan, 1], [np.inf, 1]], np.float32)
    np.testing.assert_allclose(unit_vectors(vectors), [[0.6, 0.8], [0, 0], [0, 0], [0, 0]], rtol=1e-6)
