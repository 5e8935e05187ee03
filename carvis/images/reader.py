"""One way to read an image for a model or a person: RGB uint8, with transparency and orientation handled by name."""

import io
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from carvis.errors import FileKindError, ImageError
from carvis.images import netpbm, webp
from carvis.images.bit_depth import Undecided, to_8_bit
from carvis.images.choices import ALPHAS, ORIENTATIONS, Alpha, Orientation, ResizeMethod
from carvis.images.decode_limits import Refused, check_body, check_head, check_pixels
from carvis.images.deep_values import kind_of
from carvis.images.formats import IMAGE_SUFFIXES, readable_formats, why_not_opened, why_not_read
from carvis.images.orientation import SIDEWAYS, orientation_in, turned_upright
from carvis.images.resampling import resize
from carvis.images.strips import strips
from carvis.language import Message, message_of
from carvis.workspace import open_regular, os_reason, os_remedy, shown_path


@dataclass(frozen=True)
class Reading:
    """How a model reads an image file.

    Attributes:
        alpha: ``drop-alpha`` leaves the alpha channel out and takes the colours under it as they are, ``on-white`` and
            ``on-black`` lay a transparent image on that colour.
        orientation: ``upright`` turns the image as its EXIF orientation says, ``as-stored`` does not.
    """

    alpha: Alpha = "on-white"
    orientation: Orientation = "upright"

    def __post_init__(self) -> None:
        for value, choices in ((self.alpha, ALPHAS), (self.orientation, ORIENTATIONS)):
            if value not in choices:
                raise ValueError(f"{value!r} is no way to read an image: choose one of {', '.join(choices)}")

    def facts(self) -> dict[str, str]:
        """Return what differs from the usual reading, for hashes that must not change where nothing does."""
        default = Reading()
        return {name: value for name, value in vars(self).items() if value != getattr(default, name)}

    def __str__(self) -> str:
        return f"{self.alpha}, {self.orientation}"


# What people look at, and what carvis trains on.
USUAL = Reading()
# Keras's load_img and image_dataset_from_directory: the alpha channel is dropped, and nothing is turned.
KERAS = Reading("drop-alpha", "as-stored")


def read_image(
    source: str | Path | bytes, channels: int = 3, alpha: Alpha = "on-white", orientation: Orientation = "upright"
) -> NDArray[np.uint8]:
    """Read an image from a file or from its bytes.

    Args:
        source: a path, or the content of an image file.
        channels: 3 for RGB, 1 for grey.
        alpha, orientation: as ``Reading``; ``drop-alpha`` and ``as-stored`` read as Keras's ``load_img`` does.

    Returns:
        uint8 array (height, width, channels), the first frame. Which value is white in an image beyond 8 bits is
        decided as ``carvis.images.bit_depth`` says.

    Raises:
        ImageError: no such file, no image, damaged, with values that nothing says the white of, or more than
            ``MAX_PIXELS`` pixels, or made so that reading it takes far longer than others.
    """
    return read_for(Reading(alpha, orientation), source, channels)


def read_for(reading: Reading, source: str | Path | bytes, channels: int = 3) -> NDArray[np.uint8]:
    """Read an image as ``read_image`` does, by a ``Reading``."""
    with _opened(source) as image:
        return _to_array(image, channels, reading, source)


def turn_of(source: str | Path | bytes, reading: Reading) -> int:
    """Return the EXIF orientation by which an image read so is still to be turned to stand upright; 1 for none.

    Raises:
        ImageError: no such file, or no image.
    """
    if reading.orientation == "upright":
        return 1
    with _opened(source) as image:
        return orientation_in(image)


def header_traits(source: str | Path | bytes) -> tuple[bool, bool]:
    """Tell whether an image is turned by its EXIF orientation, and whether it holds transparency, by its header.

    Raises:
        ImageError: no such file, or no image.
    """
    with _opened(source) as image:
        transparent = "A" in image.getbands() or "transparency" in image.info
        return orientation_in(image) != 1, transparent


def image_size(source: str | Path | bytes) -> tuple[int, int]:
    """Return an image's (height, width) as it stands upright, without decoding it.

    Raises:
        ImageError: no such file, or no image.
    """
    with _opened(source) as image:
        return image.size if orientation_in(image) in SIDEWAYS else image.size[::-1]


@contextmanager
def _opened(source: str | Path | bytes) -> Iterator[ImageFile.ImageFile]:
    """Open an image whose size is checked; what goes wrong with it in the block is said in one sentence."""
    name = Message("The uploaded file") if isinstance(source, bytes) else shown_path(source)
    try:
        with warnings.catch_warnings(), _stream(source) as stream:
            warnings.simplefilter("ignore")
            check_head(stream)
            with Image.open(stream, formats=readable_formats()) as image:
                check_pixels(image)
                yield image
    except FileNotFoundError:
        raise ImageError(Message("{name} does not exist: check the path.", name=name)) from None
    except IsADirectoryError:
        raise ImageError(Message("{name} is a folder: name an image in it.", name=name)) from None
    except PermissionError:
        raise ImageError(Message("{name} may not be read: check its permissions.", name=name)) from None
    except FileKindError as error:
        raise ImageError(message_of(error)) from None
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise ImageError(_no_image(name, source)) from None
    except (Undecided, Refused) as error:
        raise ImageError(Message("{name} {reason}", name=name, reason=error.args[0])) from None
    # Pillow's decoders report damage in many ways (SyntaxError, struct.error, zlib.error, ...).
    except ImageError:
        raise
    except Exception as error:
        # Pillow's own errors of this kind have no number.
        if isinstance(error, OSError) and error.errno is not None:
            message = Message(
                "{path} cannot be read ({reason}): {remedy}.",
                path=name,
                reason=os_reason(error),
                remedy=os_remedy(error),
            )
            raise ImageError(message) from None
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(
            Message("{name} is damaged ({reason}): replace or remove it.", name=name, reason=reason)
        ) from None


def _no_image(name: str, source: str | Path | bytes) -> Message:
    if isinstance(source, bytes) or os.path.splitext(source)[1].lower() in IMAGE_SUFFIXES:
        reason = why_not_opened(_start_of(source))
    else:
        reason = why_not_read(source)
    if reason:
        return Message("{name} cannot be read: {reason}.", name=name, reason=reason)
    return Message("{name} is not an image that can be read: replace or remove it.", name=name)


def _stream(source: str | Path | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else open_regular(source)


def _start_of(source: str | Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[:32]
    try:
        with open_regular(source) as file:
            return file.read(32)
    except OSError:
        return b""


def _to_array(
    stored: ImageFile.ImageFile, channels: int, reading: Reading, source: str | Path | bytes
) -> NDArray[np.uint8]:
    turn, image = 1, cast(Image.Image, stored)
    check_body(stored)
    netpbm.decode(stored)
    if (values := webp.large(stored, source)) is not None:
        array = np.empty((*values.shape[:2], channels), np.uint8)
        for rows in strips(*array.shape[:2]):
            array[rows] = _converted(Image.fromarray(values[rows]), channels, reading)
        upright = reading.orientation == "upright"
        return np.ascontiguousarray(turned_upright(array, orientation_in(stored))) if upright else array
    if kind := kind_of(stored):
        orientation = orientation_in(stored)
        shallow = to_8_bit(stored, kind, source)
        if shallow is not stored:
            image, turn = shallow, orientation if reading.orientation == "upright" else 1
    if turn == 1 and reading.orientation == "upright":
        ImageOps.exif_transpose(image, in_place=True)
    image.load()
    array = np.empty((image.height, image.width, channels), np.uint8)
    # Each conversion copies what it is given: of a large photograph, several hundred megabytes.
    for rows in strips(*array.shape[:2]):
        part = image.crop((0, rows.start, image.width, rows.stop)) if len(array) > rows.stop - rows.start else image
        array[rows] = _converted(part, channels, reading)
    return array if turn == 1 else np.ascontiguousarray(turned_upright(array, turn))


def _converted(image: Image.Image, channels: int, reading: Reading) -> NDArray[np.uint8]:
    """Return the pixels as uint8 (H, W, channels)."""
    if reading.alpha != "drop-alpha" and ("A" in image.getbands() or "transparency" in image.info):
        rgba = image.convert("RGBA")
        ground = "white" if reading.alpha == "on-white" else "black"
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, ground), rgba)
    mode = "L" if channels == 1 else "RGB"
    if image.mode == "LAB":  # Pillow has no way from it to grey.
        image = image.convert("RGB")
    array = np.asarray(image if image.mode == mode else image.convert(mode))
    return array[..., None] if channels == 1 else array


def load_batch(
    paths: Iterable[str | Path],
    size: int | tuple[int, int],
    method: ResizeMethod = "bilinear",
    channels: int = 3,
    reading: Reading = USUAL,
) -> NDArray[np.uint8]:
    """Read images and resize each to ``size``: uint8 array (N, height, width, channels)."""
    return np.stack([resize(read_for(reading, path, channels), size, method) for path in paths])
