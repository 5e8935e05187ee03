"""Boxes in a CSV table, whatever its columns are called."""

from collections import Counter
from pathlib import Path

from carvis.dataset.parts.image_lookup import ImageLookup
from carvis.dataset.parts.invalid_annotations import MAX_COORDINATE, NO_NUMBER, TOO_MANY_SHAPES, inside
from carvis.dataset.parts.shapes import Annotated, Annotations, Shape, box_between
from carvis.errors import TableError
from carvis.language import Message
from carvis.tables.lenient_csv import read_lenient_csv, share_known
from carvis.tables.limits import MAX_CLASSES, MAX_SHAPES_OF_AN_IMAGE, too_many

_IMAGE = ("id", "path", "filename", "file_name", "file", "image", "image_path", "picture", "sample")
_PART = ("part", "label", "class", "name", "category")
_CORNERS = (
    ("x1", "xmin", "x_min", "left"),
    ("y1", "ymin", "y_min", "top"),
    ("x2", "xmax", "x_max", "right"),
    ("y2", "ymax", "y_max", "bottom"),
)
_ORIGIN = (("x", "left", "x1", "xmin"), ("y", "top", "y1", "ymin"))
_EXTENT = (("width", "w"), ("height", "h"))
# Letters of a name that are kept.
_LONGEST = 1000


def read_boxes(path: Path, images: ImageLookup, encoding: str | None = None) -> Annotations:
    """Read a table of boxes: annotations by sample id, part names in the order they appear, sentences.

    Coordinates are pixels of the original image, from its upper left corner; the far edges are not in the box.

    Raises:
        TableError: no column of images, parts or corners, coordinates that are shares, or no row that can be used.
    """
    table = read_lenient_csv(
        path, ("path", *_IMAGE), encoding,
        lambda read: share_known((cell for row in read.rows for cell in row), images.match_score),
    )  # fmt: skip
    columns = {name.casefold(): place for place, name in reversed(list(enumerate(table.header)))}
    image, part = _first(columns, _IMAGE), _first(columns, _PART)
    corners = [_first(columns, names) for names in _CORNERS]
    extent = [_first(columns, names) for names in _EXTENT]
    sized = None not in corners and None not in extent
    if None in corners:
        corners = [*(_first(columns, names) for names in _ORIGIN), *extent]
    if image is None or part is None or None in corners:
        lacking = "part, x1, y1, x2, y2" if part is not None else "part"
        raise TableError(
            Message(
                "{path} lacks a column ({wanted}): its first line is {value}.",
                path=path,
                wanted=lacking,
                value=", ".join(table.header)[:80],
            )
        )

    numbers = [[_number(row, place) for place in corners] for row in table.rows]
    flat = [value for four in numbers for value in four if value is not None]
    if flat and max(flat) <= 1:
        raise TableError(
            Message("{path} gives boxes as shares of the image: multiply them by its width and height.", path=path)
        )
    shapes: dict[str, list[tuple[str, Shape]]] = {}
    sizes: dict[str, tuple[int, int] | None] = {}
    invalid: dict[Message, list[int]] = {}
    for i, (row, four) in enumerate(zip(table.rows, numbers)):
        # In another program's table an apostrophe before a sign may be the file's own.
        sample = images.find(table.as_written.get((i, image), ""), row[image])
        if sample is None:
            continue
        size = _size(row, extent) if sized else None
        try:
            known_four = [value for value in four if value is not None]
            if len(known_four) < 4:
                raise ValueError(NO_NUMBER)
            left, top, right, bottom = known_four
            if extent == corners[2:]:
                right, bottom = left + right, top + bottom
            box = inside(box_between((left, top, right, bottom)), size)
        except ValueError as error:
            invalid.setdefault(error.args[0], []).append(table.lines[i])
            continue
        drawn = shapes.setdefault(sample, [])
        if len(drawn) == MAX_SHAPES_OF_AN_IMAGE:
            invalid.setdefault(TOO_MANY_SHAPES, []).append(table.lines[i])
            continue
        drawn.append((row[part].strip()[:_LONGEST] or "part", box))
        sizes[sample] = size
    notes = list(table.problems) + [
        Message.of_number(
            "{n} row of {file} holds no usable box, since it {why} (line {line}): correct it.",
            "{n} rows of {file} hold no usable box, since each {why} (first line {line}): correct them.",
            len(lines),
            file=path.name,
            why=reason,
            line=lines[0],
        )
        for reason, lines in invalid.items()
    ]
    annotated = {sample: Annotated(tuple(boxes), sizes[sample], path.name) for sample, boxes in shapes.items() if boxes}
    counts = Counter(name for annotation in annotated.values() for name, _ in annotation.shapes)
    if len(counts) > MAX_CLASSES:
        raise too_many(path, Message("parts"), MAX_CLASSES)
    return Annotations(annotated, list(counts), notes)


def _first(columns: dict[str, int], names: tuple[str, ...]) -> int | None:
    return next((columns[name] for name in names if name in columns), None)


def _number(row: list[str], place: int | None) -> float | None:
    if place is None:
        return None
    try:
        value = float(row[place].strip().replace(",", "."))
    except ValueError:
        return None
    return value if abs(value) <= MAX_COORDINATE else None


def _size(row: list[str], extent: list[int | None]) -> tuple[int, int] | None:
    width, height = (_number(row, place) for place in extent)
    return (int(height), int(width)) if width and height and width > 0 and height > 0 else None
