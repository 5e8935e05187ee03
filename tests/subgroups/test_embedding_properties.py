"""Feature clusters and the distance to training, from embeddings written by hand."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from carvis.feature_space import Embeddings
from carvis.subgroups import Condition, ImageProperties, SliceSettings, slices
from carvis.subgroups import feature_columns as exported
from carvis.subgroups.embedding_properties import FeatureColumns, feature_columns, with_features
from carvis.subgroups.search import _may_pair
from carvis.workspace import Workspace
from tests.evaluation.small_evaluations import evaluation


def embedded(split, vectors, fingerprint="f"):
    """Embeddings of images of class a, one a vector."""
    ids = np.array([f"{split}/a/{place:02d}.png" for place in range(len(vectors))])
    labels = np.array(["a"] * len(ids))
    array = np.asarray(vectors, np.float32)
    return Embeddings(ids, labels, array, "head", "score-input", "m", fingerprint, "cars", split)


@pytest.fixture
def stored(monkeypatch):
    """What is stored, by split."""
    kept = {}

    def read(workspace, evaluated):
        return kept.get(evaluated[1] if isinstance(evaluated, tuple) else evaluated.split)

    monkeypatch.setattr("carvis.subgroups.embedding_properties.stored_embeddings", read)
    return kept


@pytest.fixture
def space(tmp_path):
    return Workspace(tmp_path)


def of_split(split="test"):
    return evaluation("m", ["a", "b"], [(f"{split}/a/00.png", "a", (0.9, 0.1))], split=split)


def two_groups():
    """Six vectors to the right, then five upwards: two clusters, the larger first."""
    return [(1, 0.01 * i) for i in range(6)] + [(0.01 * i, 1) for i in range(5)]


def test_clusters_and_distances_by_hand(stored, space):
    assert exported is feature_columns
    stored["test"] = embedded("test", two_groups())
    stored["train"] = embedded("train", [(1, 0), (1, 1)])
    found = feature_columns(space, of_split())
    assert found.notes == () and list(found.table.columns) == ["cluster", "training_distance"]
    assert found.table["cluster"].tolist() == ["1"] * 6 + ["2"] * 5
    distance = found.table["training_distance"]
    # (1, 0) is itself in training; (0, 1) is at 45 degrees from (1, 1).
    assert distance["test/a/00.png"] == pytest.approx(0, abs=1e-7)
    assert distance["test/a/06.png"] == pytest.approx(1 - math.cos(math.pi / 4), rel=1e-5)


def test_a_vector_that_is_not_finite_has_neither(stored, space):
    stored["test"] = embedded("test", [*two_groups(), (np.nan, 1)])
    stored["train"] = embedded("train", [(1, 0)])
    last = feature_columns(space, of_split()).table.iloc[-1]
    assert pd.isna(last["cluster"]) and np.isnan(last["training_distance"])


def test_what_is_missing_is_said_with_its_remedy(stored, space):
    for workspace in (space, None):
        found = feature_columns(workspace, of_split())
        assert not len(found.table.columns)
        assert "No embeddings of m on test are stored" in found.notes[0] and "evaluate it again" in found.notes[0]
    stored["test"] = embedded("test", two_groups())
    for training in (None, embedded("train", [(1, 0)], fingerprint="another version")):
        stored["train"] = training
        found = feature_columns(space, of_split())
        assert list(found.table.columns) == ["cluster"]
        assert "--split train" in found.notes[0] and "feature clusters" not in found.notes[0]


def test_where_all_images_were_replaced_that_is_said(stored, space):
    stored["test"] = embedded("test", two_groups())
    gone = embedded("train", [(1, 0)])
    stored["train"] = gone.without(gone.ids.tolist())
    found = feature_columns(space, of_split())
    assert list(found.table.columns) == ["cluster"] and found.notes == (stored["train"].changed_note,)
    stored["test"] = stored["test"].without(stored["test"].ids.tolist())
    found = feature_columns(space, of_split())
    assert found.table.empty and found.notes == (stored["test"].changed_note,)


def test_training_images_have_no_distance_to_themselves(stored, space):
    stored["train"] = embedded("train", two_groups())
    found = feature_columns(space, of_split("train"))
    assert list(found.table.columns) == ["cluster"] and found.notes == ()


def test_a_persons_own_column_of_the_same_name_counts():
    features = FeatureColumns(pd.DataFrame({"cluster": ["1", "2"], "training_distance": [0.1, 0.2]}, index=["x", "y"]))
    given = pd.DataFrame({"cluster": ["mine"], "season": ["winter"]}, index=["x"])
    table = with_features(given, features)
    assert table["cluster"].dropna().to_dict() == {"x": "mine"}
    assert table["training_distance"].to_dict() == {"x": 0.1, "y": 0.2} and "season" in table
    assert (
        with_features(None, features) is features.table and with_features(None, FeatureColumns(pd.DataFrame())) is None
    )


def test_a_cluster_pairs_with_no_class():
    conditions = [Condition(key, value="x") for key in ("label", "predicted", "super_class", "cluster", "format")]
    allowed = _may_pair(conditions)
    assert not allowed[:4, :4].any() and allowed[4, :4].all() and not allowed[4, 4]


def test_slices_of_clusters_are_found_and_never_with_the_class():
    """Errors in cluster 2, more in its class b: a pair of them would be chosen if it were allowed."""
    n = 2000
    rng = np.random.default_rng(0)
    ids = [f"test/x/{i:05d}.jpg" for i in range(n)]
    cluster, label = rng.choice(["1", "2", "3", "4"], n), rng.choice(["a", "b"], n)
    rate = np.where(cluster == "2", np.where(label == "b", 0.9, 0.3), 0.05)
    wrong = rng.random(n) < rate
    rows = [(i, c, (0.9, 0.1) if (c == "a") != w else (0.1, 0.9)) for i, c, w in zip(ids, label, wrong)]
    table = pd.DataFrame({"label": label.astype(object), "cluster": cluster.astype(object)}, index=ids)
    made = evaluation("m", ["a", "b"], rows)
    known = ImageProperties(table, np.arange(n), made.predictions.set_index("id").loc[ids, "sha256"].to_numpy(str))
    found = slices(made, known)
    assert found.slices[0].key == "cluster" and "images of feature cluster 2" in found.slices[0].sentence
    assert all(one.key != "cluster + label" for one in found.slices)
    # With another name the same property may pair, and does.
    free = dataclasses.replace(known, table=table.rename(columns={"cluster": "where"}))
    assert {one.key for one in slices(made, free, SliceSettings()).slices} & {"where + label", "label + where"}
