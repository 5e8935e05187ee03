"""Indexed masks in ``<data set>/masks/<split>/<class>/<stem>.png`` with the parts' names in ``masks/parts.json``."""

import os
import unicodedata
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Len
from numpy.typing import NDArray
from PIL import Image

from carvis.dataset import Dataset
from carvis.dataset.parts.parts import Draw, check_number, read_index_mask
from carvis.errors import TableError
from carvis.images.decode_limits import Refused, check_pixels
from carvis.language import Message
from carvis.workspace import (
    Links,
    open_regular,
    read_json,
    refusal,
    resolved,
    sha256_of_file,
    split_folders,
    walk,
)
from carvis.workspace.json_schema import Texts

NAMES_FILE = "parts.json"


def read_mask_folder(
    folder: Path, data: Dataset, split: str
) -> tuple[dict[str, Draw], list[str], list[Message], list[object]]:
    """Read a folder of masks: what draws each sample's masks, part names, notes, facts for a fingerprint.

    Pixel values without a name, such as 255 for "void", belong to no part.

    Raises:
        TableError: no masks of this split, or ``parts.json`` is broken.
    """
    place = _split_folder(folder, data, split)
    samples = data.samples(split)
    root, links = data.folder(split), _links(folder, data)
    files: dict[str, Path] = {}
    outside = 0
    for sample, path in zip(samples["id"], samples["path"]):
        mask = (place / Path(path).relative_to(root)).with_suffix(".png")
        if mask.is_file():
            if links.hold(mask):
                files[sample] = mask
            else:
                outside += 1
    if not files:
        raise TableError(
            Message(
                "{place} holds no mask of an image: name each as its image, {place}/<class>/<stem>.png.", place=place
            )
        )
    notes: list[Message] = []
    if outside:
        notes.append(
            Message.of_number(
                "{n} mask in {place} is not read: a symbolic link leads out of the folder.",
                "{n} masks in {place} are not read: symbolic links lead out of the folder.",
                outside,
                place=place,
            )
        )
    used = {os.path.realpath(mask) for mask in files.values()}
    inside = (entry.path for entry in walk(place, links) if entry.name.endswith(".png"))
    spare = [path for path in inside if os.path.realpath(path) not in used]
    if spare:
        notes.append(
            Message.of_number(
                "{n} mask in {place} belongs to no image.",
                "{n} masks in {place} belong to no image.",
                len(spare),
                place=place,
            )
        )
    names = _names(folder / NAMES_FILE)
    if names is None:
        names = [f"part {index}" for index in range(_highest(files.values()) + 1)]
        notes.append(
            Message(
                "{path} is missing, so the parts are numbered: write their names there as a list.",
                path=folder / NAMES_FILE,
            )
        )
    drawn: dict[str, Draw] = {sample: partial(_draw, file, tuple(names)) for sample, file in files.items()}
    facts: list[object] = [[sample, sha256_of_file(file)] for sample, file in files.items()]
    return drawn, names, notes, facts


def _links(folder: Path, data: Dataset) -> Links:
    """Which links of a folder of masks are followed: of one in the data set, as there."""
    return data.links if resolved(folder).is_relative_to(data.root) else Links(folder)


def _split_folder(folder: Path, data: Dataset, split: str) -> Path:
    spelled = [data.folder(split).name, split]
    candidates = [folder / name for name in spelled] + [path for name, path in split_folders(folder) if name == split]
    for place in candidates:
        if place.is_dir():
            return place
    raise TableError(
        Message(
            "{folder} holds no masks of the split {split}: put them at {path}/<class>/<stem>.png.",
            folder=folder,
            split=split,
            path=folder / split,
        )
    )


def _names(path: Path) -> list[str] | None:
    if not path.exists():
        return None
    remedy = Message('write ["background", "body", ...] in the order of values')
    names = read_json(path, Annotated[Texts, Len(1, 256)], max_bytes=1_000_000, remedy=remedy, error=TableError)
    if not all(name.strip() for name in names) or len(set(names)) < len(names):
        raise TableError(refusal(path, Message("it is no list of different names"), remedy))
    return [unicodedata.normalize("NFC", name.strip()) for name in names]


def _highest(files: Iterable[Path]) -> int:
    highest = 0
    for file in files:
        try:
            with open_regular(file) as stream, Image.open(stream, formats=("PNG",)) as mask:
                check_pixels(mask)
                values = np.asarray(mask)
        except (OSError, ValueError, SyntaxError, Refused, Image.DecompressionBombError):
            continue
        inside = values[values < 255]
        highest = max(highest, int(inside.max(initial=0)))
    return highest


def _draw(file: Path, names: tuple[str, ...], size: tuple[int, int]) -> dict[str, NDArray[np.bool_]]:
    values = read_index_mask(file, size)
    present = [index for index in np.unique(values) if 0 <= index < len(names)]
    check_number(present, file)
    return {names[index]: values == index for index in present}
