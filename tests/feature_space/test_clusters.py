"""Clusters of feature vectors: plain groups, their description by hand, few, equal and missing vectors."""

import numpy as np
import pytest

from carvis.feature_space import Embeddings, cluster_table, clusters, feature_clusters


def groups(sizes, d=20, seed=0):
    """Vectors around as many directions as there are sizes, of other lengths each, and the group of each."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(sizes)), sizes)
    directions = np.eye(len(sizes), d) + 0.02 * rng.normal(size=(len(group), len(sizes), d))[:, 0:1]
    vectors = directions[np.arange(len(group)), group] * rng.uniform(1, 9, (len(group), 1))
    return vectors.astype(np.float32), group


def embedded(vectors, labels):
    ids = np.array([f"train/{label}/{i}.jpg" for i, label in enumerate(labels)])
    return Embeddings(ids, np.array(labels), vectors, "dense", "score-input", "m", "f", "cars", "train")


def test_groups_that_lie_apart_are_found_the_largest_first():
    vectors, group = groups([20, 40, 30])
    found = clusters(vectors)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, np.array([2, 0, 1])[group])
    np.testing.assert_array_equal(clusters(vectors), found)


def test_of_many_vectors_a_sample_decides_and_all_are_assigned(monkeypatch):
    monkeypatch.setattr(feature_clusters, "_SAMPLE", 60)
    vectors, group = groups([200, 100])
    np.testing.assert_array_equal(clusters(vectors), group)


@pytest.mark.filterwarnings("error")
def test_few_or_equal_vectors_are_one_cluster_and_vectors_with_nan_are_in_none():
    assert clusters(np.zeros((0, 3), np.float32)).tolist() == []
    assert clusters(np.ones((1, 3), np.float32)).tolist() == [0]
    assert clusters(np.eye(9, dtype=np.float32)).tolist() == [0] * 9
    assert clusters(np.ones((50, 3), np.float32)).tolist() == [0] * 50
    vectors, group = groups([30, 20])
    vectors[3, 0], vectors[40, 1] = np.nan, np.inf
    found = clusters(vectors)
    assert found[3] == found[40] == -1
    np.testing.assert_array_equal(np.delete(found, [3, 40]), np.delete(group, [3, 40]))


def test_a_description_by_hand():
    # Angles 0, 20 and 90 degrees: the mean distance to the three is smallest at 20 degrees, then at 0.
    angles = np.deg2rad([0, 20, 90, 180, 200])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32) * 7
    images = embedded(vectors, ["van", "suv", "suv", "van", "van"])
    table = cluster_table(np.array([0, 0, 0, 1, -1]), images, representatives=2)
    assert table.columns.tolist() == ["cluster", "n", "label", "share", "ids", "words"]
    first, second = table.itertuples(index=False)
    assert first[:3] == (0, 3, "suv") and first.share == pytest.approx(2 / 3)
    assert first.ids == ["train/suv/1.jpg", "train/van/0.jpg"] and first.words == "3 images, 67 % suv"
    assert second[:4] == (1, 1, "van", 1) and second.ids == ["train/van/3.jpg"] and second.words == "1 image, van"
    assert cluster_table(np.array([2] * 5), embedded(vectors, ["van"] * 5)).words[0] == "5 images, all van"
    assert cluster_table(np.array([-1] * 5), images).empty


def test_equally_common_labels_are_named_by_name():
    images = embedded(np.ones((2, 2), np.float32), ["b", "a"])
    assert cluster_table(np.array([0, 0]), images).label[0] == "a"
