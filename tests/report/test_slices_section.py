"""The report's section on slices and shortcuts."""

import numpy as np

from carvis import Dataset, check_dataset
from carvis.images import write_image
from carvis.language import speaking
from carvis.report.context import Context
from carvis.report.sections.slices import slices
from tests.evaluation.small_evaluations import evaluation


def dark_and_light(tmp_path, n=360):
    """Images of which a third are dark, evaluated by two models: one fails on half of the dark ones, one on all."""
    rng = np.random.default_rng(0)
    rows = {"half": [], "all": []}
    for place in range(n):
        label, dark = "ab"[place % 2], place % 3 == 0
        # Grey, and all of the same contrast: nothing but the brightness tells the dark ones.
        image = np.kron(rng.integers(0, 100, (8, 8, 1)), np.ones((5, 5, 3))) + rng.integers(30) + (0 if dark else 120)
        name = f"test/{label}/{place:03d}.png"
        write_image(tmp_path / "data" / "night" / name, image.astype(np.uint8))
        for model, rate in (("half", 0.5), ("all", 1.0)):
            wrong = dark and rng.random() < rate
            rows[model].append((name, label, (0.9, 0.1) if (label == "a") != wrong else (0.1, 0.9)))
    data = Dataset(tmp_path / "data" / "night")
    images = check_dataset(data).images
    hashes = dict(zip(images["id"], images["bytes"]))
    found = {}
    for model, of_model in rows.items():
        made = evaluation(model, ["a", "b"], of_model, data="night")
        made.predictions["sha256"] = made.predictions["id"].map(hashes)
        found[model] = made
    return data, found


def test_slices_models_images_and_shortcuts_are_shown(tmp_path):
    data, found = dark_and_light(tmp_path)
    section = slices(Context(found, data, {}, tmp_path / "cache"))
    kinds = [block.kind for block in section.blocks]
    assert section.key == "slices" and {"table", "points", "groups", "heading"} <= set(kinds)
    shown = next(block for block in section.blocks if block.kind == "table")
    assert shown.rows[0][0].startswith("dark images (brightness under") and len(shown.rows) == 1
    lines = next(block for block in section.blocks if block.kind == "points").lines
    assert any("all loses" in line and "times as much there as half" in line for line in lines)
    assert any(block.kind == "paragraph" and block.text.startswith("No shortcut") for block in section.blocks)
    with speaking("ja"):
        japanese = slices(Context(found, data, {}, tmp_path / "cache"))
    assert "暗い画像" in next(block for block in japanese.blocks if block.kind == "table").rows[0][0]


def test_without_images_there_is_no_section(tmp_path):
    one = evaluation("one", ["a", "b"], [("1", "a", (0.9, 0.1))])
    assert slices(Context({"one": one}, None, {})) is None
