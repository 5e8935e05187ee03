"""Attention rollout and gradient-weighted attention: worked out by hand, and against computations of other form."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from carvis.errors import ModelError
from carvis.explain import METHODS, heatmaps
from carvis.explain.keras.attention_weights import attention_layout
from carvis.explain.methods.attention import attention_rollout, gradient_attention
from tests.transformers import L, classifier, noise, of_own_classes, swin, vit

FIRST = np.array([[[[0.5, 0.5], [0, 1]]]])
SECOND = np.array([[[[0.2, 0.8], [1, 0]]]])


def test_rollout_by_hand():
    """Half of each token kept: [[.75, .25], [0, 1]] first, then [[.6, .4], [.5, .5]]; their product by hand."""
    weights = [FIRST, SECOND]
    assert attention_rollout(weights, weights, np.array([True, False])) == pytest.approx(np.array([[0.45, 0.55]]))
    assert attention_rollout(weights, weights, np.array([True, True])) == pytest.approx(np.array([[0.4125, 0.5875]]))


def test_rollout_averages_heads():
    heads = np.concatenate([np.broadcast_to(np.eye(2), (1, 1, 2, 2)), np.array([[[[0, 1], [1, 0]]]])], axis=1)
    assert attention_rollout([heads], [heads], np.array([True, False])) == pytest.approx(np.array([[0.75, 0.25]]))


def test_gradient_attention_by_hand():
    """(I + [[1, .8], [0, 0]]) (I + [[1, 0], [0, .5]]) = [[4, 1.2], [0, 1.5]], less the identity."""
    gradients = [np.array([[[[2, -4], [1, 0.5]]]]), np.array([[[[5, 1], [-1, 2]]]])]
    weights = [FIRST, SECOND]
    assert gradient_attention(weights, gradients, np.array([True, False])) == pytest.approx(np.array([[3, 1.2]]))
    assert gradient_attention(weights, gradients, np.array([True, True])) == pytest.approx(np.array([[1.5, 0.85]]))
    # A head whose gradient is negative counts as nothing, not against the others.
    two = [np.concatenate([values, values], axis=1) for values in weights]
    signs = [np.concatenate([values, -np.abs(values)], axis=1) for values in gradients]
    halves = gradient_attention(two, signs, np.array([True, False]))
    assert halves == pytest.approx(np.array([[0.5 * 1 + 0.5 * 1 + 0.5 * 0.5, 0.4 + 0.4 * 0.25]]))


def by_hand():
    """Four pixels, a class token 0, and one head: key ln 2 times the token, value the token, score the mean.

    For the pixels 0, 1, 2, 3 each token attends to (class, pixels) by (1, 1, 2, 4, 8) / 16; the logit of the first
    class is (0 + 2 + 8 + 24) / 16 = 2.125, that of the second its negative.
    """
    image = keras.Input((2, 2, 1))
    x = L.Reshape((4, 1))(L.Conv2D(1, 1, name="patches", kernel_initializer="ones")(image))
    number = ops.zeros_like(x[:, :1, 0], dtype="int32")
    x = L.Concatenate(axis=1, name="tokens")([L.Embedding(1, 1, "zeros")(number), x])
    attention = L.MultiHeadAttention(1, 1, name="attention")
    y = L.Add(name="block")([x, attention(x, x)])
    model = keras.Model(image, L.Dense(2, "softmax", use_bias=False, name="head")(y[:, 0]))
    one, zero = np.ones((1, 1, 1)), np.zeros((1, 1))
    attention.set_weights([0 * one, zero + 1, np.log(2) * one, zero, one, zero, one, np.zeros(1)])
    model.get_layer("head").set_weights([np.array([[1.0, -1.0]])])
    return classifier(model, preprocessing="none")


PIXELS = np.array([[0, 1], [2, 3]], np.uint8)[None, :, :, None]


def test_a_transformer_of_four_pixels_by_hand():
    clf = by_hand()
    rollout, relevance = (heatmaps(clf, PIXELS, name)[0] for name in ("attention-rollout", "gradient-attention"))
    assert rollout.score == pytest.approx(2.125) and rollout.layer == "input"
    assert rollout.raw == pytest.approx(np.array([[1, 2], [4, 8]]) / 32)
    assert relevance.raw == pytest.approx(np.array([[0, 2], [8, 24]]) / 16)
    assert (rollout.status, relevance.status) == ("ok", "ok")
    against = heatmaps(clf, PIXELS, "gradient-attention", target=1)[0]
    assert against.status == "zero-gradient" and not against.normalised.any()
    assert heatmaps(clf, PIXELS, "attention-rollout", target=1)[0].raw == pytest.approx(rollout.raw)
    # Grad-CAM's family: the gradient by pixel p is w (1 + ln 2 (p - 2.125)), its channel's weight their mean.
    assert clf.default_layer == "tokens"
    pixels, weights = np.arange(4), np.array([1, 2, 4, 8]) / 16
    gradients = weights * (1 + np.log(2) * (pixels - 2.125))
    hires, grad_cam = (heatmaps(clf, PIXELS, name)[0].raw.ravel() for name in ("hirescam", "grad-cam"))
    assert hires == pytest.approx(pixels * gradients, abs=1e-6)
    assert grad_cam == pytest.approx(pixels * gradients.mean(), abs=1e-6)


def scores_of_attention(model, depth, images):
    """The attention scores (N, heads, T, T) of each layer that Keras itself returns, by calls of their own."""
    scores = []
    for i in range(depth):
        x = keras.Model(model.inputs, model.get_layer(f"b{i}_norm1").output)(images / np.float32(255))
        scores.append(np.asarray(model.get_layer(f"b{i}_attention")(x, x, return_attention_scores=True)[1]))
    return scores


@pytest.mark.parametrize("head", ["class", "mean"])
def test_rollout_against_the_scores_that_keras_returns(head):
    model = vit(head=head, depth=3)
    images = noise(2)
    weights = scores_of_attention(model, 3, images)
    product = np.eye(weights[0].shape[-1])
    for layer in weights:
        mixed = layer.mean(1) + np.eye(layer.shape[-1])
        product = mixed / mixed.sum(-1, keepdims=True) @ product
    expected = product[:, 0, 1:] if head == "class" else product.mean(1)
    maps = heatmaps(classifier(model), images, "attention-rollout")
    assert np.stack([heatmap.raw.ravel() for heatmap in maps]) == pytest.approx(expected, rel=1e-4)


def test_gradient_attention_against_finite_differences():
    """The gradient by one attention weight, measured by changing it: of the last layer, by the class token's row."""
    model = vit(depth=1)
    image = noise(1)
    clf = classifier(model)
    heatmap = heatmaps(clf, image, "gradient-attention", target=1, score="logit")[0]
    layer, x = model.get_layer("b0_attention"), model.get_layer("b0_norm1").output
    below = keras.Model(model.inputs, [model.get_layer("placed").output, layer._value_dense(x)])
    tokens, values = (np.asarray(part, np.float64) for part in below(image / np.float32(255)))
    [weights] = scores_of_attention(model, 1, image)

    def logit(row):
        mixed = np.einsum("hj,jhd->hd", row, values[0])
        y = (
            tokens[0, 0]
            + np.einsum("hd,hdc->c", mixed, np.asarray(layer._output_dense.kernel))
            + np.asarray(layer._output_dense.bias)
        )
        y = tf.constant(y[None, None], tf.float32)
        dense = [step for step in model.layers if isinstance(step, L.Dense)]
        out = y + dense[1](dense[0](model.get_layer("b0_norm2")(y)))
        out = np.asarray(model.get_layer("norm")(out))[0, 0]
        return float(out @ np.asarray(dense[2].kernel)[:, 1] + np.asarray(dense[2].bias)[1])

    row = weights[0, :, 0]
    expected = np.zeros(17)
    for j in range(17):
        for head in range(2):
            step = np.zeros_like(row)
            step[head, j] = 1e-2
            slope = (logit(row + step) - logit(row - step)) / 2e-2
            expected[j] += max(slope * row[head, j], 0) / 2
    assert heatmap.raw.ravel() == pytest.approx(expected[1:], rel=0.02, abs=1e-5)


def grouped(name, dim, heads):
    return L.GroupQueryAttention(dim // heads, heads, 1, name=name)


def dropping(name, dim, heads):
    return L.MultiHeadAttention(heads, dim // heads, name=name, dropout=0.5)


@pytest.mark.parametrize("attention", [grouped, dropping])
def test_kinds_of_attention_layers(attention):
    model = vit(depth=1, attention=attention)
    clf, layer = classifier(model), model.get_layer("b0_attention")
    before = dict(layer.__dict__)
    maps = heatmaps(clf, noise(2), "gradient-attention")
    assert [heatmap.raw.shape for heatmap in maps] == [(4, 4)] * 2 and maps[0].status == "ok"
    # The person's model is left as it was.
    assert layer.__dict__ == before and "_compute_attention" not in layer.__dict__


def written_out(name, dim, heads):
    def attend(x, _):
        query, key, value = (L.Dense(dim)(x) for _ in range(3))
        weights = ops.softmax(ops.matmul(query, ops.transpose(key, (0, 2, 1))) / dim**0.5, axis=-1)
        return ops.matmul(weights, value)

    return attend


def test_attention_written_out_by_operations():
    clf = classifier(vit(depth=2, attention=written_out))
    layout = attention_layout(clf)
    assert [call.shape[-2:] for call in layout.calls] == [(17, 17)] * 2
    assert heatmaps(clf, noise(1), "attention-rollout")[0].raw.sum() < 1


def test_attention_inside_layers_of_a_persons_own():
    clf = classifier(of_own_classes())
    assert len(attention_layout(clf).calls) == 2
    maps = heatmaps(clf, noise(2), "attention-rollout")
    assert maps[0].raw.shape == (4, 4) and maps[0].status == "ok"


@pytest.mark.parametrize("name", ["attention-rollout", "gradient-attention"])
def test_models_that_cannot_have_it(name):
    with pytest.raises(ModelError, match="not among all tokens of an image at once"):
        heatmaps(classifier(swin()), noise(1), name)
    image = keras.Input((16, 16, 3))
    plain = keras.Model(image, L.Dense(3)(L.GlobalAveragePooling2D()(L.Conv2D(4, 3)(image))))
    with pytest.raises(ModelError, match="net has no attention weights that can be read"):
        heatmaps(classifier(plain), noise(1), name)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("head", ["class", "mean"])
def test_a_batch_equals_its_images(name, head):
    clf, images = classifier(vit(head=head)), noise(3)
    together = heatmaps(clf, images, name)
    for place, heatmap in enumerate(together):
        [alone] = heatmaps(clf, images[place : place + 1], name)
        scale = np.abs(alone.raw).max()
        assert np.abs(heatmap.raw - alone.raw).max() <= 1e-3 * scale and heatmap.status == alone.status
