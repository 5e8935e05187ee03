"""Annotations in COCO's JSON: boxes, polygons, uncompressed run lengths."""

import re
from pathlib import Path
from typing import Any, NoReturn, cast

from carvis.dataset.parts.image_lookup import ImageLookup
from carvis.dataset.parts.invalid_annotations import MAX_COORDINATE, TOO_MANY_SHAPES, InvalidEntries, inside, number
from carvis.dataset.parts.shapes import NO_BOX, Annotated, Annotations, Outline, Runs, Shape, box_between
from carvis.errors import TableError
from carvis.images import MAX_PIXELS
from carvis.language import Message
from carvis.tables.lenient_csv import read_text, share_known
from carvis.tables.limits import MAX_CLASSES, MAX_JSON_BYTES, MAX_SHAPES_OF_AN_IMAGE, too_many
from carvis.workspace import parse_json

_KEYS = ("images", "annotations", "categories")
_NO_OBJECT = Message("is no object with image_id, category_id and bbox or segmentation")
_NO_IMAGE = Message("describes an image without id or file_name")
_NO_NAME = Message("describes a category without id or name")
_NO_CATEGORY = Message("has a category that is not listed")
_NO_SIZE = Message("has run lengths of an impossible size")
_INCOMPLETE = Message("is incomplete")
# Characters of a file for each list or object in it. Millions of empty ones are parsed in a single step during which
# no other session is served.
_LEAST_OF_A_LIST = 10
_NO_PART = Message("marks a part as absent that is not listed")
# Letters of an id or a name that are kept.
_LONGEST = 1000


def read_coco(path: Path, images: ImageLookup, encoding: str | None = None) -> Annotations:
    """Read one JSON file: annotations by sample id, part names in the order of the categories, sentences.

    ``segmentation`` is taken where there is one, else ``bbox`` (x, y, width, height). Coordinates are pixels from the
    upper left corner (https://cocodataset.org/#format-data). The parts that ``absent_parts`` of an image lists are not
    visible in it; where an image has this key, of its other parts without a shape nothing is known.

    Raises:
        TableError: not such a file.
    """
    text = read_text(path, encoding, lambda text: share_known(_file_names(text), images.match_score), MAX_JSON_BYTES)
    if text.count("[") + text.count("{") > 1000 + len(text) // _LEAST_OF_A_LIST:
        raise TableError(
            Message(
                "{path} is no COCO annotation file ({reason}): it needs images, annotations and categories.",
                path=path,
                reason=Message("it is made of brackets"),
            )
        )
    remedy = Message("save the annotations in COCO's format again")
    document = parse_json(text, path, max_bytes=MAX_JSON_BYTES, nan=True, remedy=remedy, error=TableError)
    listed: list[list[Any]] = []
    for key in _KEYS:
        rows = document.get(key) if isinstance(document, dict) else None
        if not isinstance(rows, list):
            raise TableError(
                Message(
                    "{path} is no COCO annotation file ({reason}): it needs images, annotations and categories.",
                    path=path,
                    reason=Message("it has no list {key}", key=key),
                )
            )
        listed.append(rows)
    invalid = InvalidEntries(path.name)
    described, names = _images(listed[0], invalid), _categories(listed[2], invalid)
    if not names:
        raise TableError(Message("{path} names no categories: each part needs one.", path=path))
    if len(names) > MAX_CLASSES:
        raise too_many(path, Message("categories"), MAX_CLASSES)
    shapes: dict[str, list[tuple[str, Shape]]] = {}
    sizes: dict[str, tuple[int, int] | None] = {}
    for place, row in enumerate(listed[1]):
        if not isinstance(row, dict):
            invalid.add(_NO_OBJECT, place)
            continue
        image = described.get(_key(row.get("image_id")) or "")
        if image is None:
            images.lost.append(f"image_id {str(row.get('image_id'))[:80]}")
            continue
        sample = images.find(str(image.get("file_name", "")))
        if sample is None:
            continue
        category = _key(row.get("category_id"))
        if category is None or category not in names:
            invalid.add(_NO_CATEGORY, place)
            continue
        size = _size(image)
        try:
            drawn = [inside(shape, size) for shape in _shapes(row)]
        except (TypeError, KeyError, OverflowError):
            invalid.add(_INCOMPLETE, place)
            continue
        except ValueError as error:
            invalid.add(error.args[0], place)
            continue
        image_shapes = shapes.setdefault(sample, [])
        if len(image_shapes) + len(drawn) > MAX_SHAPES_OF_AN_IMAGE:
            invalid.add(TOO_MANY_SHAPES, place)
            continue
        image_shapes += [(names[category], shape) for shape in drawn]
        sizes[sample] = size
    absent = _absent(described, names, images, invalid)
    for sample, (_marks, size) in absent.items():
        shapes.setdefault(sample, [])
        sizes.setdefault(sample, size)
    annotated = {
        sample: Annotated(tuple(drawn), sizes[sample], path.name, absent[sample][0] if sample in absent else None)
        for sample, drawn in shapes.items()
        if drawn or (sample in absent and absent[sample][0])
    }
    return Annotations(annotated, list(dict.fromkeys(names.values())), invalid.notes())


def _absent(
    described: dict[str, dict[str, Any]], names: dict[str, str], images: ImageLookup, invalid: InvalidEntries
) -> dict[str, tuple[frozenset[str], tuple[int, int] | None]]:
    """Return the parts that carvis' own files mark as not visible, and the size, of the images that have such marks."""
    known = set(names.values())
    absent = {}
    for place, image in enumerate(described.values()):
        marks = image.get("absent_parts")
        if not isinstance(marks, list):
            continue
        parts = {part for mark in marks[: len(known) + 1] if (part := _key(mark)) in known}
        if len(parts) < len(marks):
            invalid.add(_NO_PART, place)
        sample = images.find(str(image.get("file_name", "")))
        if sample is not None:
            absent[sample] = frozenset(parts), _size(image)
    return absent


def _images(rows: list[Any], invalid: InvalidEntries) -> dict[str, dict[str, Any]]:
    images: dict[str, dict[str, Any]] = {}
    for place, row in enumerate(rows):
        key = _key(row.get("id")) if isinstance(row, dict) else None
        if key is None or not isinstance(row.get("file_name"), str):
            invalid.add(_NO_IMAGE, place)
        else:
            images[key] = row
    return images


def _categories(rows: list[Any], invalid: InvalidEntries) -> dict[str, str]:
    names: dict[str, str] = {}
    for place, row in enumerate(rows):
        key, name = (_key(row.get(field)) for field in ("id", "name")) if isinstance(row, dict) else (None, None)
        if key is None or name is None:
            invalid.add(_NO_NAME, place)
        else:
            names[key] = name
    return names


def _key(value: object) -> str | None:
    """Return an id or a name, which some tools write as a number; None for what is neither."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value != value:
        return None
    return str(value).strip()[:_LONGEST] or None


def _file_names(text: str) -> list[str]:
    return re.findall(r'"file_name"\s*:\s*"([^"]*)"', text)


def _size(image: dict[str, Any]) -> tuple[int, int] | None:
    height, width = image.get("height"), image.get("width")
    for side in (height, width):
        if type(side) is not int or not 0 < side < MAX_COORDINATE:
            return None
    return cast(int, height), cast(int, width)


def _shapes(row: dict[str, Any]) -> list[Shape]:
    outline = row.get("segmentation")
    if isinstance(outline, dict):
        if isinstance(outline["counts"], str):
            raise ValueError(Message("holds compressed run lengths (save polygons, or counts as a list)"))
        counts, size = (tuple(map(_count, outline[key])) for key in ("counts", "size"))
        if len(size) != 2 or min(size) < 1 or size[0] * size[1] > MAX_PIXELS:
            raise ValueError(_NO_SIZE)
        if sum(counts) != size[0] * size[1]:
            raise ValueError(Message("has run lengths that do not fill its size"))
        return [Runs(counts, size)]
    if outline:
        rings = [[number(value) for value in ring] for ring in outline]
        if any(len(ring) < 6 or len(ring) % 2 for ring in rings):
            raise ValueError(Message("has a polygon of fewer than three points"))
        return [Outline(tuple(zip(ring[::2], ring[1::2]))) for ring in rings]
    left, top, width, height = (number(value) for value in row["bbox"]) if len(row["bbox"]) == 4 else _no_box()
    return [box_between((left, top, left + width, top + height))]


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_PIXELS:
        raise ValueError(_NO_SIZE)
    return int(value)


def _no_box() -> NoReturn:
    raise ValueError(NO_BOX)
