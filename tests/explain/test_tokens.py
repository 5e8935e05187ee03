"""Transformers explained by every means that convolutional networks are explained by."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from carvis import embeddings
from carvis.classifier import load_classifier, save_classifier
from carvis.dataset import Dataset
from carvis.explain import activations, faithfulness, heatmaps, top_images
from carvis.feature_space.embedding_layer import embedding_layer
from carvis.images import encode_image
from tests.transformers import L, classifier, noise, swin, vit


@pytest.mark.parametrize(("head", "layer"), [("class", "b0_out"), ("mean", "norm"), ("mean", "b0_mid")])
def test_grad_cam_against_a_tape_of_its_own(head, layer):
    model, images = vit(head=head), noise(3)
    maps = heatmaps(classifier(model), images, layer=layer, target=2, score="probability")
    tokens = keras.Model(model.inputs, model.get_layer(layer).output)(images / np.float32(255))
    above = keras.Model(model.get_layer(layer).output, model.outputs[0])
    with tf.GradientTape() as tape:
        tape.watch(tokens)
        score = above(tokens)[:, 2]
    extra = tokens.shape[1] - 16
    gradients = tape.gradient(score, tokens).numpy()[:, extra:]
    expected = (tokens.numpy()[:, extra:] * gradients.mean(1, keepdims=True)).sum(-1).reshape(-1, 4, 4)
    assert np.stack([heatmap.raw for heatmap in maps]) == pytest.approx(expected, rel=1e-3, abs=1e-7)
    assert [heatmap.score for heatmap in maps] == pytest.approx(score.numpy().tolist(), rel=1e-5)


def test_the_sum_before_the_last_normalisation_holds_no_evidence_position_by_position():
    """Normalisation does not depend on a token's scale, so that its gradient is at right angles to the token."""
    clf, images = classifier(vit()), noise(2)
    before, behind = (
        np.stack([np.abs(heatmap.raw).max() for heatmap in heatmaps(clf, images, "hirescam", layer=layer)])
        for layer in ("b0_out", None)
    )
    assert (before < 0.02 * behind).all()


def spotting():
    """A transformer whose one block does nothing: it answers red by the mean of its patches' red."""
    model = vit(head="mean", depth=1)
    for layer in model.layers:
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    kernel = np.zeros((4, 4, 3, 8), np.float32)
    kernel[..., 0, 0], kernel[..., 1, 1], kernel[..., 2, 2] = 1, 1, 1
    model.get_layer("patches").set_weights([kernel, np.zeros(8, np.float32)])
    model.get_layer("norm").set_weights([np.ones(8), np.zeros(8)])
    model.layers[-1].set_weights([np.eye(8)[:, :3], np.zeros(3)])
    return classifier(model)


RED = np.zeros((16, 16, 3), np.uint8)
RED[4:8, 12:16, 0] = 255


@pytest.mark.parametrize("method", ["grad-cam", "grad-cam++", "hirescam", "layercam", "eigen-cam", "score-cam"])
def test_the_heatmap_is_where_the_red_patch_is(method):
    [heatmap] = heatmaps(spotting(), RED[None], method, target="a")
    assert heatmap.status == "ok" and np.unravel_index(heatmap.raw.argmax(), (4, 4)) == (1, 3)


def test_activations_and_embeddings(tmp_path):
    clf = spotting()
    outputs = activations(clf, RED, ["patches", "b0_out"])
    assert outputs["b0_out"].shape == (4, 4, 8) and outputs["b0_out"] == pytest.approx(outputs["patches"])
    assert list(activations(clf, RED, "completed")) == clf.completed_layers
    files = tmp_path / "data" / "test" / "a"
    files.mkdir(parents=True)
    for name, image in (("dark", 0 * RED), ("red", RED)):
        (files / f"{name}.png").write_bytes(encode_image(image, "PNG"))
    best = top_images(clf, Dataset(tmp_path / "data"), "test", "b0_out").of(0)
    assert best.iloc[0][["id", "x", "y"]].tolist() == ["test/a/red.png", 0.875, 0.375]
    # Scores made by another way than from a vector: embeddings are means over the grid.
    model = clf.model
    image = model.inputs[0]
    scores = L.GlobalAveragePooling1D()(L.Dense(3)(model.get_layer("norm").output))
    mapped = classifier(keras.Model(image, L.Softmax()(scores)))
    layer = embedding_layer(mapped)
    assert layer.source == "layer-mean" and layer.width == mapped.layer(layer.path).output.shape[-1]
    vectors = embeddings(mapped, Dataset(tmp_path / "data"), "test").vectors
    assert vectors.shape == (2, layer.width)


@pytest.mark.parametrize("method", ["grad-cam", "attention-rollout", "gradient-attention"])
def test_faithfulness_and_the_sanity_check_run(method):
    clf, images = classifier(vit()), noise(1)
    maps = heatmaps(clf, images, method)
    before = [weight.copy() for weight in clf.model.get_weights()]
    [result] = faithfulness(clf, list(images), maps, steps=4)
    assert len(result.own.curves.deletion) == 5 and result.randomisation is not None
    assert -1 <= result.randomisation.last <= 1 and len(result.randomisation.similarity) == 6
    assert all((a == b).all() for a, b in zip(before, clf.model.get_weights(), strict=True))


def test_swin_like_and_convnext_files_open_without_trust(tmp_path):
    """ConvNeXt's own classes, LayerScale and StochasticDepth, are Keras's."""
    from keras.src.applications.convnext import ConvNeXt

    convnext = ConvNeXt(
        depths=[1, 1, 2, 1], projection_dims=[4, 8, 8, 8], drop_path_rate=0.1, include_preprocessing=False,
        weights=None, input_shape=(64, 64, 3), classes=3,
    )  # fmt: skip
    kinds = {type(layer).__name__ for layer in convnext.layers}
    assert {"LayerScale", "StochasticDepth"} <= kinds
    for name, model, side, grid in (("convnext", convnext, 64, (2, 2)), ("swin", swin(), 16, (4, 4))):
        path = save_classifier(classifier(model), tmp_path / f"{name}.keras")
        clf = load_classifier(path)
        for method in ("grad-cam", "layercam"):
            [heatmap] = heatmaps(clf, noise(1, side), method)
            assert heatmap.raw.shape == grid and np.isfinite(heatmap.raw).all(), name
