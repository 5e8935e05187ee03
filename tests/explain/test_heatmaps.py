import types

import keras
import numpy as np
import pytest

from carvis.classifier import Classifier
from carvis.dataset import Unreadable
from carvis.errors import ImageError, ModelError, TableError
from carvis.explain import Heatmap, heatmaps, scale_maps
from carvis.explain.status import influence, status_of
from carvis.images import overlay, read_image

L = keras.layers


@pytest.fixture(scope="module")
def clf():
    """One 1x1 convolution hands on red, green and blue; each colour's mean votes for its class."""
    image = keras.Input((4, 4, 3))
    x = L.Conv2D(3, 1, use_bias=False, name="conv")(image)
    model = keras.Model(
        image, L.Dense(3, use_bias=False, activation="softmax")(L.GlobalAveragePooling2D(name="pool")(x))
    )
    model.set_weights([np.eye(3, dtype=np.float32).reshape(1, 1, 3, 3), np.eye(3, dtype=np.float32)])
    return Classifier(model, ["red", "green", "blue"], preprocessing="unit", name="colours")


def left_red(size=4):
    image = np.zeros((size, size, 3), np.uint8)
    image[:, : size // 2, 0] = 255
    image[0, -1, 1] = 255
    return image


def make_heatmap(raw, status="ok", fingerprint="f", **facts):
    facts = {"target": 0, "target_name": "a", "predicted": 0, "predicted_name": "a", "score": 1.0} | facts
    return Heatmap(
        raw=np.array(raw, np.float32),
        status=status,
        score_kind="logit",
        probabilities=np.array([0.75, 0.25], np.float32),
        class_names=("a", "b"),
        layer="conv",
        method="grad-cam",
        model_name="m",
        fingerprint=fingerprint,
        preprocessing="unit",
        **facts,
    )


def test_a_map_lies_where_the_colour_is(clf):
    """The weight of red is 1/16 (the mean over 16 cells), so each red cell holds 1/16."""
    heatmap = heatmaps(clf, left_red()[None])[0]
    assert (heatmap.predicted_name, heatmap.target_name, heatmap.layer) == ("red", "red", "conv")
    np.testing.assert_allclose(heatmap.raw, np.tile([1 / 16, 1 / 16, 0, 0], (4, 1)), atol=1e-7)
    np.testing.assert_allclose(heatmap.normalised, np.tile([1, 1, 0, 0], (4, 1)))
    np.testing.assert_allclose(heatmap.density, np.tile([2, 2, 0, 0], (4, 1)))
    assert heatmap.score == pytest.approx(0.5)


def test_targets(clf):
    image = left_red()[None]
    assert heatmaps(clf, image, target="green")[0].normalised[0, 3] == 1
    assert heatmaps(clf, image, target=1)[0].target_name == "green"
    assert heatmaps(clf, image, target="true", labels=["green"])[0].target_name == "green"
    with pytest.raises(ModelError, match="give labels"):
        heatmaps(clf, image, target="true")
    with pytest.raises(ModelError, match="choose one of red, green, blue"):
        heatmaps(clf, image, target="pink")
    with pytest.raises(ModelError, match="0 to 2"):
        heatmaps(clf, image, target=3)


def test_wrong_names_are_told_the_right_ones(clf):
    with pytest.raises(ModelError, match="grad-cam"):
        heatmaps(clf, left_red()[None], method="magic")
    with pytest.raises(ModelError, match="conv"):
        heatmaps(clf, left_red()[None], layer="pool")
    with pytest.raises(ModelError, match="none"):
        heatmaps(clf, left_red()[None], layer="none")


def test_paths_give_a_generator_that_passes_broken_files(clf, make_pictures, tmp_path):
    paths = make_pictures(tmp_path / "red", ["a.png", "b.png"], rgb=(200, 20, 20))
    paths.insert(1, tmp_path / "red" / "bad.png")
    paths[1].write_bytes(b"nothing")
    unreadable = Unreadable()
    maps = heatmaps(clf, iter(paths), target="true", unreadable=unreadable, batch_size=2)
    assert isinstance(maps, types.GeneratorType)
    assert [heatmap.source for heatmap in maps] == [str(paths[0]), str(paths[2])]
    assert "bad.png" in unreadable.reasons[1]
    with pytest.raises(ImageError, match=r"bad\.png"):
        list(heatmaps(clf, paths))
    alone = heatmaps(clf, read_image(paths[0])[None])[0]
    np.testing.assert_allclose(next(heatmaps(clf, paths, batch_size=1)).raw, alone.raw)


def test_an_image_without_the_colour_is_no_evidence(clf):
    blank = heatmaps(clf, np.zeros((1, 4, 4, 3), np.uint8))[0]
    assert blank.status == "constant"
    assert not blank.normalised.any() and not blank.density.any()
    np.testing.assert_array_equal(blank.overlay(left_red()), left_red())


ONES = np.ones((2, 2, 1))


@pytest.mark.parametrize(
    ("raw", "activations", "gradients", "score", "kind", "status"),
    [
        ([[0, 1], [2, 3]], ONES, ONES, 1.0, "logit", "ok"),
        ([[-1, 1], [2, 3]], ONES, ONES, 1.0, "logit", "ok"),
        ([[0, np.nan], [2, 3]], ONES, ONES, 1.0, "logit", "non-finite"),
        ([[0, 1], [2, 3]], ONES, ONES * np.inf, 1.0, "logit", "non-finite"),
        ([[0, 0], [0, 0]], ONES, ONES * 0, 5.0, "logit", "zero-gradient"),
        ([[0, 0], [0, 0]], ONES, ONES * 0, 0.9999, "probability", "saturated"),
        ([[0, 1e-9], [2e-9, 0]], ONES, ONES * 1e-9, 0.0001, "probability", "saturated"),
        ([[0, 1e-9], [2e-9, 0]], ONES, ONES * 1e-9, 0.5, "probability", "zero-gradient"),
        ([[0, -1], [-2, -3]], ONES, ONES, 1.0, "logit", "all-negative"),
        ([[-1, -1], [-1, -1]], ONES, ONES, 1.0, "logit", "all-negative"),
        ([[-10, -10], [-10, 1e-7]], ONES, ONES, 1.0, "logit", "all-negative"),
        ([[7, 7], [7, 7]], ONES, ONES, 1.0, "logit", "constant"),
        ([[0, 0], [0, 0]], ONES * 0, ONES, 1.0, "logit", "constant"),
    ],
)
def test_each_status(raw, activations, gradients, score, kind, status):
    assert status_of(np.array(raw, np.float32), influence(activations, gradients), score, kind) == status


def test_a_saturated_probability_is_named_where_the_logit_still_speaks():
    image = keras.Input((4, 4, 3))
    x = L.Conv2D(3, 1, use_bias=False)(image)
    model = keras.Model(image, L.Dense(3, use_bias=False, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    model.set_weights([np.eye(3, dtype=np.float32).reshape(1, 1, 3, 3), 100 * np.eye(3, dtype=np.float32)])
    sure = Classifier(model, ["red", "green", "blue"], preprocessing="unit", name="sure")
    assert heatmaps(sure, left_red()[None], score="probability")[0].status == "saturated"
    assert heatmaps(sure, left_red()[None])[0].status == "ok"


def test_only_a_map_with_evidence_is_drawn():
    assert make_heatmap([[0, -4], [2, 1]]).normalised.tolist() == [[0, 0], [1, 0.5]]
    for status in ("non-finite", "zero-gradient", "saturated", "all-negative", "constant"):
        assert not make_heatmap([[np.nan, 4], [2, 1]], status).normalised.any()
        assert make_heatmap([[1, 2]], status).message


def test_an_answer_is_right_wrong_or_unknown():
    heatmap = make_heatmap([[1, 2]])
    assert (heatmap.confidence, heatmap.is_right("a"), heatmap.is_right("b")) == (0.75, True, False)
    assert heatmap.is_right("c") is None and heatmap.is_right(None) is None


def test_scales_by_hand():
    weak, strong = make_heatmap([[0, 1], [1, 2]]), make_heatmap([[0, 4], [0, 0]])
    other = make_heatmap([[10, 10], [10, 20]], fingerprint="g")
    assert [m.max() for m in scale_maps([weak, strong, other], "map")] == [1, 1, 1]
    assert [m.max() for m in scale_maps([weak, strong, other], "model")] == [0.5, 1, 1]
    # Means are 1, 1 and 12.5, so the largest densities are 2, 4 and 1.6, all divided by 4.
    assert [float(m.max()) for m in scale_maps([weak, strong, other], "density")] == pytest.approx([0.5, 1, 0.4])
    with pytest.raises(ValueError, match="density"):
        scale_maps([weak], "magic")


def test_the_overlay_is_the_shared_one(clf):
    image = left_red(64)
    heatmap = heatmaps(clf, image[None])[0]
    np.testing.assert_array_equal(
        heatmap.overlay(image, 0.3, "cividis"), overlay(image, heatmap.normalised, 0.3, "cividis")
    )


def test_a_saved_map_comes_back_whole(clf, tmp_path):
    heatmap = heatmaps(clf, left_red()[None], target="green")[0]
    loaded = Heatmap.load(heatmap.save(tmp_path / "map.npz"))
    np.testing.assert_array_equal(loaded.raw, heatmap.raw)
    np.testing.assert_array_equal(loaded.probabilities, heatmap.probabilities)
    for name in ("target", "target_name", "status", "layer", "score", "fingerprint", "preprocessing", "source"):
        assert getattr(loaded, name) == getattr(heatmap, name)
    (tmp_path / "bad.npz").write_bytes(b"x")
    with pytest.raises(TableError, match=r"bad\.npz"):
        Heatmap.load(tmp_path / "bad.npz")
