"""Transparent images among many others are found and looked at by themselves."""

import numpy as np
from PIL import Image

import carvis
from carvis.classifier import Classifier
from carvis.dataset import Dataset
from carvis.evaluation.assumptions.sample import choose_special
from tests.evaluation.assumptions.models import light_or_dark


def _few_transparent(root, n, transparent):
    """Dark and light images; of the transparent light ones nothing is opaque, and black lies under it."""
    for name, level in (("dark", 30), ("light", 220)):
        folder = root / "train" / name
        folder.mkdir(parents=True)
        for i in range(n // 2):
            image = np.full((8, 8, 4), (level, level, i % 256, 255), np.uint8)
            if name == "light" and i < transparent:
                image[:] = (0, 0, i, 0)
            image[0, 0, 2] = i // 256
            kind = "RGBA" if name == "light" and i < transparent else "RGB"
            Image.fromarray(image).convert(kind).save(folder / f"{i:04}.png")
    return Dataset(root)


def test_a_few_transparent_images_among_many_are_found(tmp_path):
    data = _few_transparent(tmp_path / "few", 1000, 30)
    facts = {"alpha": "drop-alpha", "orientation": "as-stored", "name": "m"}
    clf = Classifier(light_or_dark(), ["dark", "light"], **facts)
    for full in (True, False):
        check = carvis.check_assumptions(clf, data, full=full)
        assert check.changes == {"alpha": "on-white"} and check.n == 200
        assert check.settled["alpha"] == "on-white"
        # In an even sample of 200 some six are transparent: too few for p < 0.001, which takes 30.
        assert (
            "With transparent images on-white, 30 of 30 images are right; with transparent images drop-alpha, 0"
            in (check.messages[0])
        )
    right = carvis.check_assumptions(clf.replace(alpha="on-white"), data)
    # So dark and so light are told apart under several preprocessings.
    assert not right.changes and set(right.rivals) == {"preprocessing"} and right.settled["alpha"] == "on-white"
    assert carvis.check_assumptions(clf.replace(alpha="on-white"), data, full=False).verdict == "as assumed"


def test_the_search_for_transparent_images_is_bounded(tmp_path):
    data = _few_transparent(tmp_path / "few", 400, 120)
    tables = choose_special(data, ["train"], {"dark", "light"}, 0)
    assert len(tables["alpha"]) == 100 and not len(tables["orientation"])
    assert len(choose_special(data, ["train"], {"dark", "light"}, 0, files=100)["alpha"]) < 60
    assert not len(choose_special(data, ["train"], {"dark", "light"}, 0, seconds=-1)["alpha"])


def test_what_seems_better_is_tried_on_more_images(tmp_path):
    """Of the light images a tenth is darker, right under none but unit: too few among 60, enough among 180."""
    rng = np.random.default_rng(0)
    for name, n in (("dark", 120), ("light", 120)):
        (tmp_path / "d" / "train" / name).mkdir(parents=True)
        for i in range(n):
            level = 30 if name == "dark" else 140 if i % 5 == 0 else 250
            image = np.full((8, 8, 3), level, np.uint8)
            image[0, 0] = rng.integers(0, 256, 3)
            Image.fromarray(image).save(tmp_path / "d" / "train" / name / f"{i:03}.png")
    clf = Classifier(light_or_dark(), ["dark", "light"], preprocessing="tf", name="m")
    few = carvis.check_assumptions(clf, tmp_path / "d", n=100)
    # Under tf the 24 images of level 140 are dark: some ten of 100 could be chance, the 24 of 240 are not.
    assert few.n == 240 and few.verdict == "another is better" and few.table["right"].iloc[0] == 216
    assert carvis.check_assumptions(clf, tmp_path / "d", n=40).n in (40, 120)
