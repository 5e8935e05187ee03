"""``concepts`` on a model whose concepts, importances and removals are worked out by hand."""

import json
import shutil
import unicodedata
from dataclasses import replace

import keras
import numpy as np
import pytest
from PIL import Image

import carvis
from carvis import Classifier, Contrast, Dataset, Workspace, attention_on_parts
from carvis.errors import CarvisError, DatasetError, ModelError, StoppedError
from carvis.explain.concepts import (
    ConceptSettings,
    concept_parts,
    concepts,
    confirmed_by_occlusion,
    load_concepts,
    match_concepts,
    match_parts,
    save_concepts,
    save_names,
    split_fingerprint,
    with_names,
)
from carvis.explain.concepts.forward import layer_map
from carvis.explain.keras.head import head_of
from carvis.images import write_image
from carvis.workspace import Cache
from tests.explain.concepts.conftest import WEIGHTS, colour_model, painted, write_shapes

QUARTERS = ConceptSettings(crop=0.5, overlap=0.0, designs=512)


@pytest.fixture(scope="module")
def found(colours, shapes):
    return concepts(colours, shapes, "loud", n=2, settings=QUARTERS)


def test_the_concepts_are_the_two_colours(found, shapes):
    """A quarter of each image is red and a quarter blue: A has the rows (1, 0, 0), (0, 0, 1) and zeros."""
    np.testing.assert_allclose(found.bank, [[1, 0, 0], [0, 0, 1]], atol=1e-4)
    assert found.reconstruction_error == pytest.approx(0, abs=1e-4)
    assert found.position_error == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(found.stability, [1, 1], atol=1e-3)
    assert found.images["id"].tolist() == ["test/loud/0.png", "test/loud/1.png", "test/loud/2.png", "test/quiet/3.png"]


def test_the_importance_of_a_linear_score_is_its_share_of_the_variance(found):
    """The logit is 4 mean(red) + 2 mean(blue), masked m1 + m2 / 2: variances 1 and 1/4 of 5/4."""
    np.testing.assert_allclose(found.importance, [0.8, 0.2], atol=0.01)
    assert found.table["importance"].is_monotonic_decreasing


def test_removing_a_concept_takes_its_term_out_of_the_score(found):
    """Logits (4 x 0.25 + 2 x 0.25, 0.5 - 1.5) = (1.5, -1); without red (0.5, 0), without blue (1, -0.5)."""
    np.testing.assert_allclose(found.images["score"], 1.5, atol=1e-4)
    np.testing.assert_allclose(found.falls, np.tile([1.0, 0.5], (4, 1)), atol=1e-3)
    assert not found.changed.any()
    assert found.right.tolist() == [[True, True]] * 3 + [[False, False]]
    assert found.by_class.loc[("quiet", 0), "accuracy"] == 0
    assert found.by_class.loc[("loud", 1), "uncovered"] == 1


def test_the_crops_are_the_quarters_that_show_the_colour(found, shapes):
    red = found.crops[found.crops["concept"] == 0]
    assert red[["left", "top", "right", "bottom"]].to_numpy().tolist() == [[0, 0, 0.5, 0.5]] * 4
    np.testing.assert_allclose(red["value"], 1, atol=1e-4)
    samples = shapes.samples("test")
    paths = dict(zip(samples["id"], samples["path"], strict=True))
    [(sample, pixels)] = found.crop_images(1, paths, most=1)
    assert (sample, pixels.shape) == ("test/loud/0.png", (10, 10, 3))
    assert (pixels == [0, 0, 255]).all()


def test_the_map_of_a_concept_lies_on_its_colour(found):
    [grid] = found.maps(painted((4, 6), (0, 0))[None])
    assert grid.shape == (20, 20, 2)
    expected = np.zeros((20, 20))
    expected[:4, :6] = 1
    np.testing.assert_allclose(grid[..., 0], expected, atol=1e-4)
    np.testing.assert_allclose(grid[..., 1], 0, atol=1e-4)


def test_a_pair_is_explained_by_the_difference_of_its_scores(colours, shapes):
    pair = concepts(colours, shapes, ("loud", "quiet"), n=2, settings=QUARTERS)
    # Of both classes, so the black image too: the difference is 8 red + 4 blue - 0.5.
    assert len(pair.images) == 5
    np.testing.assert_allclose(
        pair.images["score"], [-0.5 if "black" in i else 2.5 for i in pair.images["id"]], atol=1e-3
    )
    half = concepts(colours, shapes, Contrast("loud", "quiet", 0.5), n=2, settings=QUARTERS)
    np.testing.assert_allclose(half.falls[0], [1.5, 0.75], atol=1e-3)
    assert pair.subject == "loud / quiet"


def test_without_a_class_each_image_counts_for_its_own_prediction(colours, shapes):
    every = concepts(colours, shapes, n=2, settings=QUARTERS)
    assert len(every.images) == 5
    assert every.images["predicted"].tolist().count("quiet") == 1


def test_the_head_gives_the_scores_of_the_whole_model(colours, shapes):
    path = shapes.samples("test")["path"].iloc[0]
    given = layer_map(colours, path, "features")
    outputs = head_of(colours, "features")(given.activations[None], given.size)
    np.testing.assert_allclose(outputs.scores[0], given.activations.mean(axis=(0, 1)) @ WEIGHTS + [0, 0.5], atol=1e-5)
    whole = colours.predict([colours.read_image(path)])
    np.testing.assert_allclose(outputs.probabilities, whole, atol=1e-6)
    # The scores follow the activations given, not the image.
    assert head_of(colours, "features")(given.activations[None] * 2, given.size).scores[0, 0] == pytest.approx(3)


def test_negative_activations_are_split_and_said(shapes):
    clf = Classifier(colour_model(linear=True), ["loud", "quiet"], preprocessing="unit", name="linear")
    found = concepts(clf, shapes, None, n=3, settings=replace(QUARTERS, layer="features"))
    assert found.bank.shape[1] == 6
    assert any("negative values" in note for note in found.notes)
    # Nothing removed: the scores are the model's own.
    path = shapes.samples("test")["path"].iloc[0]
    whole = clf.predict([clf.read_image(path)]).max()
    assert found.images["probability"].iloc[0] == pytest.approx(whole, abs=1e-5)


def test_same_seed_same_bytes_and_the_cache_gives_them_back(colours, shapes, found, tmp_path):
    cache = Cache(tmp_path / "cache")
    first = concepts(colours, shapes, "loud", n=2, settings=QUARTERS, cache=cache)
    calls = []
    again = concepts(colours, shapes, "loud", n=2, settings=QUARTERS, cache=cache, progress=lambda *x: calls.append(x))
    assert not calls
    for name in ("bank", "indices", "falls", "changed", "right", "stability"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
        np.testing.assert_array_equal(getattr(first, name), getattr(found, name))
    for one, other in zip(first.image_maps, again.image_maps, strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.crops.equals(first.crops)
    assert again.notes == first.notes
    assert again.maps(painted((1, 1), (0, 0))[None])[0][0, 0, 0] == pytest.approx(1, abs=1e-4)


def test_saved_concepts_are_read_back_and_belong_to_their_model(colours, shapes, found, tmp_path):
    save_concepts(found.named({0: "red"}), tmp_path / "loud.npz")
    back = load_concepts(tmp_path / "loud.npz")
    assert back.label(0) == "red"
    np.testing.assert_array_equal(back.bank, found.bank)
    with pytest.raises(ModelError, match="without their model"):
        back.maps(painted((1, 1), (0, 0))[None])
    assert len(load_concepts(tmp_path / "loud.npz", colours).maps(painted((1, 1), (0, 0))[None])) == 1
    other = Classifier(colour_model(linear=True), ["loud", "quiet"], preprocessing="unit", name="linear")
    with pytest.raises(ModelError, match="not of linear"):
        load_concepts(tmp_path / "loud.npz", other)
    (tmp_path / "loud.npz").write_bytes(b"PK nothing")
    with pytest.raises(CarvisError, match=r"loud\.npz"):
        load_concepts(tmp_path / "loud.npz")


def test_a_file_that_would_have_names_written_elsewhere_is_not_read(found, tmp_path):
    save_concepts(found, tmp_path / "loud.npz")
    facts = json.loads((tmp_path / "loud.json").read_text())
    facts["setup"]["key"] = "../../../outside"
    (tmp_path / "loud.json").write_text(json.dumps(facts))
    with pytest.raises(CarvisError, match=r"loud\.npz .*damaged"):
        load_concepts(tmp_path / "loud.npz")


def test_names_are_kept_in_the_workspace(found, tmp_path):
    workspace = Workspace(tmp_path)
    assert with_names(workspace, found).names == ("", "")
    file = save_names(workspace, found.named({1: "  blue\ncorner "}))
    assert with_names(workspace, found).names == ("", "blue corner")
    with pytest.raises(CarvisError, match="at most"):
        save_names(workspace, found.named({0: "x" * 61}))
    file.write_text('{"names": 3}', "utf-8")
    with pytest.raises(CarvisError, match=r"\.json"):
        with_names(workspace, found)
    with pytest.raises(ModelError, match="no concept 2"):
        found.named({2: "green"})


def test_concepts_work_as_parts(colours, shapes, found):
    """Painting the red region black costs the logit 1 of 1.5: the softmax of (0.5, 0) instead of (1.5, -1)."""
    parts = concept_parts(found.named({0: "red"}), shapes)
    assert parts.names == ("red", "concept 2")
    masks = parts.masks("test/loud/0.png")
    np.testing.assert_array_equal(masks["red"], painted((10, 10), (0, 0))[..., 0] > 0)
    attention = attention_on_parts(
        colours, shapes, "test", parts, carvis.explain.attention.AttentionSettings(fill="surroundings")
    )
    assert attention.by_part.loc["red", "fall"] > attention.by_part.loc["concept 2", "fall"]
    assert np.isnan(confirmed_by_occlusion(found, attention))
    merged = concept_parts(found.named({0: "square", 1: "square"}), shapes)
    assert merged.names == ("square",)
    assert merged.masks("test/loud/0.png")["square"].sum() == 200
    assert len(concept_parts(found, shapes, every=True)) == 5


def test_concepts_match_the_parts_that_they_are(shapes, found):
    parts = concept_parts(found.named({0: "red", 1: "blue"}), shapes)
    table = match_parts(found, parts).set_index(["concept", "part"])
    assert table.loc[(0, "red"), ["iou", "hit_rate", "n"]].tolist() == [1, 1, 4]
    assert table.loc[(0, "blue"), ["iou", "hit_rate"]].tolist() == [0, 0]
    with pytest.raises(DatasetError, match="annotates none"):
        match_parts(found, parts.only(samples=[]))


def test_what_one_model_has_and_the_other_lacks(shapes, found):
    model = colour_model()
    # Blind to blue.
    kernel = model.get_layer("features").get_weights()[0]
    kernel[..., 2, 2] = 0
    model.get_layer("features").set_weights([kernel])
    blind = Classifier(model, ["loud", "quiet"], preprocessing="unit", name="blind")
    other = concepts(blind, shapes, "loud", n=2, settings=QUARTERS)
    assert len(other) == 1
    assert any("1 of 2 concepts" in note for note in other.notes)
    pairs = match_concepts(found, other)
    assert pairs[["first", "second"]].to_numpy().tolist() == [[0, 0], [1, -1]]
    assert pairs["n"].tolist() == [4, 4]


def test_few_images_and_what_cannot_be_found_are_said(colours, shapes, found):
    assert any("4 images" in note for note in found.notes)
    drawn = concepts(colours, shapes, "loud", n=2, settings=replace(QUARTERS, max_images=2))
    assert len(drawn.images) == 2
    assert any("2 of 4 images were drawn" in note for note in drawn.notes)
    with pytest.raises(ModelError, match="is not a class"):
        concepts(colours, shapes, "silent")
    with pytest.raises(ModelError, match="a pair of two classes"):
        concepts(colours, shapes, ("loud", "loud"))
    with pytest.raises(ModelError, match="power of two"):
        ConceptSettings(designs=48)
    with pytest.raises(ModelError):
        concepts(colours, shapes, "loud", settings=replace(QUARTERS, layer="scores"))
    with pytest.raises(StoppedError):
        concepts(colours, shapes, "loud", n=2, settings=QUARTERS, progress=lambda done, total: done > 50)


def test_the_predictions_of_an_evaluation_are_used(colours, shapes, found, monkeypatch):
    evaluation = carvis.evaluate(colours, shapes, leakage=False, check=False, embeddings=False)
    monkeypatch.setattr(
        "carvis.explain.concepts.forward.predicted_classes", lambda *args: pytest.fail("predicted again")
    )
    again = concepts(colours, shapes, "loud", n=2, settings=QUARTERS, evaluation=evaluation)
    assert again.images["id"].tolist() == found.images["id"].tolist()


def test_tokens_that_lie_on_a_grid_are_a_map(shapes):
    image = keras.Input((20, 20, 3))
    cells = keras.layers.Conv2D(3, 4, 4, use_bias=False, activation="relu", name="patches")(image)
    tokens = keras.layers.Reshape((25, 3), name="tokens")(cells)
    block = keras.layers.LayerNormalization(center=False, scale=False, name="block")(tokens)
    pooled = keras.layers.GlobalAveragePooling1D()(block)
    model = keras.Model(image, keras.layers.Dense(2, activation="softmax")(pooled))
    clf = Classifier(model, ["loud", "quiet"], preprocessing="unit", name="tokens")
    path = shapes.samples("test")["path"].iloc[0]
    given = layer_map(clf, path, "block")
    assert given.activations.shape == (5, 5, 3)
    outputs = head_of(clf, "block")(given.activations[None], given.size)
    np.testing.assert_allclose(outputs.probabilities, clf.predict([clf.read_image(path)]), atol=1e-6)


def test_an_image_that_was_added_since_the_evaluation_is_among_the_images(colours, tmp_path):
    data = write_shapes(tmp_path / "shapes")
    evaluation = carvis.evaluate(colours, data, leakage=False, check=False, embeddings=False)
    write_image(data.root / "test" / "loud" / "9.png", painted((10, 10), (10, 10)))
    found = concepts(colours, Dataset(data.root), "loud", n=2, settings=QUARTERS, evaluation=evaluation)
    assert "test/loud/9.png" in found.images["id"].tolist()


def test_an_image_that_is_replaced_by_one_of_the_same_size_has_other_concepts(colours, tmp_path):
    """Bitmaps of one width and height have one number of bytes."""
    folder = tmp_path / "shapes" / "test" / "loud"
    folder.mkdir(parents=True)
    for name in ("0.bmp", "1.bmp"):
        Image.fromarray(painted((10, 10), (10, 10))).save(folder / name)
    data, cache = Dataset(tmp_path / "shapes"), Cache(tmp_path / "cache")
    first = concepts(colours, data, "loud", n=2, settings=QUARTERS, cache=cache)
    before = (folder / "1.bmp").stat().st_size
    Image.fromarray(painted((20, 20), (0, 0))).save(folder / "1.bmp")
    assert (folder / "1.bmp").stat().st_size == before
    again = concepts(colours, Dataset(data.root), "loud", n=2, settings=QUARTERS, cache=cache)
    assert again.key != first.key and again.images["score"].tolist() != first.images["score"].tolist()


def test_a_copy_of_the_images_has_the_same_concepts_and_names(colours, tmp_path):
    data = write_shapes(tmp_path / "shapes")
    copy = shutil.copytree(data.root, tmp_path / "copy", copy_function=shutil.copyfile)
    assert split_fingerprint(Dataset(copy), "test") == split_fingerprint(data, "test")


def test_a_class_spelled_with_other_characters_is_the_same(tmp_path):
    """File systems may take an accented letter apart, and models name it so."""
    apart = unicodedata.normalize("NFD", "für")
    for place in range(2):
        write_image(tmp_path / "test" / "für" / f"{place}.png", painted((10, 10), (10, 10)))
    clf = Classifier(colour_model(), [apart, "quiet"], preprocessing="unit", name="apart")
    found = concepts(clf, Dataset(tmp_path), 0, n=2, settings=QUARTERS)
    assert found.images["right"].all()
