"""What is known about each picture file: its hashes, size, light and sharpness, and a small picture to compare by."""

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from PIL import Image

from carvis.dataset.health.borders import unframed
from carvis.errors import CarvisError
from carvis.images import read_image, resize
from carvis.images.bit_depth import MAX_BYTES
from carvis.language import Message, as_data, message_of
from carvis.workspace import (
    Cache,
    check_json,
    content_hash,
    json_text,
    open_arrays,
    os_reason,
    parse_json,
    read_regular,
)
from carvis.workspace.json_schema import Sentence

SIDE = 32
SHARPNESS_SIDE = 256
CACHE_BYTES = 2_000_000_000
_VERSION = 4
_FACTS = ("bytes", "pixels", "format", "width", "height", "brightness", "contrast", "sharpness", "reason")
_CHUNK = 512
# Of one part of a folder: its small images take 6 MB at most, framed ones as much again.
_MAX_BYTES = 200_000_000
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Described:
    """Facts and small pictures of the picture files of a data set.

    Attributes:
        table: a row a file, by id: id, path, split, label, size (bytes), bytes and pixels (SHA-256 of the file and of
            what it shows; empty where it cannot be read), format (what the file is, whatever its name says), width,
            height, brightness (mean luminance, 0 to 255), contrast (its standard deviation), sharpness (variance of
            the Laplacian at 256 x 256), reason (why it cannot be read, else empty).
        small: uint8 (N, 32, 32, 3), in the table's order, without bars and frames of one colour; black where the file
            cannot be read.
        whole: the same with them, uint8 (32, 32, 3), of the files that have them, by their number in the table.
    """

    table: pd.DataFrame
    small: np.ndarray
    whole: dict[int, np.ndarray]


def describe(samples: pd.DataFrame, cache: Cache | None = None, progress: Progress | None = None) -> Described:
    """Describe picture files, reading only those that the cache does not know by path, size and time of change.

    What is done is kept folder by folder, so that a later call goes on where an interrupted one ended.

    Args:
        samples: columns id, path, split, label, size.
        progress: called with (pictures done, pictures in all).
    """
    samples = samples.reset_index(drop=True)
    facts: list[tuple] = [()] * len(samples)
    small = np.zeros((len(samples), SIDE, SIDE, 3), np.uint8)
    whole: dict[int, np.ndarray] = {}
    paths = samples["path"].to_numpy(object)
    done = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for folder, rows in _parts(paths):
            shelf = _Shelf(cache, folder)
            stamps = [_stamp(paths[row]) for row in rows]
            missing = []
            for row, stamp in zip(rows, stamps, strict=True):
                if known := shelf.get(stamp):
                    facts[row], small[row], framed = known
                    if framed is not None:
                        whole[row] = framed
                else:
                    missing.append((row, stamp))
            done += len(rows) - len(missing)
            for (row, _), (fact, picture, framed) in zip(
                missing, pool.map(_describe, [paths[row] for row, _ in missing]), strict=True
            ):
                facts[row], small[row] = fact, picture
                if framed is not None:
                    whole[row] = framed
                done += 1
                if progress and done % 16 == 0:
                    progress(done, len(samples))
            if missing:
                kept = {place: whole[row] for place, row in enumerate(rows) if row in whole}
                shelf.keep(stamps, [facts[row] for row in rows], small[rows], kept)
            if progress:
                progress(done, len(samples))
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
    try:
        stat = os.stat(path)
    except OSError:
        return ""
    return f"{os.path.basename(path)}/{stat.st_size}/{stat.st_mtime_ns}"


class _Shelf:
    """What the cache holds of one part of a folder."""

    def __init__(self, cache: Cache | None, name: str):
        self.cache = cache
        self.key = content_hash("described", _VERSION, name)
        self.known: dict[str, int] = {}
        file = cache.get(self.key, ".npz") if cache else None
        if file is not None:
            # A damaged file of the cache is made again.
            with contextlib.suppress(CarvisError, ValueError, OverflowError):
                with open_arrays(file, max_bytes=_MAX_BYTES) as kept:
                    stamps = kept.read("stamps", "U", (None,)).tolist()
                    facts = kept.read("facts", "U", (len(stamps), len(_FACTS))).tolist()
                    self.facts = [_typed(one, file) for one in facts]
                    self.small = kept.read("small", "u", (len(stamps), SIDE, SIDE, 3))
                    framed = kept.read("framed", "iu", (None,)).tolist()
                    self.whole = dict(zip(framed, kept.read("whole", "u", (len(framed), SIDE, SIDE, 3)), strict=True))
                self.known = {stamp: i for i, stamp in enumerate(stamps)}

    def get(self, stamp: str) -> tuple[tuple, np.ndarray, np.ndarray | None] | None:
        i = self.known.get(stamp) if stamp else None
        return None if i is None else (self.facts[i], self.small[i], self.whole.get(i))

    def keep(self, stamps: list[str], facts: list[tuple], small: np.ndarray, whole: dict[int, np.ndarray]) -> None:
        if self.cache is None:
            return
        buffer = io.BytesIO()
        texts = np.array([[*map(str, fact[:-1]), json_text(as_data(fact[-1])) if fact[-1] else ""] for fact in facts])
        framed = np.array(list(whole), int)
        pictures = np.array(list(whole.values()), np.uint8).reshape(-1, SIDE, SIDE, 3)
        np.savez(buffer, stamps=np.array(stamps), facts=texts, small=small, framed=framed, whole=pictures)
        try:
            self.cache.put(self.key, ".npz", buffer.getvalue())
        except CarvisError:
            self.cache = None  # A place that cannot be written: everything is then made each time.


def _typed(texts: list[str], path: Path) -> tuple:
    reason = check_json(parse_json(texts[8], path), Sentence, path) if texts[8] else ""
    return (*texts[:3], *map(int, texts[3:5]), *map(float, texts[5:8]), reason)


def _describe(path: str) -> tuple[tuple, np.ndarray, np.ndarray | None]:
    black, reason = np.zeros((SIDE, SIDE, 3), np.uint8), ""
    try:
        content = read_regular(path, MAX_BYTES)
        digest = sha256(content).hexdigest()
        image = read_image(path)
        kind = _format(content)
    except CarvisError as error:
        reason = message_of(error)
    except OSError as error:
        reason = Message("{name} cannot be read: {reason}.", name=path, reason=os_reason(error))
    if reason:
        return ("", "", "", 0, 0, 0.0, 0.0, 0.0, reason), black, None
    height, width = image.shape[:2]
    pixels = sha256(f"{height} {width} ".encode() + image.tobytes()).hexdigest()
    grey = cv2.cvtColor(_resized(image, SHARPNESS_SIDE), cv2.COLOR_RGB2GRAY)
    sharpness = float(cv2.Laplacian(grey, cv2.CV_32F).var())
    facts = (digest, pixels, kind, width, height, float(grey.mean()), float(grey.std()), sharpness, "")
    part = unframed(image)
    whole = _resized(image, SIDE) if part.shape != image.shape else None
    return facts, _resized(part, SIDE), whole


def small_picture(image: np.ndarray, side: int) -> np.ndarray:
    """What a picture shows within its frame, if it has one, as uint8 (side, side, 3)."""
    return _resized(unframed(image), side)


def _resized(image: np.ndarray, side: int) -> np.ndarray:
    return resize(image, side, _method(image, side))


def _method(image: np.ndarray, side: int) -> str:
    """Averaging does not enlarge: it would only repeat pixels."""
    return "area" if min(image.shape[:2]) >= side else "bilinear"


def _format(content: bytes) -> str:
    with Image.open(io.BytesIO(content)) as picture:
        return picture.format or ""
