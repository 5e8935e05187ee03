"""Assumptions checked on images whose classes are known, with models whose answers are worked out by hand."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

import carvis
from carvis.classifier import Classifier
from carvis.dataset import Dataset
from carvis.errors import StoppedError
from carvis.evaluation import stored_check
from carvis.evaluation.assumptions.class_orders import best_order, class_orders, right_under_best_order
from carvis.evaluation.assumptions.trial import p_among_orders
from carvis.images import write_image
from tests.evaluation.assumptions.turned import halves_model, write_turned_images

# Red and green are each below or above 127.5, the middle for tf; torch and caffe have theirs elsewhere.
LOW, HIGH = 126, 137
CLASSES = ["class1", "class10", "class2", "class3"]
LEVELS = [(LOW, LOW), (LOW, HIGH), (HIGH, LOW), (HIGH, HIGH)]


def _images(root, split, per_class=12, names=CLASSES, side=8):
    rng = np.random.default_rng(len(split))
    for name, (red, green) in zip(names, LEVELS, strict=True):
        for i in range(per_class):
            # Noise of mean zero, so that each file is another one.
            noise = rng.integers(-1, 2, (side, side, 3))
            noise[..., :2] -= np.round(noise[..., :2].mean(axis=(0, 1))).astype(int)
            image = np.full((side, side, 3), (red, green, 128)) + noise
            write_image(root / split / name / f"{i}.png", image.astype(np.uint8))
    return Dataset(root)


def _model(signs=((-1, -1), (-1, 1), (1, -1), (1, 1))):
    """The score of a class is the sum of the channels' means with the signs of its levels: right under tf."""
    image = keras.Input((8, 8, 3))
    mean = keras.layers.GlobalAveragePooling2D()(image)
    model = keras.Model(image, keras.layers.Dense(4, activation="softmax")(mean))
    head = np.zeros((3, 4), np.float32)
    head[:2] = 50 * np.array(signs).T
    model.set_weights([head, np.zeros(4, np.float32)])
    return model


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("levels") / "levels"
    _images(root, "train")
    return _images(root, "valid")


def test_a_preprocessing_that_is_clearly_better_is_found(data):
    check = carvis.check_assumptions(Classifier(_model(), CLASSES, preprocessing="unit", name="m"), data, n=48)
    assert check.verdict == "another is better" and check.changes == {"preprocessing": "tf"}
    assert check.n == 48 and check.splits == ("valid",)
    # Under unit all channels are above zero, so that everything is of the last class.
    row = check.table.set_index(["assumption", "value"]).loc[("preprocessing", "tf")]
    assert check.table["right"].iloc[0] == 12 and row["right"] == 48
    # 36 images are right under tf only: 2 * 0.5^36, times the number of alternatives.
    assert row["p"] < 2 * 0.5**36 * len(check.table) * 1.01
    text = check.messages[0]
    assert text.startswith(
        "With preprocessing tf, 48 of 48 images are right; with preprocessing unit, 12 (exact McNemar"
    )
    assert any("--save-card" in message for message in check.messages)
    # Of images that all have the model's size no way to resize can be told.
    assert "resize" not in check.settled and "resize" not in check.rivals
    assert check.settled["preprocessing"] == "tf" and check.settled["class_names"] == CLASSES


def test_the_right_assumption_is_confirmed(data):
    check = carvis.check_assumptions(Classifier(_model(), CLASSES, preprocessing="tf", name="m"), data, n=48)
    assert check.verdict == "as assumed" and not check.changes and not check.warnings
    assert check.settled == {"preprocessing": "tf", "class_names": CLASSES}
    assert "48 of 48" in check.messages[0]
    quick = carvis.check_assumptions(Classifier(_model(), CLASSES, preprocessing="tf"), data, n=48, full=False)
    assert len(quick.table) == 1 and not quick.complete and quick.verdict == "as assumed" and not quick.settled


def test_an_order_that_is_clearly_better_is_found_together_with_the_preprocessing(data):
    # Trained on class1, class2, class3, class10: the outputs are in the order of the numbers.
    signs = [LEVELS[CLASSES.index(name)] for name in ("class1", "class2", "class3", "class10")]
    signs = [tuple(1 if level == HIGH else -1 for level in pair) for pair in signs]
    check = carvis.check_assumptions(Classifier(_model(signs), CLASSES, preprocessing="unit", name="m"), data, n=48)
    assert check.changes == {"preprocessing": "tf", "class_names": ["class1", "class2", "class3", "class10"]}
    assert check.order == "natural"
    assert "preprocessing tf, class order by number (class2 before class10), 48 of 48" in check.messages[0]
    check = carvis.check_assumptions(Classifier(_model(signs), CLASSES, preprocessing="tf", name="m"), data, n=48)
    assert check.changes == {"class_names": ["class1", "class2", "class3", "class10"]}


def test_an_order_without_a_name_is_found(data):
    order = [2, 0, 3, 1]
    signs = [tuple(1 if level == HIGH else -1 for level in LEVELS[i]) for i in order]
    check = carvis.check_assumptions(Classifier(_model(signs), CLASSES, preprocessing="tf", name="m"), data, n=48)
    assert check.order == "fitted" and check.changes == {"class_names": [CLASSES[i] for i in order]}
    # It was found on these very images: a person has to confirm it before it goes into a card.
    assert "class_names" not in check.settled


def test_names_of_another_data_set_are_found(data):
    check = carvis.check_assumptions(Classifier(_model(), list("abcd"), preprocessing="tf", name="m"), data, n=48)
    assert check.table["right"].iloc[0] == 0
    assert check.changes == {"class_names": CLASSES} and check.order == "keras"


def test_an_untrained_model_tells_nothing(tmp_path):
    """Its outputs differ from class to class, and some are right by luck: that is no sign of a preprocessing."""
    rng = np.random.default_rng(0)
    names = [f"class {i:02}" for i in range(12)]
    for name, colour in zip(names, rng.integers(0, 256, (12, 3)), strict=True):
        for i in range(4):
            image = np.clip(rng.integers(-40, 41, (8, 8, 3)) + colour, 0, 255)
            write_image(tmp_path / "train" / name / f"{i}.png", image.astype(np.uint8))
    for seed in range(3):
        keras.utils.set_random_seed(seed)
        image = keras.Input((8, 8, 3))
        x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 3, activation="relu")(image))
        model = keras.Model(image, keras.layers.Dense(12, activation="softmax")(x))
        check = carvis.check_assumptions(Classifier(model, names, name="m"), tmp_path)
        assert check.verdict == "cannot tell" and not check.changes and not check.settled
        assert "too few to determine" in check.messages[0] and check.warnings


def test_how_rarely_an_order_has_as_many_right_by_hand():
    places = np.array([0, 1, 2])
    # One of the six orders of three classes has three right, three have one right, two none; equals count half.
    assert abs(p_among_orders(places, places, 3) - 1 / 12) < 0.02
    assert abs(p_among_orders(places, np.array([0, 2, 1]), 3) - (1 / 6 + 3 / 12)) < 0.02


def test_one_class_for_everything_is_not_better(tmp_path):
    """With 3 images of one class and 40 of another, a constant prediction is mostly right and knows nothing."""
    root = tmp_path / "two"
    for name, n in (("a", 3), ("b", 80)):
        for i in range(n):
            write_image(root / "train" / name / f"{i}.png", np.full((8, 8, 3), 100 + i, np.uint8))
    image = keras.Input((8, 8, 3))
    mean = keras.layers.GlobalAveragePooling2D()(image)
    model = keras.Model(image, keras.layers.Dense(2, activation="softmax")(mean))
    # b where the channels are above zero: always under unit, never under tf for these dark images.
    model.set_weights([np.array([[-50, 50]] * 3, np.float32), np.array([15.0, -15.0], np.float32)])
    check = carvis.check_assumptions(Classifier(model, ["a", "b"], preprocessing="tf", name="m"), root)
    assert not check.changes and check.verdict == "cannot tell"


def test_two_names_swapped_are_never_confirmed(tmp_path):
    root = tmp_path / "levels"
    data = _images(root, "train", per_class=4)
    swapped = ["class10", "class1", "class2", "class3"]
    check = carvis.check_assumptions(Classifier(_model(), swapped, preprocessing="tf", name="m"), data)
    assert "class_names" not in check.settled


def test_resize_is_told_apart(tmp_path):
    """One light pixel in four: nearest takes it alone, bilinear mixes it with three dark ones."""
    root = tmp_path / "pixels"
    for name, on in (("dark", 0), ("light", 225)):
        for i in range(20):
            image = np.full((16, 16, 3), 30, np.uint8)
            image[1::2, 1::2] += on
            image[0, 0] = i
            write_image(root / "train" / name / f"{i}.png", image)
    image = keras.Input((8, 8, 3))
    mean = keras.layers.GlobalAveragePooling2D()(image)
    model = keras.Model(image, keras.layers.Dense(2, activation="softmax")(mean))
    model.set_weights([np.array([[-50, 50]] * 3, np.float32), np.array([75.0, -75.0], np.float32)])
    check = carvis.check_assumptions(
        Classifier(model, ["dark", "light"], preprocessing="unit", resize="bilinear", name="m"), root
    )
    assert check.changes == {"resize": "nearest"}
    assert check.messages[0].startswith("With resize nearest, 40 of 40 images are right; with resize bilinear, 20 ")


def test_images_come_from_test_only_where_there_are_no_others(tmp_path):
    data = _images(tmp_path / "only", "test")
    check = carvis.check_assumptions(Classifier(_model(), CLASSES, preprocessing="tf", name="m"), data, n=40)
    assert check.splits == ("test",) and any("test split" in message for message in check.messages)
    _images(tmp_path / "only", "train", per_class=2)
    check = carvis.check_assumptions(Classifier(_model(), CLASSES, preprocessing="tf"), Dataset(data.root), n=40)
    assert check.splits == ("train",) and check.n == 8


def test_broken_images_and_foreign_classes_stop_nothing(tmp_path):
    data = _images(tmp_path / "some", "train", per_class=2)
    (data.root / "train" / "class1" / "0.png").write_bytes(b"no image")
    (data.root / "train" / "other").mkdir()
    (data.root / "train" / "other" / "0.png").write_bytes(b"no image")
    check = carvis.check_assumptions(Classifier(_model(), CLASSES, preprocessing="tf"), Dataset(data.root))
    assert check.n == 7
    check = carvis.check_assumptions(Classifier(_model(), list("wxyz"), name="m"), data.root)
    assert check.n == 0 or not check.settled


def test_nothing_to_check_on_is_said(tmp_path):
    root = tmp_path / "foreign"
    write_image(root / "train" / "q" / "1.png", np.zeros((8, 8, 3), np.uint8))
    check = carvis.check_assumptions(Classifier(_model(), CLASSES, name="m"), root)
    assert check.n == 0 and check.verdict == "cannot tell" and "foreign has no images" in check.messages[0]


def test_the_sample_is_even_and_the_same_for_a_seed(data):
    clf = Classifier(_model(), CLASSES, preprocessing="tf", name="m")
    first, repeated = (carvis.check_assumptions(clf, data, n=20, seed=3) for _ in range(2))
    assert first.table.equals(repeated.table) and first.n == 20
    # 12 a class lie in validation: more are taken from training.
    assert {len(repeated.table), repeated.n} == {len(first.table), 20}
    assert carvis.check_assumptions(clf, data, n=60).splits == ("valid", "train")


def test_it_stops_when_its_progress_asks_to(data, tmp_path):
    clf = Classifier(_model(), CLASSES, preprocessing="tf", name="m")
    with pytest.raises(StoppedError):
        carvis.check_assumptions(clf, data, n=20, cache=tmp_path, progress=lambda done, total: True)
    assert stored_check(clf, data, tmp_path, n=20) is None


def test_what_was_found_is_kept(data, tmp_path):
    clf = Classifier(_model(), CLASSES, preprocessing="unit", name="m")
    assert stored_check(clf, data, tmp_path) is None
    calls = []
    check = carvis.check_assumptions(clf, data, n=48, cache=tmp_path, progress=lambda *done: calls.append(done))
    assert calls[-1] == (5 * 48, 5 * 48)
    calls.clear()
    repeated = carvis.check_assumptions(clf, data, n=48, cache=tmp_path, progress=lambda *done: calls.append(done))
    assert not calls and repeated.messages == check.messages and repeated.table.equals(check.table)
    assert repeated.changes == check.changes and repeated.settled == check.settled
    assert stored_check(clf, data, tmp_path, n=48).messages == check.messages
    assert stored_check(clf.replace(preprocessing="tf"), data, tmp_path, n=48) is None
    next(tmp_path.rglob("*.json")).write_text("{")
    assert stored_check(clf, data, tmp_path, n=48) is None
    json.dumps(check.to_json())


def test_it_shows_itself_in_a_notebook(data):
    check = carvis.check_assumptions(Classifier(_model(), CLASSES, preprocessing="unit", name="<m>"), data, n=48)
    html = check._repr_html_()
    assert "<table" in html and "&lt;m&gt;" in html and "48 of 48" in html
    assert "another is better" in repr(check)


def test_the_bound_of_time_shortens_the_sample(data):
    clf = Classifier(_model(), CLASSES, preprocessing="tf", name="m")
    assert carvis.check_assumptions(clf, data, n=96, seconds=0).n == 24
    # Beside other work nothing waits for it.
    check = carvis.check_assumptions(clf.replace(preprocessing="unit"), data, n=96, seconds=0, full=False)
    assert check.verdict == "cannot tell" and not check.changes and check.warnings
    assert "not checked" in check.messages[0] and "Check them on page Models" in check.messages[0]


def test_orders_by_hand(tmp_path):
    for name in ("b1", "B10", "b2", "a"):
        write_image(tmp_path / "d" / "train" / name / "1.png", np.zeros((4, 4, 3), np.uint8))
    orders = class_orders(Classifier(_model(), ["B10", "a", "b1", "b2"]), Dataset(tmp_path / "d"))
    # Composed, decomposed and Keras' order are the assumed one here: each order stands once.
    assert orders == {
        "assumed": ["B10", "a", "b1", "b2"],
        "natural": ["a", "b1", "b2", "B10"],
        "caseless": ["a", "b1", "B10", "b2"],
    }


def test_the_best_order_by_hand():
    labels = np.array(["a"] * 3 + ["b"] * 3 + ["c"] * 2, object)
    predicted = np.array([1, 1, 0, 0, 0, 1, -1, 2])
    assert best_order(labels, predicted, ["a", "b", "c", "d"]) == ["b", "a", "c", "d"]


def test_an_order_fitted_to_noise_is_no_better_than_chance():
    rng = np.random.default_rng(0)
    names = [str(i) for i in range(20)]
    labels = np.array(names * 10, object)
    shares = [right_under_best_order(labels, rng.integers(0, 20, 200), names).mean() for _ in range(20)]
    assert abs(np.mean(shares) - 0.05) < 0.02


def test_transparent_images_are_told_apart(tmp_path):
    """What lies under the transparent pixels has the class's levels; what is laid under them is white."""
    root = tmp_path / "clear"
    for name, (red, green) in zip(CLASSES, LEVELS, strict=True):
        (root / "train" / name).mkdir(parents=True)
        for i in range(10):
            image = np.full((8, 8, 4), (red, green, i, 0), np.uint8)
            Image.fromarray(image).save(root / "train" / name / f"{i}.png")
    clf = Classifier(_model(), CLASSES, preprocessing="tf", alpha="on-white", orientation="as-stored", name="m")
    check = carvis.check_assumptions(clf, root)
    assert check.changes == {"alpha": "drop-alpha"} and check.settled["alpha"] == "drop-alpha"
    assert "orientation" not in check.rivals
    assert check.messages[0].startswith("With transparent images drop-alpha, 40 of 40")


def test_turned_images_are_told_apart(tmp_path):
    """The upper half is light in one class and the lower half in the other; the camera was held upside down."""
    root = tmp_path / "turned"
    write_turned_images(root)
    model = halves_model()
    names = ["above", "below"]
    stored = carvis.check_assumptions(Classifier(model, names, orientation="as-stored", name="m"), root)
    assert stored.table["right"].iloc[0] == 40 and not stored.changes and stored.settled["orientation"] == "as-stored"
    # Turned, all are wrong, which another order of two classes would explain as well: either is better, both are told.
    turned = carvis.check_assumptions(Classifier(model, names, orientation="upright", name="m"), root)
    assert turned.table["right"].iloc[0] == 0 and turned.verdict == "another is better"


def test_one_output_is_told_apart(tmp_path):
    """Trained on 0 and 1 without a sigmoid, its middle is a half; as a logit all above zero is the second class.

    2 x - 0.3 is 0.1 and 0.51 under unit, and has one sign for both levels under any other preprocessing.
    """
    root = tmp_path / "one"
    for name, level in (("dark", 51), ("light", 105)):
        for i in range(20):
            image = np.full((8, 8, 3), level, np.uint8)
            image[0, 0] = i
            write_image(root / "train" / name / f"{i}.png", image)
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(image)))
    model.set_weights([np.full((3, 1), 2 / 3, np.float32), np.full(1, -0.3, np.float32)])
    clf = Classifier(model, ["dark", "light"], output="logit", name="m")
    check = carvis.check_assumptions(clf, root)
    row = check.table.set_index(["assumption", "value"]).loc[("output", "probability")]
    assert check.table["right"].iloc[0] == 20 and row["right"] == 40 and row["verdict"] == "clearly better"
    assert check.changes["output"] == "probability"
    # The scores of several outputs have the same largest one, whatever they mean.
    assert "output" not in set(carvis.check_assumptions(Classifier(_model(), CLASSES), root).table["assumption"])
