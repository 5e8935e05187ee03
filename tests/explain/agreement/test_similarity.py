import keras
import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.stats import spearmanr

from carvis.classifier import Classifier
from carvis.dataset import Unreadable
from carvis.errors import ModelError
from carvis.explain import Heatmap, compare_maps, density_difference, disagreements
from carvis.explain.agreement.similarity import earth_movers_distance, rank_correlation, top_overlap

L = keras.layers


def make_heatmap(raw, status="ok"):
    return Heatmap(
        raw=np.array(raw, np.float32),
        status=status,
        target=0,
        target_name="a",
        predicted=0,
        predicted_name="a",
        score=1.0,
        score_kind="logit",
        probabilities=np.array([0.75, 0.25], np.float32),
        class_names=("a", "b"),
        layer="conv",
        method="grad-cam",
        model_name="m",
        fingerprint="f",
        preprocessing="unit",
    )


def corner(row, column, side=5):
    values = np.zeros((side, side))
    values[row, column] = 3
    return values


def test_rank_correlation_is_spearmans():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 6, 7)).round(1)
    assert rank_correlation(first, second) == pytest.approx(
        spearmanr(first.ravel(), second.ravel()).statistic, abs=1e-6
    )
    assert rank_correlation(first, np.exp(first)) == pytest.approx(1)
    assert rank_correlation(first, -first) == pytest.approx(-1)
    assert np.isnan(rank_correlation(first, np.ones((6, 7))))


def test_maps_are_compared_on_the_coarser_grid():
    coarse = np.array([[4, 3], [2, 1]])
    fine = np.kron(coarse, [[1, 3], [1, 3]])
    assert rank_correlation(coarse, fine) == pytest.approx(1)
    assert top_overlap(coarse, fine, 0.25) == 1


def test_top_overlap_worked_by_hand():
    """The top 20 % of ten places are two: here they share one."""
    single = np.array([[9, 8, 0, 0, 0], [0, 0, 0, 0, 0]])
    other = np.array([[9, 0, 8, 0, 0], [0, 0, 0, 0, 0]])
    assert top_overlap(single, single) == 1 and top_overlap(single, other) == 0.5


def test_earth_movers_distance_worked_by_hand():
    # Everything is carried 4 of 5 cells to the right and 3 of 5 down, a distance of 5 cells.
    assert earth_movers_distance(corner(0, 0), corner(3, 4)) == pytest.approx(1.0)
    # Half of it stays.
    assert earth_movers_distance(corner(0, 0), corner(0, 0) + corner(0, 4)) == pytest.approx(0.4)
    assert earth_movers_distance(corner(0, 0), 7 * corner(0, 0)) == pytest.approx(0, abs=1e-6)
    assert np.isnan(earth_movers_distance(corner(0, 0), np.zeros((5, 5))))


def test_earth_movers_distance_is_the_linear_programmes():
    rng = np.random.default_rng(1)
    first, second = rng.random((2, 3, 4))
    places = np.array([((r + 0.5) / 3, (c + 0.5) / 4) for r in range(3) for c in range(4)])
    cost = np.linalg.norm(places[:, None] - places[None], axis=2)
    n = len(places)
    sums = np.concatenate([np.kron(np.eye(n), np.ones(n)), np.kron(np.ones(n), np.eye(n))])
    solution = linprog(cost.ravel(), A_eq=sums, b_eq=np.concatenate([(x / x.sum()).ravel() for x in (first, second)]))
    assert earth_movers_distance(first, second) == pytest.approx(solution.fun, abs=1e-4)


def test_pairs_and_maps_without_evidence():
    table = compare_maps(
        {"a": make_heatmap(corner(0, 0)), "b": make_heatmap(corner(0, 4)), "c": make_heatmap(corner(0, 0), "constant")}
    )
    assert table[["first", "second"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert table.distance[0] == pytest.approx(0.8) and table.loc[1:, "distance"].isna().all()


def test_the_difference_of_densities():
    """Densities 4 at one of four cells each, so the difference is 4 here, -4 there, and 0 elsewhere."""
    first, second = make_heatmap([[5, 0], [0, -9]]), make_heatmap([[0, 0], [0.1, 0]])
    np.testing.assert_allclose(density_difference(first, second), [[4, 0], [-4, 0]])
    assert density_difference(first, make_heatmap(corner(0, 0))).shape == (5, 5)
    np.testing.assert_allclose(density_difference(first, make_heatmap([[1, 1], [1, 1]], "constant")), [[4, 0], [0, 0]])


def colours(name, bias, patch):
    """Answers red, green or blue by mean colour, but looks at one half of the image only."""
    image = keras.Input((4, 4, 3))
    x = L.Conv2D(3, 1, use_bias=False, name="conv")(image)
    model = keras.Model(image, L.Dense(3, activation="softmax")(L.Flatten()(x)))
    head = np.zeros((4, 4, 3, 3), np.float32)
    head[patch] = 5 * np.eye(3)
    model.set_weights([np.eye(3, dtype=np.float32)[None, None], head.reshape(48, 3), np.array(bias, np.float32)])
    return Classifier(model, ["blue", "green", "red"][::-1], preprocessing="unit", name=name)


def test_disagreements_rank_images(make_pictures, tmp_path):
    for label, rgb in {"red": (200, 20, 20), "green": (20, 200, 20)}.items():
        make_pictures(tmp_path / "test" / label, ["a.png", "b.png"], rgb=rgb)
    (tmp_path / "test" / "red" / "broken.png").write_bytes(b"nothing")
    left = colours("left", [0, 0, 0], np.s_[:, :2])
    right = colours("right", [100, 0, 0], np.s_[:, 2:])
    unreadable, calls = Unreadable(), []
    classifiers = {"left": left, "right": right}
    table = disagreements(
        classifiers, tmp_path, unreadable=unreadable, method="hirescam", progress=lambda *n: calls.append(n)
    )
    assert len(table) == 4 and len(unreadable.reasons) == 1 and calls == [(5, 5)]
    reds, greens = table[table.label == "red"], table[table.label == "green"]
    assert set(reds.kind) == {"same-answer"} and set(greens.kind) == {"one-right"} and set(greens.right) == {"left"}
    # One looks at the left half, the other at the right: all evidence is carried by about half an image.
    assert reds.distance.between(0.45, 0.55).all()
    assert table.kind.iloc[:2].tolist() == ["one-right"] * 2
    with pytest.raises(ModelError, match="two or more models"):
        disagreements({"left": left}, tmp_path)


def test_places_without_evidence_are_not_shared():
    assert top_overlap(corner(0, 0, 10), corner(9, 9, 10)) == 0
    assert top_overlap(corner(0, 0, 10), corner(0, 0, 10)) == 1
