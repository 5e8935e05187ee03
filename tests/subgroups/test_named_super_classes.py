"""Super-classes that a person names, and stored embeddings, reach ``slices`` with the data set."""

from dataclasses import replace

import numpy as np

from carvis import Dataset
from carvis.feature_space import Embeddings
from carvis.subgroups import SliceSettings, slices
from tests.report.test_slices_section import dark_and_light


def test_the_named_super_class_and_the_features_are_searched(tmp_path, monkeypatch):
    data, found = dark_and_light(tmp_path, n=24)
    ids = np.array(sorted(data.samples("test")["id"]))
    vectors = np.stack([np.arange(24) < 12, np.arange(24) >= 12], axis=1).astype(np.float32)
    vectors[:, 0] += np.linspace(0, 0.1, 24)
    kept = Embeddings(ids, ids, vectors, "head", "score-input", "half", "f", "night", "test")
    spaces = []

    def stored(space, evaluated):
        spaces.append(space.root)
        return kept if not isinstance(evaluated, tuple) else replace(kept, split="train", vectors=vectors[:3])

    monkeypatch.setattr("carvis.subgroups.embedding_properties.stored_embeddings", stored)
    result = slices(found["half"], Dataset(data.root))
    assert {"cluster", "training_distance"} <= set(result.searched) and "super_class" not in result.searched
    # The workspace is the one that the data set lies in.
    assert set(spaces) == {tmp_path.resolve()}
    for groups, searched in (({"a": "both", "b": "both"}, False), ({"a": "x", "b": "y"}, False)):
        # All in one super-class, or each class in its own, says nothing that the class does not.
        result = slices(found["half"], Dataset(data.root), SliceSettings(), named_super_classes=groups)
        assert ("super_class" in result.searched) is searched
