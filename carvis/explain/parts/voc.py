"""Annotations in Pascal VOC's XML, one file a picture."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from carvis.errors import TableError
from carvis.explain.parts.matching import Pictures
from carvis.explain.parts.shapes import Annotated, Box, box_between
from carvis.language import Message
from carvis.tables import readings
from carvis.workspace import links_around, walk

_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_MOST_BYTES, _DEEPEST = 5_000_000, 40


class _Refused(Exception):
    """Why a file is not read as XML."""


def read_voc(folder: Path, pictures: Pictures) -> tuple[dict[str, Annotated], list[str], list[str]]:
    """Read every ``*.xml`` below a folder: annotations by sample id, part names sorted, sentences.

    A broken file is told and left out. Corners are pixels counted from 1, both inside the box
    (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf, section 10).

    Raises:
        TableError: there is none, or none can be read.
    """
    files = sorted(Path(found.path) for found in walk(folder, links_around(folder)) if found.name.endswith(".xml"))
    if not files:
        raise TableError(Message("{folder} holds no .xml files: put one a picture there.", folder=folder))
    annotated: dict[str, Annotated] = {}
    broken: Counter[str] = Counter()
    first: dict[str, str] = {}
    for file in files:
        try:
            found = _read_file(file, folder, pictures)
        except _Refused as reason:
            broken[str(reason)] += 1
            first.setdefault(str(reason), file.name)
            continue
        for sample, one in found.items():
            before = annotated.get(sample)
            annotated[sample] = replace(one, shapes=(*before.shapes, *one.shapes)) if before else one
    if sum(broken.values()) == len(files):
        reason, _ = broken.most_common(1)[0]
        raise TableError(
            Message(
                "{path} is no Pascal VOC annotation ({reason}): write it again.",
                path=folder / first[reason],
                reason=reason,
            )
        )
    told = [
        Message.of_number(
            "{n} file of {folder} could not be read, {first} ({why}): repair it.",
            "{n} files of {folder} could not be read, first {first} ({why}): repair them.",
            n,
            folder=folder.name,
            first=first[why],
            why=why,
        )
        for why, n in broken.items()
    ]
    names = sorted({part for one in annotated.values() for part, _ in one.shapes})
    return annotated, names, told


def _read_file(file: Path, folder: Path, pictures: Pictures) -> dict[str, Annotated]:
    root = parse_safely(file)
    name = (root.findtext("filename") or "").strip()
    inner = file.relative_to(folder).parent
    beside = (inner / name).as_posix() if name else ""
    inside = f"{(root.findtext('folder') or '').strip()}/{name}" if name else ""
    sample = pictures.find((root.findtext("path") or "").strip(), beside, inside, name)
    if sample is None:
        return {}
    boxes = []
    for thing in root.findall("object"):
        box = thing.find("bndbox")
        part = (thing.findtext("name") or "").strip()
        if box is None or not part:
            raise _Refused("an object without a name or a bndbox")
        boxes.append((part, _box(box)))
    return {sample: Annotated(tuple(boxes), _size(root.find("size")), file.name)}


def _box(element: ElementTree.Element) -> Box:
    try:
        left, top, right, bottom = (float(element.findtext(name)) for name in ("xmin", "ymin", "xmax", "ymax"))
        return box_between((left - 1, top - 1, right, bottom))
    except (TypeError, ValueError):
        raise _Refused("a bndbox that is no box") from None


def _size(element: ElementTree.Element | None) -> tuple[int, int] | None:
    try:
        height, width = (int(element.findtext(name)) for name in ("height", "width"))
    except (AttributeError, TypeError, ValueError):
        return None
    return (height, width) if height > 0 and width > 0 else None


def _as_utf8(content: bytes, file: Path) -> bytes:
    """Write anew what the parser cannot read by itself: Japanese and other encodings of several bytes."""
    declared = _DECLARED.match(content)
    if declared is None and len(readings(content, file)) == 1:
        return content
    text = readings(content, file, declared[1].decode() if declared else None)[0].text
    return re.sub(r"^\s*<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL).encode()


def parse_safely(file: Path) -> ElementTree.Element:
    """Parse an XML file that may come from anyone: no document type, no entities, bounded size and depth."""
    depth = 0

    def refuse(*_):
        raise _Refused("it declares a document type, which annotations do not need")

    def begin(*_):
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise _Refused("it is nested too deeply")

    def end(*_):
        nonlocal depth
        depth -= 1

    try:
        if file.stat().st_size > _MOST_BYTES:
            raise _Refused("it is too large")
        content = _as_utf8(file.read_bytes(), file)
        guard = expat.ParserCreate()
        # Entities are declared in a document type: refusing that refuses them before anything is expanded.
        guard.StartDoctypeDeclHandler, guard.EntityDeclHandler = refuse, refuse
        guard.StartElementHandler, guard.EndElementHandler = begin, end
        guard.Parse(content, True)
        root = ElementTree.fromstring(content)
    except OSError as error:
        raise _Refused(error.strerror or "it cannot be read") from None
    except TableError:
        raise _Refused("it is not text in the encoding that it declares") from None
    except (expat.ExpatError, ElementTree.ParseError, LookupError, ValueError):
        raise _Refused("it is not well-formed XML") from None
    if root.tag != "annotation":
        raise _Refused("its root is not annotation")
    return root
