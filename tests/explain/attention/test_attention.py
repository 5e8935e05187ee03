"""Attention on parts: a hand-set model whose answers are worked out on paper, and the demo's planted backdrop."""

import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from carvis import __version__
from carvis.classifier import Classifier, load_classifier
from carvis.dataset import Dataset
from carvis.dataset.parts import read_parts
from carvis.errors import DatasetError, ModelError
from carvis.explain import attention_on_parts
from carvis.explain.attention import Attention, AttentionSettings, load_attention
from carvis.images import write_image
from carvis.workspace import Cache, content_hash

L = keras.layers
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def red_or_not():
    """Logits 3 x mean red and 1 (the bias): a red patch of a quarter of the image gives 0.75 against 1."""
    image = keras.Input((8, 8, 3))
    x = L.Conv2D(1, 1, use_bias=False, name="conv")(image)
    model = keras.Model(image, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    kernel = np.array([1, 0, 0], np.float32).reshape(1, 1, 3, 1)
    model.set_weights([kernel, np.array([[3.0, 0]], np.float32), np.array([0, 1], np.float32)])
    return Classifier(model, ["red", "other"], preprocessing="unit", name="red or not")


@pytest.fixture
def patches(tmp_path):
    """Black images with a red left half and part 1 on it; one is not annotated, one has a broken mask."""
    image = np.zeros((8, 8, 3), np.uint8)
    image[:, :4, 0] = 255
    mask = np.zeros((8, 8), np.uint8)
    mask[:, :4] = 1
    for label in ("red", "other"):
        for number in range(3):
            write_image(tmp_path / "test" / label / f"{number}.png", image)
            if (label, number) != ("other", 2):
                place = tmp_path / "masks" / "test" / label / f"{number}.png"
                place.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(mask).save(place)
    (tmp_path / "masks" / "test" / "other" / "1.png").write_bytes(b"no picture")
    (tmp_path / "masks" / "parts.json").write_text('["ground", "patch", "never"]')
    return Dataset(tmp_path)


def softmax(a, b):
    return float(np.exp(a) / (np.exp(a) + np.exp(b)))


def test_shares_pointing_falls_and_controls(red_or_not, patches):
    """Red is 0.5 on average, so the logits are 1.5 and 1. The map is the red half alone; covered in its surroundings,
    which are black, the answer turns to the other class, whose logits are 0 and 1."""
    attention = attention_on_parts(red_or_not, patches, "test", read_parts(patches.root / "masks", patches))
    assert attention.skipped == {"not annotated": 1, "unreadable": 1} and len(attention.problems) == 1
    assert attention.complete and attention.occluded and not attention.without_evidence
    assert len(attention.table) == 4
    before, after = softmax(1.5, 1), softmax(0, 1)
    row = attention.table.iloc[0]
    assert (row["id"], row["predicted"], row["status"]) == ("test/other/0.png", "red", "ok")
    assert row["probability"] == pytest.approx(before, abs=1e-6) and not row["right"]
    assert (row["area:patch"], row["share:patch"], row["point:patch"]) == (0.5, 1, 1)
    assert (row["area:ground"], row["share:ground"], row["point:ground"]) == (0.5, 0, 0)
    assert row["fall:patch"] == pytest.approx(before - after, abs=1e-6)
    assert (row["changed:patch"], row["right:patch"]) == (1, 1)
    # Elsewhere the shape covers some red and some black; what it leaves of the part is told.
    assert row["control:patch"] < row["fall:patch"] and 0 <= row["overlap:patch"] < 1
    assert row["area:never"] == 0 and np.isnan(row["fall:never"])

    parts = attention.by_part
    assert list(parts.index) == ["ground", "patch", "never"]
    assert (parts.loc["patch", "lift"], parts.loc["patch", "pointing"], parts.loc["patch", "n"]) == (2, 1, 4)
    assert np.isnan(parts.loc["never", "share"])
    assert attention.by_class.loc[("red", "patch"), "fall"] == pytest.approx(before - after, abs=1e-6)
    accuracy = attention.accuracy
    assert (accuracy.loc["", "accuracy"], accuracy.loc["", "n"]) == (0.75, 4)
    # Covered, the one "other" image is right and the three red ones are wrong: Wilson's interval of 1 in 4.
    assert accuracy.loc["patch", ["accuracy", "low", "high"]].tolist() == pytest.approx(
        [0.25, 0.0456, 0.6994], abs=1e-4
    )


def test_the_true_class_as_target_and_maps_without_evidence(red_or_not, patches):
    """For "other" the score does not depend on the image: no map, which is counted and in no mean."""
    attention = attention_on_parts(
        red_or_not,
        patches,
        "test",
        read_parts(patches.root / "masks", patches),
        AttentionSettings(target="true", occlude=False),
    )
    assert attention.without_evidence == {"zero-gradient": 1} and not attention.occluded
    assert attention.by_part.loc["patch", "share"] == 1
    other = attention.table.set_index("id").loc["test/other/0.png"]
    assert other["target"] == "other" and np.isnan(other["share:patch"]) and np.isnan(other["fall:patch"])
    assert np.isnan(attention.by_class.loc[("other", "patch"), "share"])
    assert attention.outliers().empty


def test_batches_do_not_change_it_and_the_work_can_be_stopped(red_or_not, patches):
    parts = read_parts(patches.root / "masks", patches)
    whole = attention_on_parts(red_or_not, patches, "test", parts)
    single = attention_on_parts(red_or_not, patches, "test", parts, batch_size=1)
    pd.testing.assert_frame_equal(whole.table, single.table, atol=1e-6)
    calls = []
    stopped = attention_on_parts(
        red_or_not, patches, "test", parts, batch_size=2, progress=lambda *at: calls.append(at) or len(calls) == 2
    )
    assert calls == [(2, 5), (4, 5)] and not stopped.complete and 0 < len(stopped.table) < 4


def test_a_result_is_kept_by_what_made_it(red_or_not, patches, tmp_path):
    parts, cache = read_parts(patches.root / "masks", patches), Cache(tmp_path / "cache")
    attention = attention_on_parts(red_or_not, patches, "test", parts, cache=cache)
    calls = []
    repeated = attention_on_parts(
        red_or_not, patches, "test", parts, cache=cache, progress=lambda *at: calls.append(at)
    )
    assert not calls
    pd.testing.assert_frame_equal(attention.table, repeated.table)
    pd.testing.assert_frame_equal(attention.by_part, repeated.by_part)
    assert (attention.skipped, attention.problems, attention.setup, attention.parts) == (
        repeated.skipped,
        repeated.problems,
        repeated.setup,
        repeated.parts,
    )
    attention_on_parts(
        red_or_not,
        patches,
        "test",
        parts,
        AttentionSettings(fill="grey"),
        cache=cache,
        progress=lambda *at: calls.append(at),
    )
    assert calls
    # A damaged file is made anew; a stopped run is not kept.
    for file in (tmp_path / "cache").rglob("*.parquet"):
        file.write_bytes(b"damaged")
    calls.clear()
    attention_on_parts(red_or_not, patches, "test", parts, cache=cache, progress=lambda *at: calls.append(at))
    assert calls


def test_results_of_earlier_versions_are_still_read(red_or_not, patches, tmp_path):
    """They say "left_out" and "cover", and their names in the cache have not changed."""
    parts, cache = read_parts(patches.root / "masks", patches), Cache(tmp_path / "cache")
    attention = attention_on_parts(red_or_not, patches, "test", parts, AttentionSettings(seed=3), cache=cache)
    [path] = (tmp_path / "cache").rglob("*.json")
    key = content_hash(
        "attention", 3, __version__, [red_or_not.fingerprint, red_or_not.class_names], [patches.fingerprint, "test"],
        parts.fingerprint,
        {"method": "grad-cam", "target": "predicted", "layer": None, "score": "logit", "cover": True,
         "fill": "surroundings", "tolerance": 0.0, "seed": 3},
    )  # fmt: skip
    assert path.stem == key
    facts = json.loads(path.read_text())
    facts["left_out"], facts["setup"]["cover"] = facts.pop("skipped"), facts["setup"].pop("occlude")
    path.write_text(json.dumps(facts))
    reloaded = load_attention(cache, key)
    assert reloaded.skipped == attention.skipped and reloaded.occluded
    pd.testing.assert_frame_equal(reloaded.table, attention.table)


def test_invalid_settings_are_one_sentence(red_or_not, patches):
    parts = read_parts(patches.root / "masks", patches)
    with pytest.raises(ModelError, match="magic is not a heatmap method"):
        attention_on_parts(red_or_not, patches, "test", parts, AttentionSettings("magic"))
    with pytest.raises(ModelError, match="blue is not a target"):
        AttentionSettings(target="blue")
    with pytest.raises(ModelError, match="paint is not a fill"):
        AttentionSettings(fill="paint")
    with pytest.raises(DatasetError, match="train"):
        attention_on_parts(red_or_not, patches, "train", parts)


@pytest.fixture(scope="module")
def demo() -> dict[str, Attention]:
    """What the shipped models make of some parts of six images a class."""
    data = Dataset(ROOT / "data" / "demo")
    samples = data.samples("test").groupby("label").head(6)["id"]
    parts = read_parts(data.root / "masks", data).only(["background", "grille", "emblem"], samples)
    names = ("demo_own", "demo_transfer", "demo_fine-tune")
    models = {name: load_classifier(ROOT / "models" / f"{name}.keras") for name in names}
    return {name: attention_on_parts(clf, data, "test", parts) for name, clf in models.items()}


def test_the_class_with_the_planted_backdrop_is_found(demo):
    """The own model fell for it and is caught first of all; the others, taught on other makes before, did not, which
    the causal twin shows: without the backdrop they name the class no worse."""
    planted = json.loads((ROOT / "data" / "demo" / "truth.json").read_text())["showroom"]["class"]
    outliers = demo["demo_own"].outliers()
    assert outliers.loc[0, ["label", "part", "kind"]].tolist() == [planted, "background", "both"]
    assert not ((outliers["part"] == "background") & (outliers["label"] != planted)).any()
    own = demo["demo_own"].by_class.loc[(planted, "background")]
    assert own["lift"] > 1 and own["fall"] > 0.7 and own["net"] > 0.2 and own["changed"] > 0.9
    for name in ("demo_transfer", "demo_fine-tune"):
        assert demo[name].by_class.loc[(planted, "background"), "fall"] < 0.15
        assert not (demo[name].outliers()["part"] == "background").any()


def test_the_fine_tuned_model_needs_the_grille_more_than_the_emblem(demo):
    parts = demo["demo_fine-tune"].by_part
    assert parts["net"].idxmax() == "grille"
    assert parts.loc["emblem", "net low"] > 0 and parts.loc["emblem", "lift"] > 2
    accuracy = demo["demo_fine-tune"].accuracy
    assert accuracy.loc["grille", "high"] < accuracy.loc["emblem", "low"] < accuracy.loc["", "accuracy"]
