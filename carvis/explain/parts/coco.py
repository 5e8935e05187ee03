"""Annotations in COCO's JSON: boxes, polygons, uncompressed run lengths."""

import json
import re
from collections import Counter
from pathlib import Path

from carvis.errors import TableError
from carvis.evaluation.lenient_csv import read_text, share_known
from carvis.explain.parts.matching import Pictures
from carvis.explain.parts.shapes import Annotated, Outline, Runs, Shape, box_between
from carvis.images import MAX_PIXELS
from carvis.language import Message


def read_coco(
    path: Path, pictures: Pictures, encoding: str | None = None
) -> tuple[dict[str, Annotated], list[str], list[str]]:
    """Read one JSON file: annotations by sample id, part names in the order of the categories, sentences.

    ``segmentation`` is taken where there is one, else ``bbox`` (x, y, width, height). Coordinates are pixels from the
    upper left corner (https://cocodataset.org/#format-data).

    Raises:
        TableError: not such a file.
    """
    try:
        document = json.loads(read_text(path, encoding, lambda text: share_known(_file_names(text), pictures.knows)))
        images = {str(row["id"]): row for row in document["images"]}
        names = {str(row["id"]): str(row["name"]) for row in document["categories"]}
        rows = [row for row in document["annotations"] if isinstance(row, dict)]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else "not such JSON"
        raise TableError(
            Message(
                "{path} is no COCO annotation file ({reason}): it needs images, annotations and categories.",
                path=path,
                reason=reason,
            )
        ) from None
    if not names:
        raise TableError(Message("{path} names no categories: each part needs one.", path=path))
    shapes: dict[str, list[tuple[str, Shape]]] = {}
    sizes: dict[str, tuple[int, int] | None] = {}
    wrong: Counter[str] = Counter()
    for row in rows:
        image = images.get(str(row.get("image_id")))
        if image is None:
            pictures.lost.append(f"image_id {row.get('image_id')}")
            continue
        sample = pictures.find(str(image.get("file_name", "")))
        if sample is None:
            continue
        if str(row.get("category_id")) not in names:
            wrong["has a category that is not listed"] += 1
            continue
        try:
            found = _shapes(row)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            wrong[str(error) if isinstance(error, ValueError) else "is incomplete"] += 1
            continue
        shapes.setdefault(sample, []).extend((names[str(row["category_id"])], shape) for shape in found)
        sizes[sample] = _size(image)
    told = [
        Message.of_number(
            "{n} annotation of {file} could not be used, since it {why}: correct it.",
            "{n} annotations of {file} could not be used, since each {why}: correct them.",
            n,
            file=path.name,
            why=why,
        )
        for why, n in wrong.items()
    ]
    annotated = {sample: Annotated(tuple(found), sizes[sample], path.name) for sample, found in shapes.items()}
    return annotated, list(dict.fromkeys(names.values())), told


def _file_names(text: str) -> list[str]:
    return re.findall(r'"file_name"\s*:\s*"([^"]*)"', text)


def _size(image: dict) -> tuple[int, int] | None:
    height, width = image.get("height"), image.get("width")
    return (height, width) if isinstance(height, int) and isinstance(width, int) and height > 0 < width else None


def _shapes(row: dict) -> list[Shape]:
    outline = row.get("segmentation")
    if isinstance(outline, dict):
        if isinstance(outline["counts"], str):
            raise ValueError("holds compressed run lengths (save polygons, or counts as a list)")
        counts, size = tuple(int(n) for n in outline["counts"]), tuple(int(n) for n in outline["size"])
        if len(size) != 2 or min(size) < 1 or min(counts, default=0) < 0 or size[0] * size[1] > MAX_PIXELS:
            raise ValueError("has run lengths of an impossible size")
        if sum(counts) != size[0] * size[1]:
            raise ValueError("has run lengths that do not fill its size")
        return [Runs(counts, size)]
    if outline:
        if any(len(ring) < 6 or len(ring) % 2 for ring in outline):
            raise ValueError("has a polygon of fewer than three points")
        rings = [[float(value) for value in ring] for ring in outline]
        if any(not abs(value) < 1e6 for ring in rings for value in ring):
            raise ValueError("has a polygon far outside the picture")
        return [Outline(tuple(zip(ring[::2], ring[1::2]))) for ring in rings]
    left, top, width, height = row["bbox"]
    return [box_between((left, top, float(left) + float(width), float(top) + float(height)))]
