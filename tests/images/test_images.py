import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from carvis.errors import ImageError
from carvis.images import colorize, encode_image, overlay, read_image, resize, thumbnail, write_image


def bytes_of(image: Image.Image, format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def png_header_claiming(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    data = b"IDAT" + zlib.compress(b"\0" * 100)
    return start + struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))


def test_exif_orientation_is_applied():
    rgb = np.zeros((2, 3, 3), np.uint8)
    rgb[0, 0] = 255
    image = Image.fromarray(rgb)
    exif = image.getexif()
    exif[0x0112] = 6
    upright = read_image(bytes_of(image, exif=exif))
    assert upright.shape == (3, 2, 3)
    assert upright[0, 1].tolist() == [255, 255, 255] and upright.sum() == 765


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("L", 7, [7, 7, 7]),
        ("1", 1, [255, 255, 255]),
        ("RGBA", (10, 20, 30, 255), [10, 20, 30]),
        ("RGBA", (10, 20, 30, 0), [255, 255, 255]),
        ("LA", (50, 255), [50, 50, 50]),
        ("I;16", 65535, [255, 255, 255]),
    ],
)
def test_every_mode_becomes_rgb(mode, value, expected):
    assert read_image(bytes_of(Image.new(mode, (4, 4), value)))[0, 0].tolist() == expected


def test_cmyk_and_palette_and_animation_are_read():
    cmyk = read_image(bytes_of(Image.new("CMYK", (4, 4), (0, 0, 0, 0)), "JPEG"))
    assert cmyk.min() > 250
    palette = Image.new("RGB", (4, 4), (200, 0, 0)).quantize(2)
    assert read_image(bytes_of(palette))[0, 0].tolist() == [200, 0, 0]
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    gif = bytes_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_image(gif)[0, 0].tolist() == [255, 0, 0]
    assert read_image(bytes_of(frames[0]), channels=1).shape == (4, 4, 1)


def test_what_is_no_image_is_refused_with_its_name(tmp_path):
    valid = bytes_of(Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)), "JPEG")
    for name, content in {
        "text.jpg": b"hello",
        "empty.jpg": b"",
        "half.jpg": valid[: len(valid) // 2],
        "half.png": png_header_claiming(50, 50),
        "bomb.png": png_header_claiming(60000, 60000),
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ImageError, match=name) as caught:
            read_image(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(ImageError, match="does not exist"):
        read_image(tmp_path / "none.jpg")
    with pytest.raises(ImageError, match="is a folder"):
        read_image(tmp_path)
    with pytest.raises(ImageError, match="more than 50 million"):
        read_image(png_header_claiming(9000, 9000))


def test_nearest_takes_the_pixels_that_keras_load_img_takes():
    rng = np.random.default_rng(0)
    for shape in [(31, 45), (224, 224), (333, 517), (600, 800)]:
        image = rng.integers(0, 255, (*shape, 3), np.uint8)
        expected = np.asarray(Image.fromarray(image).resize((256, 256), Image.Resampling.NEAREST))
        np.testing.assert_array_equal(resize(image, 256, "nearest"), expected)


def test_bilinear_uses_half_pixel_centres():
    np.testing.assert_allclose(
        resize(np.array([[0.0, 4.0]], np.float32), (1, 4), "bilinear"), [[0, 1, 3, 4]], atol=1e-6
    )


def test_resize_keeps_a_grey_axis_and_names_its_methods():
    assert resize(np.zeros((4, 4, 1), np.uint8), (2, 3)).shape == (2, 3, 1)
    with pytest.raises(ValueError, match="nearest"):
        resize(np.zeros((4, 4, 3), np.uint8), 2, "magic")


def test_overlay_mixes_by_hand_worked_numbers():
    image = np.full((1, 2, 3), 100, np.uint8)
    heat = np.array([[0.0, 1.0]], np.float32)
    top = colorize(np.array([[1.0]]), "viridis")[0, 0].astype(float)
    mixed = overlay(image, heat, alpha=0.4)
    assert mixed[0, 0].tolist() == [100, 100, 100]
    assert mixed[0, 1].tolist() == np.round(0.6 * 100 + 0.4 * top).astype(int).tolist()


def test_the_tutorial_look_adds_jet_and_clips():
    image = np.full((1, 2, 3), 230, np.uint8)
    mixed = overlay(image, np.array([[0.0, 1.0]], np.float32), colormap="tutorial")
    # JET is (0, 0, 128) at 0 and (128, 0, 0) at 1: 230 + 0.4 * 128 = 281, clipped.
    assert mixed[0].tolist() == [[230, 230, 255], [255, 230, 230]]


def test_overlay_accepts_grey_images():
    assert overlay(np.zeros((4, 6, 1), np.uint8), np.zeros((2, 2))).shape == (4, 6, 3)


def test_written_images_come_back(tmp_path):
    image = np.random.default_rng(1).integers(0, 255, (8, 8, 3), np.uint8)
    np.testing.assert_array_equal(read_image(write_image(tmp_path / "a.png", image)), image)
    smooth = np.full((8, 8, 3), 90, np.uint8)
    assert np.abs(read_image(write_image(tmp_path / "a.jpg", smooth)).astype(int) - 90).max() <= 2
    assert encode_image(image) == encode_image(image)


def test_a_thumbnail_fits_and_never_enlarges():
    image = encode_image(np.zeros((400, 200, 3), np.uint8))
    assert read_image(thumbnail(image, 100)).shape == (100, 50, 3)
    assert read_image(thumbnail(encode_image(np.zeros((20, 10, 3), np.uint8)), 100)).shape == (20, 10, 3)


def test_an_image_that_starts_another_program_is_none(tmp_path):
    (tmp_path / "page.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n")
    with pytest.raises(ImageError, match=r"page\.jpg is not an image"):
        read_image(tmp_path / "page.jpg")
