"""Intervals and values in words, and that the words name exactly the images."""

import numpy as np
import pandas as pd
import pytest

from carvis.dataset import Dataset
from carvis.dataset.parts import Box, DrawnParts, PartBox
from carvis.images import write_image
from carvis.language import localised, speaking
from carvis.subgroups import Condition
from carvis.subgroups.objects import object_facts, object_table
from carvis.subgroups.properties import rounded, together_in_words


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Condition("brightness", high=60), "dark images (brightness under 60)"),
        (Condition("brightness", low=180), "bright images (brightness at least 180)"),
        (Condition("brightness", 60, 90), "images with brightness from 60 to under 90"),
        (Condition("object_share", high=0.1), "images of a small object (object's share of the image under 10 %)"),
        (Condition("size", high=224), "small images (shorter side under 224 px)"),
        (Condition("label", value="Golf"), "images of class Golf"),
        (Condition("tag:blurred", value="yes"), "images tagged blurred"),
        (Condition("season", value="winter"), "images with season winter"),
        (Condition("speed", high=12.5), "images with speed under 12.5"),
    ],
)
def test_a_condition_in_words(condition, words):
    assert condition.images == words


def test_two_conditions_in_both_languages():
    both = together_in_words((Condition("brightness", high=60), Condition("label", value="Golf")))
    assert both == "dark images (brightness under 60) that are also images of class Golf"
    with speaking("ja"):
        assert "60" in localised(both) and "暗い" in localised(both) and "Golf" in localised(both)


def test_the_lower_end_belongs_to_an_interval_and_a_missing_value_to_none():
    table = pd.DataFrame({"brightness": [59.9, 60.0, 89.9, 90.0, np.nan]})
    assert Condition("brightness", 60, 90).holds(table).tolist() == [False, True, True, False, False]
    assert Condition("brightness", high=60).holds(table).tolist() == [True, False, False, False, False]
    labels = pd.DataFrame({"season": ["winter", None, "summer"]})
    assert Condition("season", value="winter").holds(labels).tolist() == [True, False, False]


def test_ends_are_what_the_sentence_says():
    assert rounded("brightness", np.array([59.7])).tolist() == [60]
    assert rounded("object_share", np.array([0.1234])).tolist() == [0.12]
    assert rounded("speed", np.array([1234.0, 0.01234, 0.0, -5.678])).tolist() == [1230, 0.0123, 0, -5.68]


def test_facts_of_an_object_by_hand():
    image = np.full((4, 8, 3), 200, np.uint8)
    mask = np.zeros((4, 8), bool)
    mask[2:4, 4:8] = True
    share, x, y, brightness, saturation = object_facts(image, mask)
    # The centres of its pixels are 4.5 to 7.5 of 8 and 2.5 to 3.5 of 4.
    assert (share, x, y, brightness) == (0.25, 0.75, 0.75, 200) and abs(saturation) < 0.1
    assert object_facts(image, np.zeros((4, 8), bool))[0] == 0


def test_an_object_of_which_only_a_part_was_drawn_has_no_size(tmp_path):
    """The car is half of the image; where nobody drew it yet, its emblem is not the whole object."""
    root = tmp_path / "data" / "cars"
    (root / "test" / "a").mkdir(parents=True)
    for name in ("whole", "begun", "without"):
        write_image(root / "test" / "a" / f"{name}.png", np.full((40, 40, 3), 90, np.uint8))
    data = Dataset(root)
    drawn, emblem = DrawnParts.of(data, tmp_path), PartBox("emblem", Box(0, 0, 4, 4))
    drawn.save("test/a/whole.png", [PartBox("car", Box(0, 0, 40, 20)), emblem])
    drawn.save("test/a/begun.png", [emblem])
    drawn.save("test/a/without.png", [], ["car", "emblem"])
    images = data.samples("test").set_index("id").assign(bytes="-", width=40, height=40)
    shares = object_table(images, drawn.parts("test"))["object_share"]
    assert shares["test/a/whole.png"] == 0.5 and shares["test/a/without.png"] == 0
    assert np.isnan(shares["test/a/begun.png"])
