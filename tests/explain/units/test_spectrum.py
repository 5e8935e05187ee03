"""Spectra against cosines of known frequency, and of layers that change no frequency."""

import keras
import numpy as np
import pytest

from carvis.classifier import Classifier
from carvis.dataset import Unreadable
from carvis.explain import activation_spectra, pattern_spectrum, radial_spectrum, white_noise
from carvis.explain.filters import FilterPatterns, FilterSettings
from carvis.images import write_image

L = keras.layers


def cosine(side: int, across: int, down: int = 0) -> np.ndarray:
    y, x = np.mgrid[:side, :side] / side
    return np.cos(2 * np.pi * (across * x + down * y))


@pytest.mark.parametrize("cycles", [1, 3, 8])
def test_a_cosine_has_all_its_power_in_its_ring(cycles):
    spectrum = radial_spectrum(7 + 5 * cosine(16, cycles)[None])
    expected = np.zeros(len(spectrum.share))
    expected[cycles] = 1
    np.testing.assert_allclose(spectrum.share, expected, atol=1e-12)
    assert spectrum.centroid == pytest.approx(cycles / 16) and spectrum.centroid_per_image == pytest.approx(cycles)
    assert spectrum.per_pixel[cycles] == cycles / 16 and spectrum.per_image[cycles] == cycles


def test_a_slanted_cosine_lies_at_its_distance_and_two_cosines_share_by_power():
    """3 across and 4 down are 5 cycles; amplitudes 2 and 1 have power 4 to 1, so the mean is (4 x 2 + 1 x 5) / 5."""
    assert radial_spectrum(cosine(16, 3, 4)[None]).share.argmax() == 5
    spectrum = radial_spectrum((2 * cosine(16, 2) + cosine(16, 3, 4))[None])
    assert spectrum.share[2] == pytest.approx(0.8) and spectrum.share[5] == pytest.approx(0.2)
    assert spectrum.centroid_per_image == pytest.approx(2.6)


def test_each_map_counts_alike_and_flat_ones_do_not_count():
    maps = np.stack([100 * cosine(16, 2), cosine(16, 4), np.full((16, 16), 9.0)])
    spectrum = radial_spectrum(maps)
    assert spectrum.count == 2 and spectrum.share[2] == pytest.approx(0.5) and spectrum.share[4] == pytest.approx(0.5)
    flat = radial_spectrum(np.ones((2, 8, 8)))
    assert flat.count == 0 and not flat.share.any() and np.isnan(flat.centroid)


def test_noise_has_the_spectrum_of_noise():
    """On 4 pixels a side: 8 cells round to 1 cycle (4 at 1, 4 at 1.41), 5 to 2 and 2 to 2.24, 1 to 2.83."""
    np.testing.assert_allclose(white_noise(4).share, np.array([0, 8, 6, 1]) / 15)
    spectrum = radial_spectrum(np.random.default_rng(0).normal(size=(400, 16, 16)))
    np.testing.assert_allclose(spectrum.share, white_noise(16).share, atol=0.005)


def test_a_wide_map_is_measured_along_its_shorter_side():
    y = np.cos(2 * np.pi * 2 * np.arange(8) / 8)
    assert radial_spectrum(np.repeat(y[None, :, None], 24, axis=2)).share[2] == pytest.approx(1)
    x = np.cos(2 * np.pi * 6 * np.arange(24) / 24)
    assert radial_spectrum(np.repeat(x[None, None], 8, axis=1)).share[2] == pytest.approx(1)


def test_patterns_of_dead_filters_are_left_out():
    stripes = (128 + 100 * cosine(16, 4)).round().astype(np.uint8)
    images = np.stack([np.repeat(stripes[..., None], 3, axis=2), np.zeros((16, 16, 3), np.uint8)])
    patterns = FilterPatterns(images, (5, 7), (7,), (), "conv", "m", "f", "unit", FilterSettings())
    spectrum = pattern_spectrum(patterns)
    assert spectrum.count == 1 and spectrum.share[4] == pytest.approx(1, abs=1e-3)


def test_activations_keep_the_frequency_of_the_image_and_pooling_doubles_it_a_pixel(tmp_path):
    """Stripes of 4 cycles in 32 pixels: 4 cycles an image everywhere, 1/8 a pixel before pooling and 1/4 after it."""
    image = keras.Input((32, 32, 3))
    x = L.Conv2D(2, 1, use_bias=False, name="copy")(image)
    x = L.Conv2D(1, 1, use_bias=False, name="small")(L.AveragePooling2D(2)(x))
    model = keras.Model(image, L.Dense(2, activation="softmax")(L.Flatten()(x)))
    for name in ("copy", "small"):
        layer = model.get_layer(name)
        layer.set_weights([np.ones_like(layer.get_weights()[0])])
    clf = Classifier(model, ["a", "b"], preprocessing="unit")
    stripes = (128 + 100 * cosine(32, 4)).round().astype(np.uint8)
    good = write_image(tmp_path / "stripes.png", np.repeat(stripes[..., None], 3, axis=2))
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    missed = Unreadable()
    spectra = activation_spectra(clf, [good, bad], unreadable=missed)
    assert list(spectra) == ["copy", "small"] and spectra["copy"].count == 2 and list(missed.reasons) == [1]
    for layer, side in (("copy", 32), ("small", 16)):
        assert spectra[layer].share[4] == pytest.approx(1, abs=1e-3)
        assert spectra[layer].centroid == pytest.approx(4 / side, rel=1e-2)
