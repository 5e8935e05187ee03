"""Images that a few bytes make slow or large are refused in one sentence; honest ones of the same kind are read."""

import io
import struct
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from carvis.errors import ImageError
from carvis.images import read_image


def png(width: int, height: int, depth: int, colour: int, extra: bytes = b"", row: bytes | None = None) -> bytes:
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    packer, row = zlib.compressobj(1), row or bytes(1 + width * channels * depth // 8)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tiff(strips: int, tag: int) -> bytes:
    """A TIFF of 1 x ``strips`` pixels whose places of strips, or tiles, take a byte each."""
    values = {256: (4, 1, 1), 257: (4, 1, strips), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1), 277: (3, 1, 1)}
    values |= {278: (4, 1, 1)} if tag == 273 else {322: (4, 1, 1), 323: (4, 1, 1)}
    values |= {tag: (1, strips, 200)}
    entries = b"".join(struct.pack("<HHII", key, *value) for key, value in sorted(values.items()))
    head = b"II*\0" + struct.pack("<IH", 8, len(values)) + entries + bytes(4)
    return head.ljust(200, b"\0") + bytes([100]) * strips


def bmp(width: int, height: int, body: bytes) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(body), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 1078 + len(body), 0, 0, 1078) + head + bytes(1024) + body


def jpeg(between: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), (200, 30, 30)).save(buffer, "JPEG")
    return buffer.getvalue()[:2] + between + buffer.getvalue()[2:]


def progressive(side: int, scans: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (side, side), 77).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * scans + data[-2:]


GIF = b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0x80, 0, 0) + bytes(6)
SLOW = {
    "strips of a TIFF": lambda: tiff(3_000_000, 273),
    "tiles of a TIFF": lambda: tiff(3_000_000, 324),
    "tags of a TIFF": lambda: b"II*\0" + struct.pack("<IH", 8, 60_000) + struct.pack("<HHII", 999, 1, 1, 0) * 60_000,
    "chunks of a PNG": lambda: png(8, 8, 8, 2, chunk(b"abCd", b"") * 300_000),
    "texts of a PNG": lambda: png(8, 8, 8, 2, b"".join(chunk(b"tEXt", b"k%d\0v" % n) for n in range(100_000))),
    "empty data of a PNG": lambda: png(8, 8, 8, 2)[:33] + chunk(b"IDAT", b"") * 300_000 + png(8, 8, 8, 2)[33:],
    "extensions of a GIF": lambda: GIF + b"\x21\xfe\1a\0" * 1_000_000,
    "a comment of a GIF": lambda: GIF + b"\x21\xfe" + b"\1a" * 1_000_000 + b"\0",
    "comments of a JPEG": lambda: jpeg(b"\xff\xfe\0\3x" * 300_000),
    "bytes between the parts of a JPEG": lambda: jpeg(b"\xff" * 10_000_000),
    "scans of a JPEG": lambda: progressive(4000, 300),
    "scans of a small JPEG": lambda: progressive(64, 300),
    "run lengths of a BMP": lambda: bmp(65_000, 700, b"\1\1\0\0" * 700 + b"\0\1"),
    "text of a PPM": lambda: b"P3 8000 6000 255\n" + b"1 2 3 " * 100,
    "comments in a PPM": lambda: b"P3 100 100 255\n" + b"#\n" * 10_000_000,
    "comments before a PPM": lambda: b"P6\n" + b"#x\n" * 3_000_000 + b"8 8 255\n" + bytes(192),
    "rows of a PNG": lambda: png(1, 2_000_000, 8, 0),
}


@pytest.mark.parametrize("kind", SLOW)
def test_what_would_take_long_is_refused_at_once(kind):
    data = SLOW[kind]()
    start = time.process_time()
    with pytest.raises(ImageError, match=r"would take far longer to read .* save it anew as PNG or JPEG\.$"):
        read_image(data)
    assert time.process_time() - start < 1


HONEST = {
    "strips": lambda: tiff(8_000, 273),
    "chunks": lambda: png(8, 8, 8, 2, b"".join(chunk(b"tEXt", b"k%d\0v" % n) for n in range(50))),
    "progressive": lambda: progressive(500, 20),
    "comments": lambda: jpeg(b"\xff\xfe\0\3x" * 50 + b"\xff" * 8),
    "run lengths": lambda: bmp(600, 400, b"\1\1\0\0" * 400 + b"\0\1"),
    "text": lambda: b"P3 # by hand\n200 100 255\n" + b"1 2 3\n" * 20_000,
    "GIF": lambda: GIF + b"\x21\xfe" + (b"\xff" + bytes(255)) * 400 + b"\0,\0\0\0\0\x08\0\x08\0\0\2\2\x4c\1\0;",
}


@pytest.mark.parametrize("kind", HONEST)
def test_honest_images_of_each_kind_are_read(kind):
    if kind == "GIF":
        with pytest.raises(ImageError, match="truncated"):
            read_image(HONEST[kind]())
    else:
        assert read_image(HONEST[kind]()).shape[2] == 3


@pytest.mark.parametrize("cut", [b"II*\0", b"MM\0*\0\0\0\x08\xff", b"P6", b"P6\n", b"GIF89a", b"\xff\xd8", b"\x89PNG"])
def test_what_is_cut_off_is_told_as_before(cut):
    with pytest.raises(ImageError, match=r"damaged|not an image|cannot be read"):
        read_image(cut)


@pytest.mark.parametrize(("maximum", "sign"), [(100, b"P6"), (1000, b"P6"), (65535, b"P6"), (7, b"P5"), (1000, b"P5")])
def test_a_netpbm_image_of_any_maximum_has_pillow_s_values(maximum, sign):
    values = np.random.default_rng(0).integers(0, maximum + 1, (7, 5, 3 if sign == b"P6" else 1))
    kind = ">u2" if maximum > 255 else "u1"
    data = b"%s 5 7 %d\n" % (sign, maximum) + values.astype(kind).tobytes()
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(image).reshape(values.shape)
    expected = (expected >> 8 if expected.max() > 255 else expected).astype(np.uint8)
    pixels = read_image(data, values.shape[2])
    assert (pixels == expected).all()
    with pytest.raises(ImageError, match="truncated"):
        read_image(data[:-3])


def test_a_large_netpbm_image_takes_no_minute():
    data = b"P6 2000 1500 1000\n" + bytes(2000 * 1500 * 6)
    start = time.process_time()
    assert read_image(data).shape == (1500, 2000, 3)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(("colour", "clear"), [(2, b"\0\1\0\2\0\3"), (0, b"\0\1")])
def test_a_transparent_16_bit_value_takes_no_memory_of_its_own(colour, clear):
    data = png(2000, 2000, 16, colour, chunk(b"tRNS", clear))
    tracemalloc.start()
    read_image(data)
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # 32 bytes a pixel before; its values take 6 at most, and so much again where they are brought into order.
    assert highest < 20 * 2000 * 2000


@pytest.mark.parametrize("alpha", ["drop-alpha", "on-white"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("lossless", [True, False])
def test_a_large_webp_has_pillow_s_pixels(mode, alpha, lossless):
    values = np.random.default_rng(0).integers(0, 256, (25, 20, len(mode)), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.fromarray(values).resize((2400, 1800)).save(buffer, "WEBP", lossless=lossless, method=0, exif=exif)
    with Image.open(buffer) as image:
        assert image.width * image.height > 4_000_000
        expected = image.convert("RGBA") if mode == "RGBA" else image.convert("RGB")
    if mode == "RGBA" and alpha == "on-white":
        expected = Image.alpha_composite(Image.new("RGBA", expected.size, "white"), expected)
    expected = np.rot90(np.asarray(expected)[..., :3], -1)
    pixels = read_image(buffer.getvalue(), alpha=alpha).astype(int)
    assert np.abs(pixels - expected).max() <= (0 if lossless else 1)
    with pytest.raises(ImageError, match=r"damaged|not an image"):
        read_image(buffer.getvalue()[:-5000])


def test_a_large_animated_webp_is_refused():
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (2400, 1800), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], method=0)
    with pytest.raises(ImageError, match="animated"):
        read_image(buffer.getvalue())
