"""Reading for a model: transparency, orientation, and values beyond 8 bits, held against Keras's own readers."""

import struct
import zlib

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from carvis.errors import ImageError
from carvis.images import IMAGE_SUFFIXES, KERAS, Reading, image_size, read_for, read_image, turn_of
from carvis.images.orientation import place_upright, turned_as_stored, turned_upright

RNG = np.random.default_rng(0)
RGBA = RNG.integers(0, 256, (8, 10, 4), np.uint8)
RGB = RGBA[..., :3]
PALETTE = Image.fromarray(RGB).quantize(16)
GREY16 = RNG.integers(0, 65536, (8, 10)).astype(np.uint16)


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def written(folder, name: str):
    """Write one kind of file: its name says which."""
    path, options = folder / name, {}
    if name.startswith("exif6"):
        image, options = Image.fromarray(RGB), {"exif": exif(6)}
    elif name.startswith("palette_one"):
        image, options = PALETTE, {"transparency": 3}
    elif name.startswith("palette_many"):
        image, options = PALETTE, {"transparency": bytes([0, 100, 255, 7])}
    elif name.startswith("palette"):
        image = PALETTE
    elif name.startswith("key_rgb"):
        image, options = Image.fromarray(RGB), {"transparency": tuple(RGB[0, 0].tolist())}
    elif name.startswith("key_grey"):
        image, options = Image.fromarray(RGBA[..., 0]), {"transparency": int(RGBA[0, 0, 0])}
    else:
        mode = name.split(".")[0]
        image = Image.fromarray(RGBA if mode.endswith("A") else RGB)
        image = Image.merge("LAB", image.split()) if mode == "LAB" else image.convert(mode)
        options = {"lossless": True, "exact": True} if name.endswith(".webp") else {}
    image.save(path, **options)
    return path


FILES = [
    "RGBA.png", "LA.png", "RGBA.webp", "RGBA.tif", "LA.tif", "RGBA.avif", "palette.png", "palette_one.png",
    "palette_many.png", "palette.gif", "palette_one.gif", "key_rgb.png", "key_grey.png", "RGB.jpg", "RGB.png",
    "RGB.bmp", "L.png", "1.png", "1.tif", "CMYK.jpg", "CMYK.tif", "YCbCr.jpg", "LAB.tif",
    "exif6.jpg", "exif6.png", "exif6.webp", "exif6.tif", "exif6.avif",
]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_without_a_card_pixels_are_those_of_keras_load_img(tmp_path, name):
    path = written(tmp_path, name)
    for channels, mode in ((3, "rgb"), (1, "grayscale")):
        if (name, channels) == ("LAB.tif", 1):
            continue  # load_img refuses it.
        image = read_image(path, channels, alpha="drop-alpha", orientation="as-stored")
        expected = keras.utils.img_to_array(keras.utils.load_img(path, color_mode=mode))
        np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize("name", [name for name in FILES if name.rsplit(".", 1)[1] in ("png", "gif", "bmp", "jpg")])
def test_pixels_are_those_of_tensorflow_s_decoder(tmp_path, name):
    if name in ("palette_one.gif", "CMYK.jpg"):
        pytest.skip("load_img and decode_image differ here: carvis follows load_img")
    path = written(tmp_path, name)
    image = read_image(path, alpha="drop-alpha", orientation="as-stored")
    expected = tf.io.decode_image(tf.io.read_file(str(path)), channels=3, expand_animations=False).numpy()
    # TensorFlow's JPEG decoder takes the fast transform: some levels of difference in noise.
    tolerance = 4 if name.endswith("jpg") else 0
    assert np.abs(image.astype(int) - expected).max() <= tolerance


def test_tensorflow_s_transparent_gif_is_not_followed(tmp_path):
    path = written(tmp_path, "palette_one.gif")
    decoded = tf.io.decode_image(tf.io.read_file(str(path)), channels=3, expand_animations=False).numpy()
    assert (decoded != read_image(path, alpha="drop-alpha")).any()


@pytest.mark.parametrize(("alpha", "expected"), [("drop-alpha", 40), ("on-white", 209), ("on-black", 10)])
def test_transparency_by_hand(tmp_path, alpha, expected):
    # A quarter of 40 is 10; of white there stay three quarters of 255, 191: together 201 and its rounding.
    Image.new("RGBA", (4, 4), (40, 40, 40, 64)).save(tmp_path / "a.png")
    value = int(read_image(tmp_path / "a.png", alpha=alpha)[0, 0, 0])
    assert abs(value - {209: 201}.get(expected, expected)) <= 1
    hidden = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    hidden.save(tmp_path / "b.png")
    assert read_image(tmp_path / "b.png", alpha=alpha).max() == {209: 255}.get(expected, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_orientations_are_pillow_s(tmp_path, orientation, suffix):
    image = np.repeat(np.repeat(RNG.integers(0, 2, (3, 5, 1), np.uint8) * 255, 8, 0), 8, 1).repeat(3, 2)
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(image).save(path, exif=exif(orientation))
    upright, stored = read_image(path), read_image(path, orientation="as-stored")
    turn = turn_of(path, KERAS)
    np.testing.assert_array_equal(turned_upright(stored, turn), upright)
    np.testing.assert_array_equal(turned_as_stored(upright, turn), stored)
    assert image_size(path) == upright.shape[:2]
    # Pillow turns TIFF while it loads it, for Keras as well.
    assert turn == (1 if suffix == "tif" else orientation)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_place_turns_with_its_image(orientation):
    stored = np.zeros((6, 4))
    stored[1, 3] = 1
    y, x = np.argwhere(turned_upright(stored, orientation))[0]
    height, width = turned_upright(stored, orientation).shape
    assert place_upright(3.5 / 4, 1.5 / 6, orientation) == pytest.approx(((x + 0.5) / width, (y + 0.5) / height))


def test_a_reading_is_named_and_refuses_other_names():
    assert Reading().facts() == {} and KERAS.facts() == {"alpha": "drop-alpha", "orientation": "as-stored"}
    with pytest.raises(ValueError, match="on-white"):
        Reading("on-pink")


def test_16_bits_are_read_by_their_type_not_by_their_brightest_pixel(tmp_path):
    dark = np.full((4, 4), 200, np.uint16)
    other = dark.copy()
    other[0, 0] = 256
    for name, values in (("dark.png", dark), ("other.png", other), ("dark.tif", dark), ("other.tif", other)):
        cv2.imwrite(str(tmp_path / name), values)
    np.testing.assert_array_equal(read_image(tmp_path / "dark.png")[1:], read_image(tmp_path / "other.png")[1:])
    np.testing.assert_array_equal(read_image(tmp_path / "dark.tif")[1:], read_image(tmp_path / "other.tif")[1:])


@pytest.mark.parametrize("name", ["grey.png", "grey.tif", "grey.pgm", "rgb.png", "rgb.tif", "rgba.png", "rgb.ppm"])
def test_16_bits_are_those_of_tensorflow_s_decoder(tmp_path, name):
    shape = {"grey": (8, 10), "rgb": (8, 10, 3), "rgba": (8, 10, 4)}[name.split(".")[0]]
    values = RNG.integers(0, 65536, shape).astype(np.uint16)
    cv2.imwrite(str(tmp_path / name), values)
    high = (values[..., 2::-1] if values.ndim == 3 else values[..., None].repeat(3, 2)) >> 8
    image = read_image(tmp_path / name, alpha="drop-alpha", orientation="as-stored")
    if name.endswith("png"):
        expected = tf.io.decode_image(tf.io.read_file(str(tmp_path / name)), channels=3).numpy()
        np.testing.assert_array_equal(image, expected)
    # Pillow rounds a colour PPM instead of taking its high byte.
    assert np.abs(image.astype(int) - high).max() <= (1 if name == "rgb.ppm" else 0)


def data_set(folder, values: dict[str, np.ndarray]):
    place = folder / "data" / "train" / "cat"
    place.mkdir(parents=True)
    for name, pixels in values.items():
        if name.endswith(".tif") and pixels.dtype == np.float32:
            Image.fromarray(pixels).save(place / name)
        else:
            cv2.imwrite(str(place / name), pixels)
    return place


@pytest.mark.parametrize("shape", [(6, 6), (6, 6, 3), (6, 6, 4)])
def test_a_data_set_of_12_bits_in_16_has_4095_as_white(tmp_path, shape):
    values = {f"{i}.png": np.full(shape, 300 + i, np.uint16) for i in range(8)}
    values["7.png"][0, 0] = 3500
    if len(shape) == 3 and shape[2] == 4:
        for pixels in values.values():
            pixels[..., 3] = 65535  # The alpha channel is not of the camera.
    place = data_set(tmp_path, values)
    assert read_image(place / "0.png")[0, 0].tolist() == [round(300 * 255 / 4095)] * 3
    assert read_image(place / "7.png")[0, 0].tolist() == [round(3500 * 255 / 4095)] * 3


def test_a_few_16_bit_images_decide_nothing_for_their_data_set(tmp_path):
    place = data_set(tmp_path, {"a.png": np.full((4, 4), 300, np.uint16), "b.png": np.full((4, 4), 90, np.uint8)})
    assert read_image(place / "a.png")[0, 0].tolist() == [1, 1, 1]
    assert read_image(place / "b.png")[0, 0].tolist() == [90, 90, 90]


def test_a_tiff_may_declare_its_depth(tmp_path):
    Image.fromarray(np.full((4, 4), 4095, np.uint16)).save(tmp_path / "declared.tif", tiffinfo={281: 4095})
    # The brightest value that happens to be there declares nothing.
    Image.fromarray(np.full((4, 4), 4000, np.uint16)).save(tmp_path / "measured.tif", tiffinfo={281: 4000})
    assert read_image(tmp_path / "declared.tif").min() == 255
    assert read_image(tmp_path / "measured.tif").max() == 4000 >> 8


def test_decimal_numbers_up_to_1_are_read_with_1_as_white(tmp_path):
    for name, top in (("a.tif", 1.0), ("b.tif", 0.5)):
        Image.fromarray(np.linspace(0, top, 16, dtype=np.float32).reshape(4, 4)).save(tmp_path / name)
    assert read_image(tmp_path / "a.tif").max() == 255
    assert read_image(tmp_path / "b.tif").max() == 128


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full((4, 4), 100, np.float32), "decimal numbers from 100 to 100.*8-bit"),
        (np.full((4, 4), -0.5, np.float32), "decimal numbers from -0.5"),
        (np.full((4, 4), np.nan, np.float32), "NaN or infinite"),
        (np.full((4, 4), np.inf, np.float32), "NaN or infinite"),
        (np.full((4, 4), 70000, np.int32), "signed or 32-bit integers"),
        (np.full((4, 4), 7, np.int32), "signed or 32-bit integers"),
    ],
)
def test_what_cannot_be_decided_is_refused_with_the_remedy(tmp_path, values, words):
    Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(ImageError, match=f"a.tif holds .*{words}"):
        read_image(tmp_path / "a.tif")


def test_decimal_numbers_of_a_data_set_that_goes_beyond_1_are_refused(tmp_path):
    place = data_set(
        tmp_path, {"dark.tif": np.full((4, 4), 0.5, np.float32), "other.tif": np.full((4, 4), 200, np.float32)}
    )
    with pytest.raises(ImageError, match=r"dark\.tif holds decimal numbers, which go beyond 1 in other images"):
        read_image(place / "dark.tif")


def test_a_16_bit_image_with_orientation_is_turned(tmp_path):
    values = np.zeros((4, 6), np.uint16)
    values[0, 0] = 65535
    Image.fromarray(values).save(tmp_path / "a.png", exif=exif(6))
    assert read_image(tmp_path / "a.png").shape == (6, 4, 3)
    assert read_image(tmp_path / "a.png")[0, -1, 0] == 255
    np.testing.assert_array_equal(read_for(KERAS, tmp_path / "a.png", 1)[..., 0], values >> 8)


def test_avif_is_read_and_its_size_checked(tmp_path, monkeypatch):
    Image.new("RGB", (40, 30), (200, 100, 50)).save(tmp_path / "a.avif")
    assert ".avif" in IMAGE_SUFFIXES
    assert np.abs(read_image(tmp_path / "a.avif")[0, 0].astype(int) - [200, 100, 50]).max() <= 4
    monkeypatch.setattr("carvis.images.decode_limits.MAX_PIXELS", 1000)
    with pytest.raises(ImageError, match="40 x 30 pixels"):
        read_image(tmp_path / "a.avif")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "pi-heif or pillow-heif"),
        ("a.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "pi-heif or pillow-heif"),
        ("a.jp2", b"\0\0\0\x0cjP  \r\n\x87\n", r"\.jp2 is a format that carvis does not read: save it as JPEG or PNG"),
        ("a.psd", b"8BPS", r"\.psd is a format"),
    ],
)
def test_a_foreign_format_is_named_with_its_remedy(tmp_path, name, content, words):
    if ".heic" in IMAGE_SUFFIXES and "heif" in words:
        pytest.skip("a HEIC reader is installed here")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ImageError, match=f"{name} cannot be read: .*{words}"):
        read_image(tmp_path / name)


def tiff(folder, raw: bytes, bits: int, sample_format: int, photometric: int):
    """Write a TIFF of 2 x 1 values by hand: its entries in the order of their numbers, then the values."""
    entries = {256: 2, 257: 1, 258: bits, 259: 1, 262: photometric, 273: 200, 277: 1, 278: 1, 279: len(raw)}
    entries |= {339: sample_format}
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    head += b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in sorted(entries.items()))
    head += b"\0\0\0\0"
    (folder / "a.tif").write_bytes(head.ljust(200, b"\0") + raw)
    return folder / "a.tif"


@pytest.mark.parametrize(
    ("raw", "bits", "kind"),
    [(struct.pack("<2H", 0, 65280), 16, 1), (struct.pack("<2f", 0, 1), 32, 3), (struct.pack("2B", 0, 255), 8, 1)],
)
def test_a_tiff_whose_zero_is_white_is_inverted(tmp_path, raw, bits, kind):
    black = read_image(tiff(tmp_path, raw, bits, kind, photometric=1))[0, :, 0]
    assert black.tolist() == [0, 255]
    assert read_image(tiff(tmp_path, raw, bits, kind, photometric=0))[0, :, 0].tolist() == [255, 0]


def test_signed_bytes_are_no_image(tmp_path):
    """Pillow takes -1 for 255."""
    with pytest.raises(ImageError, match="signed"):
        read_image(tiff(tmp_path, struct.pack("2b", -1, 5), 8, 2, photometric=1))


def png16(path, values: np.ndarray, clear: np.ndarray):
    """Write a PNG of 16 bits with the one value, or colour, that its tRNS chunk makes transparent."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = values.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, 16, 2 if values.ndim == 3 else 0, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    chunks = (
        (b"IHDR", head),
        (b"tRNS", np.atleast_1d(clear).astype(">u2").tobytes()),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in chunks))


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 3)])
def test_one_transparent_value_of_16_bits(tmp_path, shape):
    values = np.full(shape, 0x4001, np.uint16)
    # The same high byte, but not the value that is named: it is not transparent.
    values[0, 0] = 0x4002
    values[1, 1] = 0x2000
    png16(tmp_path / "a.png", values, values[0, 1])
    alphas = {
        alpha: read_image(tmp_path / "a.png", alpha=alpha)[..., 0].tolist() for alpha in ("drop-alpha", "on-white")
    }
    assert alphas["drop-alpha"] == [[64, 64, 64], [64, 32, 64]]
    assert alphas["on-white"] == [[64, 255, 255], [255, 32, 255]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\0\0\0\x0cjP  \r\n\x87\n", "its content is JPEG 2000, .* save it as JPEG or PNG"),
        (b"\n<!DOCTYPE html><html>404</html>", "a web page in place of an image: download the image again"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "run git lfs pull"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "its content is SVG"),
        (struct.pack("<2d", 0, 1), "a TIFF of a kind"),
    ],
)
def test_what_a_file_is_instead_of_an_image_is_said(tmp_path, content, words):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    if "TIFF" in words:
        path = tiff(tmp_path, content, 64, 3, photometric=1)
    for source in (path, path.read_bytes()):
        with pytest.raises(ImageError, match=words):
            read_image(source)
