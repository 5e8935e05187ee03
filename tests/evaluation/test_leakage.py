"""The accuracy without images that have a copy in training."""

import shutil

import numpy as np
import pytest

from carvis.classifier import Classifier, ModelCard
from carvis.dataset import Dataset
from carvis.evaluation import Leak, evaluate, load_evaluation
from carvis.evaluation.metrics import wilson_interval
from carvis.images import write_image


@pytest.fixture(scope="module")
def bright():
    """Answers "light" where the mean is above the middle, "dark" below."""
    import keras

    inputs = keras.Input((8, 8, 3))
    outputs = keras.layers.Dense(2, activation="softmax")(keras.layers.GlobalAveragePooling2D()(inputs))
    model = keras.Model(inputs, outputs)
    kernel = np.array([[9.0, -9.0]] * 3, np.float32)
    model.set_weights([kernel, np.array([-13.5, 13.5], np.float32)])
    return Classifier(model, ["light", "dark"], preprocessing="unit", name="bright")


def noise(seed: int, level: int) -> np.ndarray:
    blocks = np.random.default_rng(seed).integers(-40, 41, (8, 8, 3)) + level
    return np.kron(blocks, np.ones((4, 4, 1))).astype(np.uint8)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """40 test images: 8 are also in train and named rightly, of the other 32 the first 8 are in the wrong folder."""
    root = tmp_path_factory.mktemp("leak") / "lamps"
    for seed in range(40):
        label = "dark" if 8 <= seed < 16 else "light"
        path = write_image(root / "test" / label / f"{seed}.png", noise(seed, 200))
        if seed < 8:
            (root / "train" / "light").mkdir(parents=True, exist_ok=True)
            shutil.copy(path, root / "train" / "light" / f"also {seed}.png")
    write_image(root / "train" / "dark" / "other.png", noise(99, 60))
    return root


def test_accuracy_without_copies(bright, root, tmp_path):
    evaluation = evaluate(bright, root, cache=tmp_path / "cache")
    assert evaluation.accuracy == 32 / 40
    leak = evaluation.leak
    assert leak == Leak(copies=8, exact=8, clean=32, correct=24)
    assert leak.measurable and leak.accuracy == 24 / 32 and leak.interval == wilson_interval(24, 32)
    twins = evaluation.predictions.set_index("id")["copy_of"]
    assert twins["test/light/3.png"] == "train/light/also 3.png" and twins["test/dark/9.png"] == ""
    reloaded = load_evaluation(evaluation.save(tmp_path / "out"), root=root)
    assert reloaded == evaluation and reloaded.leak == leak


def test_a_model_trained_on_other_images(bright, root):
    """Copies in this data set's training images say nothing of what the model knows."""
    card = ModelCard(dataset="lanterns", dataset_fingerprint="another")
    other = Classifier(bright.model, ["light", "dark"], preprocessing="unit", name="bright", card=card)
    evaluation = evaluate(other, root)
    assert evaluation.leak is None and "trained on lanterns" in " ".join(evaluation.setup["notes"])
    # The same images under another name are the same.
    card.dataset_fingerprint = Dataset(root).fingerprint
    assert evaluate(other, root).leak is not None


def test_two_spellings_of_one_name_and_an_image_that_vanishes(bright, root, tmp_path):
    place = shutil.copytree(root, tmp_path / "lamps")
    for name in ("caf\u00e9.png", "cafe\u0301.png"):
        write_image(place / "test" / "light" / name, noise(7, 210))
        write_image(place / "train" / "light" / name, noise(8, 210))
    data = Dataset(place)
    data.samples("train")
    (place / "train" / "light" / "also 3.png").unlink()
    leak = evaluate(bright, data).leak
    assert leak.copies >= 7


def test_where_it_is_not_known(bright, root, tmp_path):
    without = evaluate(bright, root, leakage=False)
    with pytest.warns(DeprecationWarning, match="leakage="):
        assert evaluate(bright, root, copies=False).leak is None
    assert without.leak is None and "copy_of" not in without.predictions
    assert load_evaluation(without.save(tmp_path / "out"), root=root) == without
    assert evaluate(bright, root, "train").leak is None
    shutil.copytree(root / "test", tmp_path / "alone" / "test")
    assert evaluate(bright, tmp_path / "alone").leak is None


def test_few_clean_images_are_no_measure():
    leak = Leak(copies=572, exact=572, clean=29, correct=20)
    assert not leak.measurable and leak.accuracy is None and leak.interval is None
    assert str(leak) == "not measurable: make a leak-free split"
    assert "Too few are left to measure" in leak.warning("m")
    assert str(Leak(0, 0, 100, 75)) == "75.0% (95 % CI 65.7% to 82.5%)"
    assert Leak(1, 0, 100, 75).warning("m") == (
        "Leakage: 1 of 101 images is also in training, exactly or nearly. Without them the accuracy of m is 75.0% "
        "(95 % CI 65.7% to 82.5%)."
    )


def test_the_second_model_looks_for_no_copies_again(bright, root, monkeypatch):
    from carvis.evaluation import leakage

    first = evaluate(bright, root)
    monkeypatch.setattr(leakage, "check_dataset", lambda *more, **named: pytest.fail("looked again"))
    assert evaluate(bright, root).leak == first.leak
