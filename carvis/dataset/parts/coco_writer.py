"""The COCO file of boxes drawn by hand: written for other tools, read back with what only carvis knows.

Beyond COCO, an image has ``sha256``, the content that its boxes were drawn on, and ``absent_parts``, the names of the
parts that a person did not see in it. Other tools ignore both.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Le, Len
from typing_extensions import TypedDict

from carvis.dataset.parts.invalid_annotations import MAX_COORDINATE
from carvis.dataset.parts.part_box import ImageParts, PartBox, part_name
from carvis.dataset.parts.shapes import Box
from carvis.errors import TableError
from carvis.language import Message
from carvis.tables.limits import MAX_SHAPES_OF_AN_IMAGE
from carvis.workspace import check_json, read_json, refusal
from carvis.workspace.json_schema import Listed, Positive

FORMAT = 1
_MAX_BYTES = 200_000_000
_REMEDY = Message("move it away to start without drawn boxes, or import a copy of it")
_Text = Annotated[str, Len(1, 4096)]
_Coordinate = Annotated[int, Ge(0), Le(MAX_COORDINATE)]
_Side = Annotated[int, Ge(1), Le(MAX_COORDINATE)]


class _Info(TypedDict):
    format: int


class _Image(TypedDict):
    id: Positive
    file_name: _Text
    width: _Side
    height: _Side
    sha256: Annotated[str, Len(64, 64)]
    absent_parts: Listed[_Text]


class _Category(TypedDict):
    id: Positive
    name: _Text


class _Annotation(TypedDict):
    image_id: Positive
    category_id: Positive
    bbox: Annotated[Listed[_Coordinate], Len(4, 4)]


class _Document(TypedDict):
    info: _Info
    images: Listed[_Image]
    categories: Listed[_Category]
    annotations: Listed[_Annotation]


def coco_document(data: str, images: Mapping[str, ImageParts], names: Sequence[str]) -> dict[str, Any]:
    """Return drawn boxes as COCO's JSON (https://cocodataset.org/#format-data).

    Args:
        data: the data set's name.
        images: by sample id, which becomes ``file_name``.
        names: of the parts, in order.
    """
    category = {name: number for number, name in enumerate(names, 1)}
    rows: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (sample, drawn) in enumerate(sorted(images.items()), 1):
        height, width = drawn.size
        rows.append(
            {
                "id": number,
                "file_name": sample,
                "width": width,
                "height": height,
                "sha256": drawn.sha256,
                "absent_parts": sorted(drawn.absent),
            }
        )
        for part, box in drawn.boxes:
            left, top, right, bottom = (int(edge) for edge in (box.left, box.top, box.right, box.bottom))
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": category[part],
                    "bbox": [left, top, right - left, bottom - top],
                    "area": (right - left) * (bottom - top),
                    "iscrowd": 0,
                }
            )
    return {
        "info": {"description": f"Boxes drawn by hand on {data}, with carvis", "format": FORMAT},
        "images": rows,
        "categories": [{"id": number, "name": name} for name, number in category.items()],
        "annotations": annotations,
    }


def images_of_document(path: Path) -> dict[str, ImageParts]:
    """Read what ``coco_document`` made, by sample id.

    Raises:
        TableError: the file cannot be read, is damaged, or was written by a newer carvis.
    """
    document = read_json(path, object, max_bytes=_MAX_BYTES, remedy=_REMEDY, error=TableError)
    info = document.get("info") if isinstance(document, dict) else None
    check_json(info, _Info, path, newest=FORMAT, remedy=_REMEDY, error=TableError)
    checked = check_json(document, _Document, path, remedy=_REMEDY, error=TableError)

    def refused(reason: Message) -> TableError:
        return TableError(refusal(path, reason, _REMEDY))

    def named(text: str) -> str:
        try:
            return part_name(text)
        except TableError:
            raise refused(Message("the name of a part is invalid")) from None

    names = {row["id"]: named(row["name"]) for row in checked["categories"]}
    rows = {row["id"]: row for row in checked["images"]}
    if len(rows) < len(checked["images"]) or len({row["file_name"] for row in rows.values()}) < len(rows):
        raise refused(Message("an image is there twice"))
    boxes: dict[int, list[PartBox]] = {number: [] for number in rows}
    for row in checked["annotations"]:
        if row["image_id"] not in rows or row["category_id"] not in names:
            raise refused(Message("a box has no image or no category"))
        left, top, width, height = row["bbox"]
        image, own = rows[row["image_id"]], boxes[row["image_id"]]
        if width == 0 or height == 0:
            raise refused(Message("a box holds no pixel"))
        if left + width > image["width"] or top + height > image["height"]:
            raise refused(Message("a box lies outside its image"))
        if len(own) == MAX_SHAPES_OF_AN_IMAGE:
            raise refused(Message("an image has more than {most} boxes", most=f"{MAX_SHAPES_OF_AN_IMAGE:,}"))
        own.append(PartBox(names[row["category_id"]], Box(left, top, left + width, top + height)))
    return {
        row["file_name"]: ImageParts(
            tuple(dict.fromkeys(boxes[number])),
            frozenset(map(named, row["absent_parts"])) - {part for part, _ in boxes[number]},
            (row["height"], row["width"]),
            row["sha256"],
        )
        for number, row in rows.items()
    }
