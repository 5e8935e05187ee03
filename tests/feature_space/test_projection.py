"""Layouts: trustworthiness of four points by hand, few and equal points, the same bytes, the cache, stopping."""

from dataclasses import replace

import numpy as np
import pytest

from carvis.errors import StoppedError
from carvis.feature_space import projection, tsne
from carvis.feature_space.projection import Layout, layout, trust_words, trustworthiness
from carvis.workspace import Cache, Workspace, content_hash


def directions(*degrees):
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def on_a_line(*places):
    return np.array([[x, 0] for x in places], np.float32)


def blobs(n=60, d=80, groups=3, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(groups, d))
    group = np.arange(n) % groups
    return (centres[group] + 0.1 * rng.normal(size=(n, d))).astype(np.float32), group


def test_trustworthiness_of_four_points_by_hand():
    """On paper, with one neighbour each: T = 1 - 2 / (4 * 1 * (8 - 3 - 1)) * sum of (rank - 1) = 1 - sum / 8."""
    four = directions(0, 10, 40, 90)
    assert trustworthiness(four, on_a_line(0, 1, 4, 9)) == (1.0, 4)
    # The second and third change places: each point's neighbour in the plane is only its second nearest direction.
    assert trustworthiness(four, on_a_line(0, 3, 1, 7)) == (1 - 4 / 8, 4)
    # The first and the last change places with those beside them: A meets C (rank 2), B meets D (rank 3), and back:
    # C meets A (rank 2), D meets B (rank 2).
    assert trustworthiness(four, on_a_line(0, 10, 1, 11)) == (1 - (1 + 2 + 1 + 1) / 8, 4)


def test_lengths_do_not_matter():
    four = directions(0, 10, 40, 90) * np.array([[1], [50], [0.1], [7]], np.float32)
    assert trustworthiness(four, on_a_line(0, 1, 4, 9)) == (1.0, 4)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 7, 8, 9, 12])
def test_few_points_are_laid_out(n):
    made = layout(blobs(n)[0] if n else np.zeros((0, 4), np.float32))
    assert made.points.shape == (n, 2) and made.points.dtype == np.float32 and np.isfinite(made.points).all()
    assert made.method == ("PCA" if n < 8 else "t-SNE (scikit-learn)")
    assert np.isnan(made.trustworthiness) == (n < 3) and made.judged == n
    assert ("Too few" in made.words) == (n < 3)
    assert len(np.unique(made.points, axis=0)) == n


@pytest.mark.filterwarnings("error")
def test_equal_vectors_lie_on_one_point_and_break_nothing():
    same = np.ones((20, 6), np.float32)
    assert (layout(same).points == 0).all()
    assert (layout(np.zeros((9, 6), np.float32)).points == 0).all()
    vectors, _ = blobs(30)
    twice = np.concatenate([vectors, vectors[:1]])
    points = layout(twice).points
    span = np.ptp(points, axis=0).max()
    assert np.linalg.norm(points[0] - points[30]) < 0.05 * span


def test_one_value_a_vector_is_laid_out_on_a_line():
    made = layout(np.array([[-1.0], [2.0], [0.0]], np.float32))
    assert made.points.shape == (3, 2) and (made.points[:, 1] == 0).all()


def test_vectors_with_nan_have_no_point():
    vectors, _ = blobs(30)
    with_nan = np.insert(vectors, 4, np.nan, axis=0)
    made = layout(with_nan)
    assert np.isnan(made.points[4]).all() and made.judged == 30
    np.testing.assert_array_equal(np.delete(made.points, 4, axis=0), layout(vectors).points)


def test_groups_stay_together_and_the_same_vectors_give_the_same_bytes():
    vectors, group = blobs()
    made = layout(vectors)
    centres = np.stack([made.points[group == g].mean(axis=0) for g in range(3)])
    nearest_centre = np.linalg.norm(made.points[:, None] - centres, axis=2).argmin(axis=1)
    assert (nearest_centre == group).all()
    assert layout(vectors).points.tobytes() == made.points.tobytes()
    assert layout(vectors.astype(np.float64)).points.tobytes() == made.points.tobytes()


def test_above_a_size_opentsne_lays_out_reports_and_stops(monkeypatch):
    monkeypatch.setattr(tsne, "_MOST_SCIKIT_LEARN", 50)
    vectors, group = blobs()
    steps = []
    made = layout(vectors, progress=lambda done, total: steps.append(done))
    assert made.method == "t-SNE (openTSNE)" and len(steps) > 20 and steps == sorted(steps) and steps[-1] == 100
    assert layout(vectors).points.tobytes() == made.points.tobytes()
    centres = np.stack([made.points[group == g].mean(axis=0) for g in range(3)])
    assert (np.linalg.norm(made.points[:, None] - centres, axis=2).argmin(axis=1) == group).all()
    with pytest.raises(StoppedError):
        layout(vectors, progress=lambda done, total: done > 30)


def test_what_takes_longer_than_two_seconds_can_be_stopped():
    """scikit-learn's t-SNE has no way to stop it: 501 vectors are laid out by the one that has."""
    vectors, _ = blobs(501)
    steps = []
    with pytest.raises(StoppedError):
        layout(vectors, progress=lambda done, total: steps.append(done) or done > 11)
    # It asks every 10 of 750 steps, and does no more after the request.
    assert 11 < steps[-1] < 13


def test_many_points_are_judged_by_a_sample_which_is_said(monkeypatch):
    monkeypatch.setattr(projection, "_JUDGED", 40)
    vectors, _ = blobs()
    made = layout(vectors)
    assert made.judged == 40 and "40 of the 60 images" in made.words
    assert made.trustworthiness == trustworthiness(vectors, made.points)[0]


def test_a_layout_is_cached_by_content(tmp_path, monkeypatch):
    vectors, _ = blobs(30)
    made = layout(vectors, workspace=tmp_path)
    (file,) = (tmp_path / "data" / "cache" / "layouts").glob("*/*.npz")

    def refuse(*args):
        raise AssertionError("made again")

    monkeypatch.setattr(projection, "plane_points", refuse)
    again = layout(vectors.copy(), workspace=tmp_path)
    assert again.points.tobytes() == made.points.tobytes()
    assert (again.trustworthiness, again.method, again.judged) == (made.trustworthiness, made.method, made.judged)
    for other, seed in ((vectors + 1, 0), (vectors, 1)):
        with pytest.raises(AssertionError, match="made again"):
            layout(other, seed=seed, workspace=tmp_path)
    for damaged in (b"PK damaged", projection._encode(replace(made, points=made.points[:29]))):
        file.write_bytes(damaged)
        with pytest.raises(AssertionError, match="made again"):
            layout(vectors, workspace=tmp_path)


def test_the_words_say_more_the_less_it_can_be_trusted():
    said = [trust_words(value) for value in (0.97, 0.92, 0.85, 0.6, float("nan"))]
    assert len(set(said)) == 5 and said[0].startswith("Images") and said[3].startswith("Do not read groups")
    points = np.zeros((4, 2), np.float32)
    assert "far apart" in Layout(points, 0.97, "t-SNE (scikit-learn)", 4).words
    assert "far apart" not in Layout(points, 0.97, "PCA", 4).words


def test_a_layout_that_another_method_made_earlier_is_not_taken_for_one_of_today(tmp_path):
    """Of 501 to 5,000 vectors scikit-learn made the layouts of version 1."""
    vectors, _ = blobs(20)
    workspace = Workspace(tmp_path)
    cache = Cache(workspace.cache_dir / "layouts", 10**8)
    old = Layout(np.full((20, 2), 7, np.float32), 1.0, "PCA", 20)
    cache.put(content_hash("layout", 1, vectors, 0), ".npz", projection._encode(old))
    assert layout(vectors, workspace=workspace).method == "t-SNE (scikit-learn)"
