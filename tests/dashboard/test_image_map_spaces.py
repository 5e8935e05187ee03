"""The embeddings behind page Image map: what is kept of them is found under their content."""

from dataclasses import replace

import numpy as np


def test_features_of_an_image_that_was_replaced_make_another_map(empty_workspace, monkeypatch):
    from carvis.feature_space import Embeddings
    from ui.image_map.spaces import _space

    vectors = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)
    labels = np.array(["a", "a", "b", "b"])
    made = Embeddings(np.array(list("1234")), labels, vectors, "head", "score-input", "good", "f" * 64, "cars", "test")
    # The same ids and the same model: one image was replaced and evaluated again.
    other = np.concatenate([-vectors[:1], vectors[1:]])
    keys = []
    for stamp, now in enumerate((made, replace(made, vectors=other), replace(made, vectors=vectors.copy()))):
        monkeypatch.setattr("ui.state.embeddings.stored", lambda *place, now=now: now)
        space = _space(str(empty_workspace), "cars", ("test",), "good", ((stamp,),))
        assert space is not None
        keys.append(space.key)
    assert keys[0] == keys[2] != keys[1]
