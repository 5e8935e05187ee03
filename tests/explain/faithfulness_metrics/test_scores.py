import keras
import numpy as np
import pytest

from carvis.classifier import Classifier
from carvis.errors import ModelError
from carvis.explain import Contrast, evidence_swap, faithfulness, heatmaps
from carvis.explain.faithfulness_metrics.deletion_insertion import centred_blob, erase, random_map, trace
from carvis.explain.faithfulness_metrics.sanity_check import randomisation_checks
from carvis.explain.faithfulness_metrics.scores import class_scores, drop_and_increase
from carvis.workspace import Cache

L = keras.layers


def total(batch):
    return batch.sum(axis=(1, 2, 3))


@pytest.fixture(scope="module")
def patch_reader():
    """Reads the red of the top left quarter against the red of all the rest, and knows its own answer well."""
    image = keras.Input((8, 8, 3))
    x = L.Conv2D(2, 4, strides=4, use_bias=False, activation="relu", name="conv")(image)
    x = L.Dense(2, activation="softmax", name="head")(L.Flatten()(x))
    model = keras.Model(image, x)
    kernel = np.zeros((4, 4, 3, 2), np.float32)
    kernel[:, :, 0, 0] = 1 / 16
    kernel[:, :, 1, 1] = 1 / 16
    head = np.zeros((8, 2), np.float32)
    head[0, 0] = 8
    model.set_weights([kernel, head, np.array([-4, 0], np.float32)])
    return Classifier(model, ["here", "elsewhere"], preprocessing="unit", name="patch")


def red_everywhere():
    image = np.zeros((8, 8, 3), np.uint8)
    image[..., 0] = 255
    return image


def test_deletion_and_insertion_worked_by_hand():
    """Sum model: 1.0 whole, 0.3 without the two largest; areas (1 + .3)/4 + .3/4 = .4 and .7/4 + 1.7/4 = .6."""
    image = np.array([[0.4, 0.3], [0.2, 0.1]], np.float32)[..., None]
    curves = trace(total, image, np.zeros_like(image), image[..., 0], steps=2)
    np.testing.assert_allclose(curves.deletion, [1, 0.3, 0], atol=1e-6)
    np.testing.assert_allclose(curves.insertion, [0, 0.7, 1], atol=1e-6)
    assert curves.deletion_area == pytest.approx(0.4) and curves.insertion_area == pytest.approx(0.6)
    assert curves.gain == pytest.approx(0.2)


def test_the_opposite_map_gives_the_opposite_curves():
    image = np.array([[0.4, 0.3], [0.2, 0.1]], np.float32)[..., None]
    curves = trace(total, image, np.zeros_like(image), -image[..., 0], steps=4)
    np.testing.assert_allclose(curves.deletion, [1, 0.9, 0.7, 0.4, 0], atol=1e-6)
    np.testing.assert_allclose(curves.insertion, [0, 0.1, 0.3, 0.6, 1], atol=1e-6)


def test_equal_places_are_erased_in_a_seeded_order_and_not_row_by_row():
    image = np.arange(64, dtype=np.float32).reshape(8, 8, 1)
    first, repeated, second = (trace(total, image, image * 0, np.zeros((8, 8)), 4, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.deletion, repeated.deletion)
    assert not np.array_equal(first.deletion, second.deletion)
    rows = image.sum() - np.cumsum([0, *image.reshape(4, -1).sum(axis=1)])
    assert np.abs(first.deletion - rows).max() > 100


def test_what_is_erased():
    image = np.zeros((10, 10, 1), np.float32)
    image[5:] = 1
    black = np.full_like(image, -1)
    assert erase(image, "mean", black).tolist() == np.full((10, 10, 1), 0.5).tolist()
    np.testing.assert_array_equal(erase(image, "black", black), black)
    blurred = erase(image, "blur", black)
    assert blurred.shape == image.shape and 0.2 < blurred[4, 0, 0] < 0.5 < blurred[5, 0, 0] < 0.8
    assert blurred.mean() == pytest.approx(0.5, abs=1e-6)


def test_the_baselines_know_nothing_of_the_image():
    blob = centred_blob((4, 4))
    np.testing.assert_allclose(blob, blob[::-1, ::-1])
    # The middle of the corner cell is 3/8 from the centre on each axis: exp(-2 (3/8)^2 / (2/16)) = exp(-2.25).
    assert blob[0, 0] == pytest.approx(np.exp(-2.25)) and blob[1, 1] == pytest.approx(np.exp(-0.25))
    assert np.array_equal(random_map((3, 5), 1), random_map((3, 5), 1))


def test_drop_and_increase():
    assert drop_and_increase(0.8, 0.2) == (pytest.approx(0.75), 0.0)
    assert drop_and_increase(0.5, 0.6) == (0.0, 1.0)
    assert drop_and_increase(0.0, 0.0) == (0.0, 0.0)


def test_a_map_of_the_patch_that_is_read_is_better_than_the_baselines(patch_reader):
    image = red_everywhere()
    maps = heatmaps(patch_reader, image[None], method="hirescam")
    assert maps[0].normalised.tolist() == [[1, 0], [0, 0]]
    result = faithfulness(patch_reader, [image], maps, fill="black", steps=4)[0]
    assert result.verdict == "better"
    # A bilinear map erases the quarter that is read first; then softmax(8 r - 4) has fallen from .98 to .02.
    assert result.own.curves.deletion[0] == pytest.approx(1 / (1 + np.exp(-4)), abs=1e-5)
    assert result.own.curves.deletion[2] == pytest.approx(1 / (1 + np.exp(4)), abs=0.05)
    assert result.own.curves.gain > max(trial.curves.gain for trial in result.baselines.values())


def test_a_map_of_another_place_is_not(patch_reader):
    from dataclasses import replace

    image = red_everywhere()
    heatmap = heatmaps(patch_reader, image[None], method="hirescam")[0]
    wrong = replace(heatmap, raw=heatmap.raw[::-1, ::-1].copy())
    result = faithfulness(patch_reader, [image], [wrong], fill="black", randomise=False)[0]
    assert result.verdict == "not-better" and result.randomisation is None
    blank = replace(heatmap, status="constant")
    assert faithfulness(patch_reader, [image], [blank], randomise=False)[0].verdict == "no-evidence"


def test_a_contrast_is_scored_against_its_rival(patch_reader):
    first, second = (class_scores(patch_reader, *pair)(np.ones((1, 8, 8, 3), np.float32)) for pair in ((0, 1), (1, 0)))
    assert first + second == pytest.approx(1)
    image = red_everywhere()
    maps = heatmaps(patch_reader, image[None], target=Contrast(0, 1))
    assert faithfulness(patch_reader, [image], maps, randomise=False)[0].own.curves.deletion[0] > 0.9


def test_random_weights_change_the_map_from_the_top_down_and_leave_the_model_alone(patch_reader):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            L.Conv2D(8, 3, padding="same", activation="relu", name="first"),
            L.Conv2D(8, 3, padding="same", activation="relu", name="second"),
            L.Flatten(),
            L.Dense(5, activation="softmax", name="head"),
        ]
    )
    clf = Classifier(model, list("abcde"), name="small")
    before = [weight.copy() for weight in model.get_weights()]
    maps = heatmaps(clf, image[None])
    check = next(randomisation_checks(clf, [image], maps))
    assert check.layers == ("head", "second", "first") and check.passed
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert next(randomisation_checks(clf, [image], maps)) == check
    # What does not look at the classes cannot notice that the head has forgotten them.
    eigen = heatmaps(clf, image[None], method="eigen-cam")
    assert next(randomisation_checks(clf, [image], eigen)).similarity[0] == pytest.approx(1)


def test_what_was_tested_before_comes_from_the_cache(patch_reader, tmp_path):
    cache = Cache(tmp_path)
    images = [red_everywhere()] * 2
    maps = heatmaps(patch_reader, np.stack(images), target=0) + heatmaps(patch_reader, images[0][None], target=1)
    images.append(images[0])
    calls = []
    watch = lambda done, total: calls.append((done, total))  # noqa: E731
    first = faithfulness(patch_reader, images, maps, cache=cache, progress=watch)
    assert calls[-1] == (3, 3) and calls == sorted(calls)
    calls.clear()
    second = faithfulness(patch_reader, images, maps, cache=cache, progress=watch)
    assert not calls and [item.facts() for item in first] == [item.facts() for item in second]
    assert np.array_equal(first[0].own.curves.deletion, second[0].own.curves.deletion)
    for file in tmp_path.glob("*/*.npz"):
        file.write_bytes(b"torn")
    assert faithfulness(patch_reader, images, maps, cache=cache)[0].facts() == first[0].facts()


def test_a_stop_keeps_what_is_done(patch_reader):
    images = [red_everywhere()] * 3
    maps = heatmaps(patch_reader, np.stack(images))
    for enough, finished in ((2, 2), (1.2, 1), (0.1, 0)):
        stop = lambda done, total, enough=enough: done >= enough  # noqa: E731
        assert len(faithfulness(patch_reader, images, maps, progress=stop)) == finished


def test_a_map_of_another_model_is_refused(patch_reader):
    from dataclasses import replace

    image = red_everywhere()
    foreign = replace(heatmaps(patch_reader, image[None])[0], fingerprint="other")
    with pytest.raises(ModelError, match="the model that made it"):
        faithfulness(patch_reader, [image], [foreign])
    with pytest.raises(ModelError, match="blur, mean, black"):
        faithfulness(patch_reader, [image], [], fill="magic")


def test_evidence_swap_tells_who_needs_what(patch_reader):
    """Two readers of opposite quarters: each loses its confidence by its own map and keeps it by the other's."""
    other = keras.models.clone_model(patch_reader.model)
    weights = [weight.copy() for weight in patch_reader.model.get_weights()]
    weights[1][[0, 6]] = weights[1][[6, 0]]
    other.set_weights(weights)
    classifiers = {"left": patch_reader, "right": Classifier(other, ["here", "elsewhere"], name="right")}
    image = red_everywhere()
    maps = {name: heatmaps(clf, image[None], method="hirescam")[0] for name, clf in classifiers.items()}
    table = evidence_swap(classifiers, image, maps, fill="black", steps=4)
    assert table.loc["left", "left"] == pytest.approx(table.loc["right", "right"])
    assert table.loc["left", "left"] > 0.6 > 0.4 > table.loc["left", "right"]


def test_a_share_of_next_to_no_confidence_is_not_told(patch_reader):
    image = red_everywhere()
    image[4:] = 0
    # The logits are 8 + 4 and -4: the second class has a share of exp(-16).
    sure = keras.models.clone_model(patch_reader.model)
    weights = [weight.copy() for weight in patch_reader.model.get_weights()]
    weights[2] = np.array([4, -4], np.float32)
    sure.set_weights(weights)
    clf = Classifier(sure, ["here", "elsewhere"], name="sure")
    maps = {"sure": heatmaps(clf, image[None], "eigen-cam", target=1)[0]}
    assert maps["sure"].status == "ok"
    assert np.isnan(evidence_swap({"sure": clf}, image, maps).loc["sure", "sure"])
