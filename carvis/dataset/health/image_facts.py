"""What is known about each image file: its hashes, size, light and sharpness, and a small image to compare by."""

import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from carvis.dataset.health.borders import unframed
from carvis.dataset.health.jpeg_quality import jpeg_quality
from carvis.errors import CarvisError
from carvis.images import ResizeMethod, read_image, resize
from carvis.images.deep_values import MAX_BYTES
from carvis.language import Message, as_data, message_of
from carvis.progress import Progress, advance, no_progress
from carvis.workspace import (
    Cache,
    CacheFormat,
    check_json,
    content_hash,
    file_stamp,
    json_text,
    load_cached,
    open_arrays,
    os_reason,
    parse_json,
    read_regular,
    store_cached,
)
from carvis.workspace.json_schema import Sentence

SIDE = 32
SHARPNESS_SIDE = 256
CACHE_BYTES = 2_000_000_000
_VERSION = 5
_TEXTS, _WHOLE = ("bytes", "pixels", "format"), ("width", "height")
_NUMBERS = ("brightness", "contrast", "sharpness", "centre_brightness", "tint", "warmth", "saturation", "quality")
_FACTS = (*_TEXTS, *_WHOLE, *_NUMBERS, "reason")
_COLOUR_SIDE = 64
_CHUNK = 512
# Of one part of a folder: its small images take 6 MB at most, framed ones as much again.
_MAX_BYTES = 200_000_000


@dataclass(frozen=True)
class Described:
    """Facts and small images of the image files of a data set.

    Attributes:
        table: a row a file, by id: id, path, split, label, size (bytes), bytes and pixels (SHA-256 of the file and of
            what it shows; empty where it cannot be read), format (what the file is, whatever its name says), width,
            height, brightness (mean luminance, 0 to 255), contrast (its standard deviation), sharpness (variance of
            the Laplacian at 256 x 256), centre_brightness (mean luminance of the middle half of width and height), tint
            and warmth (mean CIELAB a*, from green below 0 to magenta, and b*, from blue below 0 to yellow), saturation
            (mean CIELAB chroma), quality (of a JPEG, 1 to 100, estimated from its quantisation table; else NaN), reason
            (why it cannot be read, else empty).
        small: uint8 (N, 32, 32, 3), in the table's order, without bars and frames of one colour; black where the file
            cannot be read.
        whole: the same with them, uint8 (32, 32, 3), of the files that have them, by their number in the table.
    """

    table: pd.DataFrame
    small: np.ndarray
    whole: dict[int, np.ndarray]


def describe(samples: pd.DataFrame, cache: Cache | None = None, progress: Progress = no_progress) -> Described:
    """Describe image files, reading only those that the cache does not know by path, size and time of change.

    What is done is kept folder by folder, so that a later call goes on where an interrupted one ended.

    Args:
        samples: columns id, path, split, label, size.
        progress: called with (images done, images in all); a true return stops the work.
    """
    samples = samples.reset_index(drop=True)
    facts: list[tuple] = [()] * len(samples)
    small = np.zeros((len(samples), SIDE, SIDE, 3), np.uint8)
    whole: dict[int, np.ndarray] = {}
    paths = samples["path"].to_numpy(object)
    done = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for folder, rows in _parts(paths):
            key = content_hash("described", _VERSION, folder)
            stamps = [_stamp(paths[row]) for row in rows]
            cached = load_cached(cache, key, _PART)
            cached_rows = {stamp: i for i, stamp in enumerate(cached.stamps)} if cached else {}
            missing = []
            for row, stamp in zip(rows, stamps, strict=True):
                if cached and stamp and (i := cached_rows.get(stamp)) is not None:
                    facts[row], small[row] = cached.facts[i], cached.small[i]
                    if i in cached.whole:
                        whole[row] = cached.whole[i]
                else:
                    missing.append(row)
            done += len(rows) - len(missing)
            described = pool.map(_describe, [paths[row] for row in missing])
            for row, (fact, image, framed) in zip(missing, described, strict=True):
                facts[row], small[row] = fact, image
                if framed is not None:
                    whole[row] = framed
                done += 1
                if done % 16 == 0:
                    advance(progress, done, len(samples))
            if missing:
                framed_ones = {i: whole[row] for i, row in enumerate(rows) if row in whole}
                part = _Part(stamps, [facts[row] for row in rows], small[rows], framed_ones)
                # Once the folder cannot be written, the other parts are not tried.
                cache = cache if store_cached(cache, key, _PART, part) else None
            advance(progress, done, len(samples))
    table = pd.DataFrame(facts, columns=list(_FACTS)) if facts else pd.DataFrame(columns=list(_FACTS))
    # As pandas' own strings messages would stay English.
    table["reason"] = pd.Series([fact[-1] for fact in facts], dtype=object)
    return Described(pd.concat([samples, table], axis=1), small, whole)


def _parts(paths: np.ndarray) -> Iterator[tuple[str, list[int]]]:
    """Rows of one folder at a time, large folders in parts: what is kept together."""
    by_folder: dict[str, list[int]] = {}
    for row, path in enumerate(paths):
        by_folder.setdefault(os.path.dirname(path), []).append(row)
    for folder, rows in by_folder.items():
        for part in range(0, len(rows), _CHUNK):
            yield f"{folder}#{part}", rows[part : part + _CHUNK]


def _stamp(path: str) -> str:
    stamp = file_stamp(path)
    return f"{os.path.basename(path)}/{stamp.size}/{stamp.modified}" if stamp.modified else ""


@dataclass(frozen=True)
class _Part:
    """What is cached of one part of a folder: of each stamp the facts, the small image and, where framed, the whole."""

    stamps: list[str]
    facts: list[tuple]
    small: NDArray[np.uint8]
    whole: dict[int, NDArray[np.uint8]]


def _encode(part: _Part) -> bytes:
    buffer = io.BytesIO()
    facts = [[*map(str, fact[:-1]), json_text(as_data(fact[-1])) if fact[-1] else ""] for fact in part.facts]
    whole = np.array(list(part.whole.values()), np.uint8).reshape(-1, SIDE, SIDE, 3)
    framed = np.array(list(part.whole), int)
    np.savez(buffer, stamps=np.array(part.stamps), facts=np.array(facts), small=part.small, framed=framed, whole=whole)
    return buffer.getvalue()


def _decode(path: Path) -> _Part:
    with open_arrays(path, max_bytes=_MAX_BYTES) as arrays:
        stamps = arrays.read("stamps", "U", (None,)).tolist()
        facts = arrays.read("facts", "U", (len(stamps), len(_FACTS))).tolist()
        small = arrays.read("small", "u", (len(stamps), SIDE, SIDE, 3))
        framed = arrays.read("framed", "iu", (None,)).tolist()
        whole = dict(zip(framed, arrays.read("whole", "u", (len(framed), SIDE, SIDE, 3)), strict=True))
    return _Part(stamps, [_typed(texts, path) for texts in facts], small, whole)


_PART = CacheFormat(".npz", _encode, _decode)


def _typed(texts: list[str], path: Path) -> tuple:
    reason = check_json(parse_json(texts[-1], path), Sentence, path) if texts[-1] else ""
    return (*texts[:3], *map(int, texts[3:5]), *map(float, texts[5:-1]), reason)


def _describe(path: str) -> tuple[tuple, np.ndarray, np.ndarray | None]:
    black, reason = np.zeros((SIDE, SIDE, 3), np.uint8), ""
    try:
        content = read_regular(path, MAX_BYTES)
        digest = sha256(content).hexdigest()
        image = read_image(path)
        kind, quality = _format(content)
    except CarvisError as error:
        reason = message_of(error)
    except OSError as error:
        reason = Message("{name} cannot be read: {reason}.", name=path, reason=os_reason(error))
    if reason:
        return ("", "", "", 0, 0, *[0.0] * len(_NUMBERS), reason), black, None
    height, width = image.shape[:2]
    pixels = sha256(f"{height} {width} ".encode() + image.tobytes()).hexdigest()
    resized = _resized(image, SHARPNESS_SIDE)
    facts = (digest, pixels, kind, width, height, *_light(resized), *_colour(resized), quality, "")
    part = unframed(image)
    whole = _resized(image, SIDE) if part.shape != image.shape else None
    return facts, _resized(part, SIDE), whole


def _light(image: NDArray[np.uint8]) -> tuple[float, ...]:
    """Brightness, contrast, sharpness, and the brightness of the middle."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    sharpness = float(cv2.Laplacian(grey, cv2.CV_32F).var())
    quarter = len(grey) // 4
    centre = grey[quarter:-quarter, quarter:-quarter]
    return float(grey.mean()), float(grey.std()), sharpness, float(centre.mean())


def _colour(image: NDArray[np.uint8]) -> tuple[float, ...]:
    """Tint, warmth and saturation: the mean a*, b* and chroma in CIELAB (D65)."""
    lab = cv2.cvtColor(_resized(image, _COLOUR_SIDE).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return float(lab[..., 1].mean()), float(lab[..., 2].mean()), float(np.hypot(lab[..., 1], lab[..., 2]).mean())


def small_image(image: np.ndarray, side: int) -> np.ndarray:
    """What an image shows within its frame, if it has one, as uint8 (side, side, 3)."""
    return _resized(unframed(image), side)


def _resized(image: np.ndarray, side: int) -> np.ndarray:
    return resize(image, side, _method(image, side))


def _method(image: NDArray[np.uint8], side: int) -> ResizeMethod:
    """Averaging does not enlarge: it would only repeat pixels."""
    return "area" if min(image.shape[:2]) >= side else "bilinear"


def _format(content: bytes) -> tuple[str, float]:
    """What a file is, and the quality of a JPEG."""
    with Image.open(io.BytesIO(content)) as image:
        tables: dict[int, list[int]] = getattr(image, "quantization", None) or {}
        return image.format or "", jpeg_quality(tables[0]) if 0 in tables else float("nan")
