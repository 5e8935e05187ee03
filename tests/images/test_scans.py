"""Small files whose decoding would take minutes: refused before they are decoded."""

import io

import numpy as np
import pytest
from PIL import Image

from carvis.errors import ImageError
from carvis.images import read_image
from carvis.images.decode_limits import _MOST_SCANS, _scans


def jpeg(**options) -> bytes:
    stream = io.BytesIO()
    values = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(values).save(stream, "JPEG", **options)
    return stream.getvalue()


def with_scans(more: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again, each time without content: 11 bytes each."""
    content = jpeg(progressive=True)
    start = content.rfind(b"\xff\xda")
    header = content[start : start + 2 + int.from_bytes(content[start + 2 : start + 4], "big")]
    return content[:-2] + (header + b"\0") * more + b"\xff\xd9"


def test_a_jpeg_that_goes_over_its_image_thousands_of_times_is_refused(tmp_path):
    path = tmp_path / "slow.jpg"
    path.write_bytes(with_scans(60_000))
    with pytest.raises(ImageError, match=r"slow.jpg would take far longer to read .*60,010 scans.*: save it anew"):
        read_image(path)
    with pytest.raises(ImageError, match="The uploaded file would take far longer"):
        read_image(path.read_bytes())


def test_photos_are_read_whatever_lies_inside_or_behind_them(tmp_path):
    plain = read_image(jpeg())
    behind = b"\xff\xda\0\x02" * 1000
    inside = b"\xff\xe5" + (2 + len(behind)).to_bytes(2, "big") + behind
    content = jpeg()
    # A film behind a photo, and a preview within it, are none of its scans.
    photo = content[:2] + inside + content[2:] + behind
    assert _scans(io.BytesIO(photo)) == 1 and _scans(io.BytesIO(jpeg(progressive=True))) == 10
    assert np.array_equal(read_image(photo), plain)
    assert read_image(with_scans(_MOST_SCANS - 10)).shape == (64, 64, 3)


def test_masks_are_opened_as_png_alone(tmp_path):
    from carvis.dataset.parts.masks import _highest

    Image.fromarray(np.full((4, 4), 7, np.uint8)).save(tmp_path / "mask.png")
    # Pillow would start another program to draw some of its formats, whatever the file is named.
    Image.fromarray(np.full((4, 4), 9, np.uint8)).save(tmp_path / "other.png", "BMP")
    assert _highest([tmp_path / "mask.png", tmp_path / "other.png"]) == 7
