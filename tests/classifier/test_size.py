"""Models that resize or crop images themselves: images go in as they are, and heatmaps lie on the right place."""

import keras
import numpy as np
import pytest

from carvis.classifier import load_classifier, read_card, save_classifier
from carvis.classifier.card import ModelCard, write_card
from carvis.classifier.classifier import Classifier
from carvis.errors import ImageError, ModelError
from carvis.explain import activations, heatmaps
from carvis.images import write_image

L, ops = keras.layers, keras.ops
OPEN = (None, None, 3)
RNG = np.random.default_rng(5)
IMAGES = [
    RNG.integers(0, 256, (*size, 3)).astype(np.uint8) for size in ((40, 60), (90, 50), (40, 60), (32, 32), (20, 26))
]


def spotting(*steps, shape=OPEN) -> keras.Model:
    """Return a model whose one convolution passes red on, and whose class 1 is its mean: it looks where it is red."""
    image = keras.Input(shape)
    x = image
    for step in steps:
        x = step(x)
    x = L.Conv2D(1, 1, name="conv", use_bias=False)(x)
    scores = L.Dense(2, "softmax", name="scores")(L.GlobalAveragePooling2D()(x))
    model = keras.Model(image, scores)
    model.get_layer("conv").set_weights([np.array([1.0, -0.5, -0.5], np.float32).reshape(1, 1, 3, 1)])
    model.get_layer("scores").set_weights([np.array([[-4.0, 4.0]], np.float32), np.zeros(2, np.float32)])
    return model


SCALED = L.Rescaling(1 / 255)
RESIZING = {
    "resizing": lambda: [L.Resizing(32, 32), SCALED],
    "nearest": lambda: [L.Resizing(32, 32, interpolation="nearest"), SCALED],
    "bicubic": lambda: [L.Resizing(24, 32, interpolation="bicubic"), SCALED],
    "to_aspect_ratio": lambda: [L.Resizing(32, 32, crop_to_aspect_ratio=True), SCALED],
    "padded": lambda: [L.Resizing(32, 32, pad_to_aspect_ratio=True), SCALED],
    "cropped": lambda: [L.Resizing(40, 40), L.CenterCrop(32, 32), SCALED],
    "centre": lambda: [SCALED, L.CenterCrop(32, 32)],
    "operation": lambda: [lambda x: ops.image.resize(x, (32, 32)), SCALED],
    "nested": lambda: [keras.Sequential([keras.Input(OPEN), L.Resizing(32, 32), L.CenterCrop(24, 24)]), SCALED],
}


@pytest.mark.parametrize("name", RESIZING)
def test_images_go_in_as_they_are(name, tmp_path):
    model = spotting(*RESIZING[name]())
    model.save(tmp_path / "m.keras")
    clf = load_classifier(tmp_path / "m.keras")
    assert clf.native_size and clf.input_size == (None, None) and clf.preprocessing == "none"
    assert any("at their own size" in sentence for sentence in clf.assumptions)
    # Keras itself, one image at a time, eagerly: its own predict goes wrong where an image is smaller than a crop.
    expected = np.concatenate([np.asarray(model(image[None].astype(np.float32), training=False)) for image in IMAGES])
    np.testing.assert_allclose(clf.predict(IMAGES), expected, atol=1e-6)
    paths = [write_image(tmp_path / f"{i}.png", image) for i, image in enumerate(IMAGES)]
    maps = list(heatmaps(clf, paths, layer="conv"))
    np.testing.assert_allclose([heatmap.probabilities for heatmap in maps], expected, atol=1e-6)
    assert activations(clf, IMAGES[1], "conv")["conv"].shape == model.get_layer("conv").output.shape[1:]


def red_square(size, top, left, side=12) -> np.ndarray:
    image = np.zeros((*size, 3), np.uint8)
    image[top : top + side, left : left + side, 0] = 255
    return image


def summit(heatmap, size) -> tuple[float, float]:
    """The middle of the evidence, in pixels of the image."""
    values = heatmap.normalised
    rows, columns = (np.arange(n) + 0.5 for n in values.shape)
    row, column = (values.sum(1) @ rows) / values.sum(), (values.sum(0) @ columns) / values.sum()
    return row / values.shape[0] * size[0], column / values.shape[1] * size[1]


@pytest.mark.parametrize("method", ["grad-cam", "score-cam", "eigen-cam"])
@pytest.mark.parametrize("name", RESIZING)
def test_heatmaps_lie_on_the_object_whatever_the_model_cuts_off(name, method):
    clf = Classifier(spotting(*RESIZING[name]()), "ab", preprocessing="none")
    size = (60, 100)
    image = red_square(size, 20, 52)
    (heatmap,) = heatmaps(clf, image[None], method, target=1, layer="conv")
    assert heatmap.status == "ok"
    assert summit(heatmap, size) == pytest.approx((26, 58), abs=1.5)


def test_heatmaps_of_a_fixed_input_that_is_cropped_inside_lie_right_too():
    steps = [L.Cropping2D(((16, 8), (4, 20))), SCALED]
    clf = Classifier(spotting(*steps, shape=(64, 64, 3)), "ab", preprocessing="none")
    image = red_square((64, 64), 30, 20, side=8)
    for method in ("grad-cam", "score-cam"):
        (heatmap,) = heatmaps(clf, image[None], method, target=1, layer="conv")
        assert summit(heatmap, (64, 64)) == pytest.approx((34, 24), abs=1)
        assert not heatmap.normalised[:16].any() and not heatmap.normalised[:, 44:].any()


def test_what_a_model_does_not_cut_keeps_the_layers_own_resolution():
    clf = Classifier(spotting(L.Resizing(16, 16), SCALED), "ab", preprocessing="none")
    (heatmap,) = heatmaps(clf, red_square((60, 100), 20, 52)[None], target=1, layer="conv")
    assert heatmap.raw.shape == (16, 16)


def test_an_open_size_without_resizing_is_named_and_can_be_given(tmp_path):
    spotting(SCALED).save(tmp_path / "open.keras")
    clf = load_classifier(tmp_path / "open.keras")
    assert clf.input_size == (224, 224) and any("224x224 is used" in sentence for sentence in clf.assumptions)
    assert load_classifier(tmp_path / "open.keras", input_size=(48, 64)).input_size == (48, 64)
    write_card(tmp_path / "open.keras", ModelCard(input_size=[32, 40]))
    reopened = load_classifier(tmp_path / "open.keras")
    assert reopened.input_size == (32, 40) and not any("is used" in sentence for sentence in reopened.assumptions)


def test_a_given_size_comes_before_the_models_own_resizing(tmp_path):
    model = spotting(L.Resizing(32, 32), SCALED)
    model.save(tmp_path / "m.keras")
    clf = load_classifier(tmp_path / "m.keras", input_size=16, resize="bilinear")
    assert not clf.native_size and clf.input_size == (16, 16)
    assert clf.prepare(IMAGES).shape == (5, 16, 16, 3)


def test_images_of_several_sizes_are_not_joined_and_a_card_keeps_the_size_open(tmp_path):
    clf = Classifier(spotting(L.Resizing(32, 32), SCALED), "ab", preprocessing="none")
    with pytest.raises(ImageError, match="one by one"):
        clf.prepare(IMAGES)
    path = save_classifier(clf, tmp_path / "m.keras")
    assert read_card(path).input_size is None and read_card(path).output == "probability"
    reopened = load_classifier(path)
    assert reopened.native_size and reopened.fingerprint == clf.fingerprint


def test_a_whole_split_of_several_sizes_is_evaluated_and_its_attention_measured(tmp_path):
    from carvis.dataset import Dataset
    from carvis.dataset.parts import read_parts
    from carvis.evaluation import evaluate
    from carvis.explain import attention_on_parts, faithfulness, top_images
    from carvis.explain.attention import AttentionSettings

    sizes = ((60, 100), (80, 50), (60, 100))
    for label in ("a", "b"):
        for i, size in enumerate(sizes):
            image = red_square(size, 20, 15) if label == "b" else np.zeros((*size, 3), np.uint8)
            write_image(tmp_path / "data" / "test" / label / f"{i}.png", image)
            mask = np.zeros((*size, 3), np.uint8)
            mask[20:32, 15:27] = 255
            write_image(tmp_path / "data" / "masks" / "test" / label / f"{i}" / "spot.png", mask)
    (tmp_path / "data" / "test" / "b" / "broken.png").write_bytes(b"no image")
    lines = ["path,part,x,y,width,height"]
    lines += [f"test/b/{i}.png,spot,15,20,12,12" for i in range(3)]
    (tmp_path / "data" / "parts.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    data = Dataset(tmp_path / "data")
    model = spotting(L.Resizing(32, 32), SCALED)
    clf = Classifier(model, "ab", preprocessing="none")
    evaluation = evaluate(clf, data, "test", leakage=False)
    assert evaluation.metrics["n"] == 6 and len(evaluation.metrics["unreadable"]) == 1
    # A black image has no red: its two classes are equal, and the first one is taken.
    assert evaluation.accuracy == 1
    parts = read_parts(tmp_path / "data" / "parts.csv", data, "test")
    attention = attention_on_parts(clf, data, "test", parts, AttentionSettings(target="true", layer="conv"))
    assert (attention.table["share:spot"] > 0.8).all() and len(attention.table) == 3
    top = top_images(clf, data, "test", "conv", most=2)
    assert set(top.table["label"]) == {"b"}
    cropping = Classifier(spotting(L.Resizing(40, 40), L.CenterCrop(32, 32), SCALED), "ab", preprocessing="none")
    places = top_images(cropping, data, "test", "conv", most=3).table.set_index("id")
    for i, (height, width) in enumerate(sizes):
        row = places.loc[f"test/b/{i}.png"]
        assert 20 <= row.y * height <= 32 and 15 <= row.x * width <= 27
    image = red_square((60, 100), 20, 15)
    (heatmap,) = heatmaps(clf, image[None], target=1, layer="conv")
    (tested,) = faithfulness(clf, [image], [heatmap], steps=6, randomise=False)
    assert tested.verdict in ("better", "not-better")


def test_a_wrong_size_is_refused(tmp_path):
    spotting(SCALED, shape=(32, 32, 3)).save(tmp_path / "fixed.keras")
    with pytest.raises(ModelError, match="takes images of 32x32"):
        load_classifier(tmp_path / "fixed.keras", input_size=48)


def test_input_size_and_output_are_given_on_every_verb_that_opens_a_model(tmp_path, capsys):
    from carvis.cli import main
    from carvis.evaluation import load_evaluation

    spotting(SCALED).save(tmp_path / "open.keras")
    for label in ("a", "b"):
        image = red_square((60, 100), 20, 15) if label == "b" else np.zeros((60, 100, 3), np.uint8)
        write_image(tmp_path / "data" / "test" / label / "0.png", image)
    model, image = str(tmp_path / "open.keras"), str(tmp_path / "data" / "test" / "b" / "0.png")
    out = str(tmp_path / "evaluation")
    assert main(["summary", model, "--input-size", "48x64", "--output", "independent"]) == 0
    assert "input 48x64x3" in (printed := capsys.readouterr().out) and "output independent" in printed
    size = ["--input-size", "40"]
    assert main(["evaluate", model, str(tmp_path / "data"), "--no-copies", "--out", out, *size]) == 0
    evaluation = load_evaluation(out)
    assert evaluation.model_facts["input_size"] == (40, 40) and evaluation.setup["model"]["output"] == "probability"
    assert main(["heatmaps", model, image, "--out", str(tmp_path / "maps"), *size]) == 0
    assert main(["activations", model, image, "--out", str(tmp_path / "layers"), *size]) == 0
    assert main(["filters", model, *size]) == 0
    assert main(["summary", model, "--input-size", "big"]) == 2
    assert "big is not an input size" in capsys.readouterr().err


def test_a_model_of_any_size_shows_itself_and_what_was_assumed_stays_out_of_its_card(tmp_path):
    from carvis.report.attention import _sample

    clf = Classifier(spotting(L.Resizing(32, 32), SCALED), "ab", preprocessing="none", assumed=["output"])
    assert "any size x 3" in clf._repr_html_() and "None" not in clf._repr_html_()
    assert "by the model itself" in clf._repr_html_()
    assert read_card(save_classifier(clf, tmp_path / "m.keras")).output is None
    # A report looks at a sample of its images as of any other model's.
    assert len(_sample([str(i) for i in range(1000)], clf.probe_size)) == 130
