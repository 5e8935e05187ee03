"""A large image is worked on in strips of rows: what comes out is what the whole image would give."""

import io

import numpy as np
import pytest
from PIL import Image

from carvis.images import fitted, overlay, overlay_difference, read_image, strips
from carvis.images.strips import by_strips

HEIGHT, WIDTH = 37, 23
_RNG = np.random.default_rng(3)
RGB = _RNG.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


@pytest.fixture
def five_rows(monkeypatch):
    monkeypatch.setattr(strips, "_PIXELS", 5 * WIDTH)


def test_strips_cover_every_row_once(five_rows):
    rows = list(strips.strips(HEIGHT, WIDTH))
    assert [part.start for part in rows] == list(range(0, 37, 5)) and rows[-1].stop == 37
    assert list(strips.strips(2, 10**9)) == [slice(0, 1), slice(1, 2)]
    assert by_strips(lambda a, b: a + b, np.ones((0, 4)), np.ones((0, 4))).shape == (0, 4)


@pytest.mark.parametrize("colormap", ["viridis", "tutorial"])
@pytest.mark.parametrize("channels", [1, 3])
def test_overlays_are_those_of_the_whole_image(monkeypatch, colormap, channels):
    image, heat = RGB[..., :channels], _RNG.random((5, 4), dtype=np.float32)
    whole = overlay(image, heat, 0.4, colormap), overlay_difference(image, heat - 0.5, 0.5)
    monkeypatch.setattr(strips, "_PIXELS", 5 * WIDTH)
    for expected, other in zip(
        whole, (overlay(image, heat, 0.4, colormap), overlay_difference(image, heat - 0.5, 0.5))
    ):
        np.testing.assert_array_equal(expected, other)


def _bytes(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def _kinds() -> dict[str, bytes]:
    rgb = Image.fromarray(RGB)
    clear = rgb.copy()
    clear.putalpha(Image.fromarray(RGB[..., 0]))
    turned = Image.Exif()
    turned[0x0112] = 6
    deep = _RNG.integers(0, 65536, (HEIGHT, WIDTH), dtype=np.uint16)
    return {
        "rgb": _bytes(rgb, "PNG"),
        "turned": _bytes(rgb, "PNG", exif=turned),
        "alpha": _bytes(clear, "PNG"),
        "palette with a clear colour": _bytes(rgb.quantize(16), "PNG", transparency=3),
        "cmyk": _bytes(rgb.convert("CMYK"), "TIFF"),
        "lab": _bytes(rgb.convert("LAB"), "TIFF"),
        "black and white": _bytes(rgb.convert("1"), "PNG"),
        "16 bits": _bytes(Image.fromarray(deep), "PNG"),
        "decimal": _bytes(Image.fromarray(_RNG.random((HEIGHT, WIDTH), dtype=np.float32)), "TIFF"),
    }


KINDS = _kinds()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("alpha", ["on-white", "drop-alpha"])
def test_images_are_read_as_a_whole_would_be(monkeypatch, kind, channels, alpha):
    whole = read_image(KINDS[kind], channels, alpha)
    monkeypatch.setattr(strips, "_PIXELS", 5 * WIDTH)
    np.testing.assert_array_equal(read_image(KINDS[kind], channels, alpha), whole)


def test_what_is_drawn_fits_a_screen_and_small_images_stay():
    assert fitted(np.zeros((3000, 4096, 3), np.uint8)).shape == (1500, 2048, 3)
    assert fitted(np.zeros((5, 9000, 1), np.uint8), 100).shape == (1, 100, 1)
    small = np.zeros((30, 40, 3), np.uint8)
    assert fitted(small) is small and fitted(small, 80, enlarge=True).shape == (60, 80, 3)
