"""Few images, few or many classes, unequal ones, broken images, outputs of NaN: a sentence and no crash."""

import keras
import numpy as np

import carvis
from carvis.classifier import Classifier
from carvis.dataset import Dataset
from carvis.images import write_image
from tests.evaluation.assumptions.models import light_or_dark


def _two_class_data(root, dark, light, split="train"):
    for name, level, n in (("dark", 30, dark), ("light", 220, light)):
        for i in range(n):
            image = np.full((8, 8, 3), level, np.uint8)
            image[0, 0] = i % 256, i // 256, 0
            write_image(root / split / name / f"{i}.png", image)
    return Dataset(root)


def test_nine_of_ten_images_of_one_class(tmp_path):
    """Half the sample is of the rare class as far as it goes, so that a constant prediction does not look right."""
    data = _two_class_data(tmp_path / "rare", 270, 30)
    clf = Classifier(light_or_dark(), ["dark", "light"], name="m")
    check = carvis.check_assumptions(clf, data)
    assert not check.changes and set(check.rivals) == {"preprocessing"} and check.n == 200 and not check.warnings
    swapped = carvis.check_assumptions(clf.replace(class_names=["light", "dark"]), data)
    assert swapped.verdict == "another is better"
    # Always dark: right as often as dark is there, which tells nothing.
    constant = light_or_dark()
    constant.set_weights([np.zeros((3, 2), np.float32), np.array([9.0, 0.0], np.float32)])
    check = carvis.check_assumptions(Classifier(constant, ["dark", "light"], name="m"), data)
    assert check.verdict == "cannot tell" and not check.changes and check.warnings


def test_one_image_tells_nothing(tmp_path):
    data = _two_class_data(tmp_path / "single", 1, 0)
    check = carvis.check_assumptions(Classifier(light_or_dark(), ["dark", "light"], name="m"), data)
    assert check.n == 1 and check.verdict == "cannot tell" and len(check.messages) == 1 and check.warnings
    quick = carvis.check_assumptions(Classifier(light_or_dark(), ["dark", "light"], name="m"), data, full=False)
    assert quick.verdict == "cannot tell"


def test_a_hundred_classes(tmp_path):
    names = [f"c{i:03}" for i in range(100)]
    for i, name in enumerate(names):
        for j in range(2):
            image = np.full((4, 4, 3), (25 * (i // 10) + 12, 25 * (i % 10) + 12, j), np.uint8)
            write_image(tmp_path / "hundred" / "train" / name / f"{j}.png", image)
    image = keras.Input((4, 4, 3))
    mean = keras.layers.GlobalAveragePooling2D()(image)
    model = keras.Model(image, keras.layers.Dense(100, activation="softmax")(mean))
    # The nearest of the grid's middles: 2 m x - m^2 for both channels.
    middles = np.array([[25 * (i // 10) + 12, 25 * (i % 10) + 12] for i in range(100)]) / 255
    head = np.vstack([2 * middles.T, np.zeros((1, 100))])
    model.set_weights([1000 * head.astype(np.float32), -1000 * (middles**2).sum(axis=1).astype(np.float32)])
    check = carvis.check_assumptions(Classifier(model, names, name="m"), tmp_path / "hundred")
    assert check.verdict == "as assumed" and check.settled["class_names"] == names
    wrong = carvis.check_assumptions(Classifier(model, names, preprocessing="tf", name="m"), tmp_path / "hundred")
    assert wrong.changes == {"preprocessing": "unit"}


def test_images_that_cannot_be_read_and_outputs_that_are_nan_are_one_sentence(tmp_path):
    folder = tmp_path / "broken" / "train" / "dark"
    folder.mkdir(parents=True)
    for i in range(3):
        (folder / f"{i}.png").write_bytes(b"no image")
    clf = Classifier(light_or_dark(), ["dark", "light"], name="m")
    for full in (True, False):
        check = carvis.check_assumptions(clf, tmp_path / "broken", full=full)
        assert check.n == 0 and check.verdict == "cannot tell"
        assert [str(message) for message in check.messages] == [
            "None of the images tried from broken can be read: the assumptions about m cannot be checked."
        ]
    nan = light_or_dark()
    nan.set_weights([np.full((3, 2), np.nan, np.float32), np.zeros(2, np.float32)])
    data = _two_class_data(tmp_path / "fine", 4, 4)
    for full in (True, False):
        check = carvis.check_assumptions(
            Classifier(nan, ["dark", "light"], output="probability", name="m"), data, full=full
        )
        assert len(check.messages) == 1 and "NaN or infinity" in check.messages[0] and check.warnings
        assert carvis.evaluation.AssumptionCheck.from_json(check.to_json()).messages == check.messages
