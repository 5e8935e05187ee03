"""Heatmaps against the bare forward pass, all methods against one, filter patterns against one at a time."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from carvis.architectures import build_model
from carvis.classifier import Classifier
from carvis.explain import draw_filters, heatmap_sets, heatmaps
from carvis.explain.keras.submodel import submodel_to
from carvis.explain.methods.cam import METHODS
from tests.benchmarks.measuring import compare

LAYERS = ("block1_conv1", "block3_conv1", "block5_conv1")
# Two chunks of 32 are the 64 filters of the tutorial's grid: one of them shows the time of a filter.
TOGETHER, ALONE = 32, 2


def run() -> Iterator[str]:
    """Yield a line for each comparison, on VGG16 at 256x256 with 20 classes and random weights."""
    clf = _vgg16()
    images = np.random.default_rng(0).integers(0, 255, (8, 256, 256, 3), np.uint8)
    yield compare("8 Grad-CAM heatmaps, forward pass", lambda: heatmaps(clf, images), lambda: clf.predict(images))
    targets = ("predicted", 1, 2)
    yield compare(
        "5 CAM methods x 3 targets, Grad-CAM alone",
        lambda: list(heatmap_sets(clf, images, [method.name for method in METHODS], targets)),
        lambda: heatmaps(clf, images),
    )
    yield from filters()


def filters() -> Iterator[str]:
    """Compare drawing filters together with one at a time, whose time is scaled from a few filters to as many."""
    clf = _vgg16()
    _scale_weights(clf)
    for layer in LAYERS:
        yield compare(
            f"{TOGETHER} filters of {layer} in 40 steps together, one at a time in eager mode (from {ALONE})",
            lambda layer=layer: draw_filters(clf, layer, range(TOGETHER)),
            lambda layer=layer: [_one_at_a_time(clf, layer, index) for index in range(ALONE)],
            pairs=3,
            part=ALONE / TOGETHER,
        )


def _vgg16() -> Classifier:
    names = [f"class {i}" for i in range(20)]
    return Classifier(build_model("fine-tune", 20, 256), names, preprocessing="unit", name="vgg16")


def _scale_weights(clf: Classifier) -> None:
    """Give convolutions weights that keep the signal's size: with Keras's own most filters of block 5 are dead."""
    rng = np.random.default_rng(0)
    for path in clf.conv_layers:
        kernel, bias = clf.layer(path).get_weights()
        spread = np.sqrt(2 / np.prod(kernel.shape[:3]))
        clf.layer(path).set_weights([rng.normal(0, spread, kernel.shape).astype(np.float32), bias])


def _one_at_a_time(clf: Classifier, layer: str, index: int) -> np.ndarray:
    """The tutorial's loop, in eager TensorFlow 2."""
    below = submodel_to(clf.model, clf.layer(layer))
    x = tf.random.uniform((1, 64, 64, 3)) * 20 + 128
    for _ in range(40):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_mean(below(x / 255)[..., index])
        gradient = tape.gradient(loss, x)
        x += gradient / (tf.sqrt(tf.reduce_mean(gradient**2)) + 1e-5)
    return x.numpy()
