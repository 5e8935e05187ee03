"""Annotations in Pascal VOC's XML, one file an image."""

import re
from collections import Counter
from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

from carvis.dataset.parts.image_lookup import ImageLookup
from carvis.dataset.parts.invalid_annotations import MAX_COORDINATE, OUTSIDE, TOO_MANY_SHAPES, inside, number
from carvis.dataset.parts.shapes import Annotated, Annotations, Shape, box_between
from carvis.errors import CarvisError, FileKindError, TableError
from carvis.language import Message
from carvis.tables import readings
from carvis.tables.limits import MAX_CLASSES, MAX_SHAPES_OF_AN_IMAGE, too_many
from carvis.workspace import links_around, os_reason, read_regular, walk

_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_MOST_BYTES, _DEEPEST = 20_000_000, 40
# Letters of a name that are kept.
_LONGEST = 1000


class _Refused(Exception):
    """Why a file is not read as XML."""


def read_voc(folder: Path, images: ImageLookup) -> Annotations:
    """Read every ``*.xml`` below a folder: annotations by sample id, part names sorted, sentences.

    A broken file is skipped and named in the notes. Corners are pixels counted from 1, both inside the box
    (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf, section 10).

    Raises:
        TableError: there is none, or none can be read.
    """
    files = sorted(Path(entry.path) for entry in walk(folder, links_around(folder)) if entry.name.endswith(".xml"))
    if not files:
        raise TableError(Message("{folder} holds no .xml files: put one per image there.", folder=folder))
    shapes: dict[str, list[tuple[str, Shape]]] = {}
    last: dict[str, tuple[tuple[int, int] | None, str]] = {}
    broken: Counter[Message] = Counter()
    first: dict[Message, str] = {}

    def refuse(reason: Message, file: Path) -> None:
        broken[reason] += 1
        first.setdefault(reason, file.name)

    read = 0
    for file in files:
        try:
            sample, boxes, size, reasons = _read_file(file, folder, images)
        except _Refused as problem:
            refuse(problem.args[0], file)
            continue
        for reason in reasons:
            refuse(reason, file)
        read += bool(boxes) or not reasons
        if sample is None or not boxes:
            continue
        drawn = shapes.setdefault(sample, [])
        if len(drawn) + len(boxes) > MAX_SHAPES_OF_AN_IMAGE:
            refuse(TOO_MANY_SHAPES, file)
            continue
        drawn += boxes
        last[sample] = size, file.name
    annotated = {sample: Annotated(tuple(drawn), *last[sample]) for sample, drawn in shapes.items() if drawn}
    if not read:
        reason, _ = broken.most_common(1)[0]
        raise TableError(
            Message(
                "{path} is no Pascal VOC annotation ({reason}): write it again.",
                path=folder / first[reason],
                reason=reason,
            )
        )
    notes: list[Message] = [
        Message.of_number(
            "{n} file of {folder} could not be read whole, {first} ({why}): repair it.",
            "{n} files of {folder} could not be read whole, first {first} ({why}): repair them.",
            n,
            folder=folder.name,
            first=first[cause],
            why=cause,
        )
        for cause, n in broken.items()
    ]
    names = sorted({part for annotation in annotated.values() for part, _ in annotation.shapes})
    if len(names) > MAX_CLASSES:
        raise too_many(folder, Message("parts"), MAX_CLASSES)
    return Annotations(annotated, names, notes)


def _read_file(
    file: Path, folder: Path, images: ImageLookup
) -> tuple[str | None, list[tuple[str, Shape]], tuple[int, int] | None, list[Message]]:
    """Return the sample id, its boxes, its size, and why some objects could not be used."""
    root = parse_safely(file)
    name = (root.findtext("filename") or "").strip()
    inner = file.relative_to(folder).parent
    beside = (inner / name).as_posix() if name else ""
    within = f"{(root.findtext('folder') or '').strip()}/{name}" if name else ""
    sample = images.find((root.findtext("path") or "").strip(), beside, within, name)
    size = _size(root.find("size"))
    if sample is None:
        return None, [], size, []
    boxes: list[tuple[str, Shape]] = []
    reasons: dict[Message, None] = {}
    for element in root.iterfind("object"):
        box = element.find("bndbox")
        part = (element.findtext("name") or "").strip()[:_LONGEST]
        if box is None or not part:
            reasons[Message("an object without a name or a bndbox")] = None
            continue
        try:
            left, top, right, bottom = (number(box.findtext(name)) for name in ("xmin", "ymin", "xmax", "ymax"))
            boxes.append((part, inside(box_between((left - 1, top - 1, right, bottom)), size)))
        except ValueError as error:
            outside = error.args[0] == OUTSIDE
            reasons[Message("a bndbox outside its image") if outside else Message("a bndbox that is no box")] = None
    return sample, boxes, size, list(reasons)


def _size(element: ElementTree.Element | None) -> tuple[int, int] | None:
    if element is None:
        return None
    try:
        height, width = (int(element.findtext(name) or "") for name in ("height", "width"))
    except ValueError:
        return None
    return (height, width) if 0 < height < MAX_COORDINATE and 0 < width < MAX_COORDINATE else None


def _as_utf8(content: bytes, file: Path) -> bytes:
    """Re-encode what the parser cannot read itself: Japanese and other multi-byte encodings."""
    declared = _DECLARED.match(content)
    if declared is None and len(readings(content, file)) == 1:
        return content
    text = readings(content, file, declared[1].decode() if declared else None)[0].text
    return re.sub(r"^\s*<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL).encode()


def parse_safely(file: Path) -> ElementTree.Element:
    """Parse an XML file that may come from anyone: no document type, no entities, bounded size and depth."""
    depth = 0

    def refuse(*_declaration: object) -> NoReturn:
        raise _Refused(Message("it declares a document type, which annotations do not need"))

    def begin(*_element: object) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise _Refused(Message("it is nested too deeply"))

    def end(*_element: object) -> None:
        nonlocal depth
        depth -= 1

    try:
        content = _as_utf8(read_regular(file, _MOST_BYTES), file)
        guard = expat.ParserCreate()
        # Entities are declared in a document type: refusing that refuses them before anything is expanded.
        guard.StartDoctypeDeclHandler, guard.EntityDeclHandler = refuse, refuse
        guard.StartElementHandler, guard.EndElementHandler = begin, end
        guard.Parse(content, True)
        root = ElementTree.fromstring(content)
    except OSError as error:
        raise _Refused(os_reason(error)) from None
    except FileKindError as error:
        raise _Refused(os_reason(error)) from None
    except TableError:
        raise _Refused(Message("it is not text in the encoding that it declares")) from None
    except CarvisError:
        raise _Refused(Message("it is larger than {limit} MB", limit=_MOST_BYTES // 1_000_000)) from None
    except (expat.ExpatError, ElementTree.ParseError, LookupError, ValueError):
        raise _Refused(Message("it is not well-formed XML")) from None
    if root.tag != "annotation":
        raise _Refused(Message("its root is not annotation"))
    return root
