"""How much of an image its object takes, where it lies and how bright it is, from annotated parts."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.dataset.parts import BACKGROUNDS, Parts
from carvis.errors import CarvisError
from carvis.images import read_image
from carvis.progress import Progress, advance, no_progress
from carvis.workspace import Cache, CacheFormat, content_hash, load_or_make, open_arrays

COLUMNS = ("object_share", "object_x", "object_y", "object_brightness", "object_saturation")
_VERSION = 2


def object_facts(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> tuple[float, ...]:
    """Return share, centre (x, y), brightness and saturation of an object; the last four are NaN where it is not there.

    Args:
        image: uint8 (h, w, 3) RGB.
        mask: bool (h, w), the object's pixels.

    Returns:
        Its share of the image, the mean place of its pixels' centres from the left and from the top as a share of
        width and height, their mean luminance (0 to 255) and their mean CIELAB chroma.
    """
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return 0.0, *[np.nan] * 4
    height, width = mask.shape
    shown = image[mask][None]
    luminance = cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY)
    lab = cv2.cvtColor(shown.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return (
        float(mask.mean()),
        float((columns.mean() + 0.5) / width),
        float((rows.mean() + 0.5) / height),
        float(luminance.mean()),
        float(np.hypot(lab[..., 1], lab[..., 2]).mean()),
    )


def object_table(
    images: pd.DataFrame, parts: Parts, cache: Cache | None = None, progress: Progress = no_progress
) -> pd.DataFrame:
    """Describe the object of each annotated image: by id, ``COLUMNS``; NaN where it, or a part of it, is not annotated.

    Args:
        images: by id: path, bytes (SHA-256), width, height, as ``Health.images`` has them.
        parts: all parts but those named as a background make up the object.
        cache: keeps the figures.
        progress: called with (images done, images in all); a true return stops the work.
    """
    hashes = images["bytes"].tolist()
    key = content_hash("objects", _VERSION, parts.fingerprint, images.index.tolist(), hashes)
    values = load_or_make(cache, key, _format(len(images)), lambda: _measure(images, parts, progress))
    return pd.DataFrame(values, index=images.index, columns=list(COLUMNS))


def _measure(images: pd.DataFrame, parts: Parts, progress: Progress) -> NDArray[np.float64]:
    values = np.full((len(images), len(COLUMNS)), np.nan)
    for row, (sample, facts) in enumerate(images[["path", "width", "height"]].iterrows()):
        advance(progress, row, len(images))
        # Where only some of its parts were looked for, what is annotated is less than the object.
        unknown = parts.unknown.get(str(sample), frozenset())
        if str(sample) not in parts or any(name.casefold() not in BACKGROUNDS for name in unknown):
            continue
        try:
            size = (int(facts["height"]), int(facts["width"]))
            mask = object_mask(parts.present(str(sample), size), size)
            values[row] = object_facts(read_image(Path(str(facts["path"]))), mask)
        # One broken mask or image is no reason to go without the others.
        except CarvisError:
            continue
    return values


def object_mask(masks: Mapping[str, NDArray[np.bool_]], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Join all parts but the background: bool (height, width)."""
    joined = np.zeros(size, bool)
    for name, mask in masks.items():
        if name.casefold() not in BACKGROUNDS:
            joined |= mask
    return joined


def _format(count: int) -> CacheFormat[NDArray[np.float64]]:
    def encode(values: NDArray[np.float64]) -> bytes:
        buffer = io.BytesIO()
        np.savez(buffer, values=values)
        return buffer.getvalue()

    def decode(path: Path) -> NDArray[np.float64]:
        with open_arrays(path, max_bytes=1_000_000 + 100 * count) as arrays:
            return arrays.read("values", "f", (count, len(COLUMNS)))

    return CacheFormat(".npz", encode, decode)
