"""Several assumptions that explain the same images, and which of them is taken."""

import keras
import numpy as np

import carvis
from carvis.classifier import Classifier
from carvis.evaluation.assumptions.rows import Row, simplest
from carvis.images import write_image
from tests.evaluation.assumptions.turned import halves_model, write_turned_images


def test_two_explanations_that_fit_alike_are_both_told(tmp_path):
    """Dark and light in the wrong order, or dark and light turned about: either makes all right."""
    root = tmp_path / "two"
    write_turned_images(root)
    model = halves_model()
    check = carvis.check_assumptions(Classifier(model, ["above", "below"], orientation="upright", name="m"), root)
    assert check.verdict == "another is better" and not check.changes and not check.settled and check.warnings
    assert check.messages[0].startswith("As assumed, 0 of 40 images are right. Each of these is clearly better, but")
    assert "EXIF orientation as-stored (40 right)" in check.messages[0] and "class order" in check.messages[0]


def test_preprocessing_and_class_order_that_fit_alike_are_both_told(tmp_path):
    """Under unit the two outputs change places: the other order explains what another preprocessing does."""
    root = tmp_path / "two"
    for name, level in (("dark", 100), ("light", 150)):
        for i in range(20):
            image = np.full((8, 8, 3), level, np.uint8)
            image[0, 0] = i
            write_image(root / "train" / name / f"{i}.png", image)
    image = keras.Input((8, 8, 3))
    mean = keras.layers.GlobalAveragePooling2D()(image)
    hidden = keras.layers.Dense(2, activation="relu")(mean)
    model = keras.Model(image, keras.layers.Dense(2, activation="softmax")(hidden))
    # |x - 0.5| is larger for dark under tf (-0.2, 0.2) and for light under unit (0.4, 0.6 above 0.3).
    model.set_weights(
        [
            np.array([[1 / 3, -1 / 3]] * 3, np.float32),
            np.array([-0.3, 0.0], np.float32),
            np.array([[50.0, -50.0], [50.0, -50.0]], np.float32),
            np.array([-10.0, 10.0], np.float32),
        ]
    )
    check = carvis.check_assumptions(Classifier(model, ["dark", "light"], preprocessing="unit", name="m"), root)
    table = check.table.set_index(["assumption", "value"])
    assert table["right"].iloc[0] == 0 and table.loc[("class_names", "fitted"), "right"] == 40
    assert table.loc[("preprocessing", "tf"), "right"] == 40
    assert check.verdict == "another is better" and not check.changes
    assert "preprocessing tf (40 right)" in check.messages[0] and "class order" in check.messages[0]


def test_a_simpler_change_goes_before_one_that_changes_more():
    first = Row({}, {}, np.zeros(40, bool))
    right = np.ones(40, bool)
    nearly = right.copy()
    nearly[0] = False
    tf = Row({"preprocessing": "tf"}, {"preprocessing": "unit"}, nearly, first)
    both = Row({"preprocessing": "tf", "class_names": "natural"}, {}, right, first)
    order = Row({"class_names": "natural"}, {}, np.arange(40) < 20, first)
    assert simplest([tf, both, order]) == [tf]
