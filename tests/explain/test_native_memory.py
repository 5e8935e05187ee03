"""A model that takes images of any size takes little memory for a large one, and counts each of its pixels before."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image

from carvis import load_classifier
from carvis.classifier.model_input import MOST_NATIVE_PIXELS
from carvis.explain import heatmaps
from carvis.explain.methods.probe import Probe

# What getrusage tells a new process may be the highest use of the one that started it.
MEASURED = r"""
import re, sys
from pathlib import Path
import numpy as np, psutil
from carvis import load_classifier
from carvis.explain import heatmaps

clf = load_classifier(sys.argv[1])
list(heatmaps(clf, np.zeros((1, 64, 64, 3), np.uint8), method=sys.argv[3]))
before = psutil.Process().memory_info().rss
assert next(iter(heatmaps(clf, [sys.argv[2]], method=sys.argv[3]))).raw.size
print("MB", (int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024 - before) / 1e6)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("native")
    L = keras.layers
    layers = [L.Rescaling(1 / 127.5, offset=-1), L.Resizing(32, 32), L.Conv2D(2, 3), L.GlobalAveragePooling2D()]
    keras.Sequential([keras.Input((None, None, 3)), *layers, L.Dense(2, "softmax")]).save(folder / "m.keras")
    Image.new("RGB", (8000, 6000), (9, 99, 9)).save(folder / "photo.jpg")
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="the highest use of memory is read as Linux tells it")
@pytest.mark.parametrize("method", ["grad-cam", "integrated-gradients"])
def test_a_photograph_of_48_megapixels_takes_less_than_500_mb(folder, method):
    command = [sys.executable, "-c", MEASURED, folder / "m.keras", folder / "photo.jpg", method]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.rpartition("MB ")[2]) < 500, done.stdout


def test_an_image_keeps_its_size_up_to_the_limit(folder):
    clf = load_classifier(folder / "m.keras")
    assert any("images above 2 million pixels are computed on a smaller copy" in text for text in clf.assumptions)
    image, large = np.zeros((1000, 2000, 3), np.uint8), np.zeros((1500, 2000, 3), np.uint8)
    assert clf.fit(image) is image and clf.prepare([image]).shape[1:] == image.shape
    assert clf.prepare([large]).shape == (1, 1224, 1632, 3) and MOST_NATIVE_PIXELS >= 1224 * 1632
    assert [len(single.notes) for single in heatmaps(clf, image[None])] == [0]
    [single] = heatmaps(clf, large[None])
    assert "reduced to 2 million pixels" in single.notes[0]


def test_predictions_are_those_of_the_whole_image(folder):
    clf = load_classifier(folder / "m.keras")
    large = np.random.default_rng(1).integers(0, 256, (1500, 2000, 3), dtype=np.uint8)
    np.testing.assert_allclose(clf.predict([large])[0], clf.model.predict(large[None], verbose=0)[0], atol=1e-6)


def test_large_images_run_in_smaller_chunks_with_the_same_mean():
    counts = []

    def gradients(images):
        counts.append(len(images))
        return images

    values = np.random.default_rng(0).normal(size=(32, 900, 900, 1)).astype(np.float32)
    probe = Probe(values[0], values[0], values[0], lambda images: images, gradients)
    mean = probe.mean_gradient(lambda i: values[i], 32)
    assert max(counts) == 5 and sum(counts) == 32
    np.testing.assert_allclose(mean, values.mean(axis=0, dtype=np.float64), atol=1e-12)
