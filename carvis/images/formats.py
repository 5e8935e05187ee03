"""Which files are read as images, and why others are not."""

import os
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from carvis.language import Message
from carvis.workspace import open_regular

HEIC_SUFFIXES = (".heic", ".heif", ".hif")
# Either lets Pillow read HEIC. They bundle copyleft libraries, so they are left to each person to install.
_HEIC_READERS = ("pi_heif", "pillow_heif")
_HEIC_READER = next((name for name in _HEIC_READERS if find_spec(name)), None)

IMAGE_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".avif",
    *(HEIC_SUFFIXES if _HEIC_READER else ()),
)  # fmt: skip
# Pillow opens others too, one of them (EPS) by starting another program.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "AVIF")

_FOREIGN_SUFFIXES = {
    ".jp2", ".j2k", ".jpx", ".jxl", ".jxr", ".psd", ".psb", ".xcf", ".ai", ".eps", ".pdf", ".svg", ".ico", ".icns",
    ".tga", ".pcx", ".sgi", ".exr", ".hdr", ".pfm", ".pbm", ".pnm", ".pam", ".dds", ".dcm", ".fits", ".raw", ".dng",
    ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw", ".apng", ".mng", ".wmf", ".emf", ".qoi",
    ".jpg2", ".jps", ".mpo", ".avifs", ".webm", ".mp4", ".mov",
}  # fmt: skip
_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", "PNG", ".png"),
    (b"GIF87a", "GIF", ".gif"),
    (b"GIF89a", "GIF", ".gif"),
    (b"BM", "BMP", ".bmp"),
    (b"II*\0", "TIFF", ".tif"),
    (b"MM\0*", "TIFF", ".tif"),
)

# Formats that files named .jpg or .png may really have.
_FOREIGN_SIGNATURES = (
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\1\0", "ICO"),
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"DDS ", "DDS"),
)
_WEB_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype\s+html|html|head|body|script)", re.IGNORECASE)
_SVG = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml|<svg)", re.IGNORECASE)

HEIC_REMEDY = Message("HEIC needs another package: install pi-heif or pillow-heif, or save it as JPEG or PNG")


def readable_formats() -> tuple[str, ...]:
    """Return the formats that Pillow may open, HEIC where a reader of it is installed."""
    return (*FORMATS, "HEIF") if _heic_opened() else FORMATS


@lru_cache(maxsize=1)
def _heic_opened() -> bool:
    if _HEIC_READER is None:
        return False
    from importlib import import_module

    try:
        import_module(_HEIC_READER).register_heif_opener()
    # A broken reader counts as missing.
    except Exception:
        return False
    return True


def content_type(path: str | Path) -> tuple[str, str] | None:
    """Return the format that a file's first bytes show, with its suffix: ``("JPEG", ".jpg")``; None for another."""
    try:
        with open_regular(path) as file:
            return type_of_bytes(file.read(32))
    except OSError:
        return None


def type_of_bytes(start: bytes) -> tuple[str, str] | None:
    """Return what ``content_type`` does, of the first 32 bytes."""
    for signature, name, suffix in _SIGNATURES:
        # Two letters are not enough: a bitmap also names the size of its header.
        if start.startswith(signature) and (name != "BMP" or start[14:18] in (b"\x28\0\0\0", b"\x7c\0\0\0")):
            return name, suffix
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WebP", ".webp"
    if start[4:8] == b"ftyp":
        # Under a general brand, the compatible ones that follow tell which it is.
        general = start[8:12] in (b"mif1", b"msf1")
        if start[8:12] in (b"avif", b"avis") or (general and (b"avif" in start[16:32] or b"avis" in start[16:32])):
            return "AVIF", ".avif"
        if start[8:12] in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"):
            return "HEIC", ".heic"
    return None


def why_not_opened(start: bytes) -> Message | None:
    """Return why bytes are no image that is read, with the remedy, by their first 32; None where they do not tell."""
    detected = type_of_bytes(start)
    if detected and detected[0] == "HEIC":
        return HEIC_REMEDY
    if detected and detected[0] == "TIFF":
        return Message(
            "a TIFF of a kind that carvis does not read, such as one of 64-bit values or of colours in decimal "
            "numbers: save it as an 8-bit or 16-bit image"
        )
    for signature, name in _FOREIGN_SIGNATURES:
        if start.startswith(signature):
            return Message("its content is {format}, which carvis does not read: save it as JPEG or PNG", format=name)
    if start.startswith(b"version https://git-lfs"):
        return Message("a Git LFS pointer in place of the image: run git lfs pull")
    if _WEB_PAGE.match(start):
        return Message("a web page in place of an image: download the image again")
    if _SVG.match(start):
        return Message("its content is {format}, which carvis does not read: save it as JPEG or PNG", format="SVG")
    return None


def why_not_read(path: str | Path) -> Message:
    """Return why a file is not read as an image, with the remedy, in words that follow its name."""
    suffix = os.path.splitext(path)[1].lower()
    detected = content_type(path)
    if suffix in HEIC_SUFFIXES or (detected and detected[0] == "HEIC"):
        return HEIC_REMEDY
    if suffix in _FOREIGN_SUFFIXES:
        return Message("{suffix} is a format that carvis does not read: save it as JPEG or PNG", suffix=suffix)
    if detected and not suffix:
        return Message(
            "a {format} image without a suffix, which Keras ignores, too: add {suffix} to its name",
            format=detected[0],
            suffix=detected[1],
        )
    if detected and suffix not in IMAGE_SUFFIXES:
        return Message(
            "a {format} image named {suffix}, which Keras ignores, too: let its name end in {right}",
            format=detected[0],
            suffix=suffix,
            right=detected[1],
        )
    return Message("not an image file")
