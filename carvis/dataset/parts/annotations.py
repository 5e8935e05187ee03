"""``read_parts``: annotations of any kind that people have, read as ``Parts``."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from carvis.dataset import Dataset, canonical_split
from carvis.dataset.parts.box_table import read_boxes
from carvis.dataset.parts.coco import read_coco
from carvis.dataset.parts.image_lookup import ImageLookup
from carvis.dataset.parts.masks import read_mask_folder
from carvis.dataset.parts.parts import REST, Parts
from carvis.dataset.parts.shapes import Annotated, Annotations, box_between
from carvis.dataset.parts.voc import read_voc
from carvis.errors import TableError
from carvis.language import Message
from carvis.workspace import Links, children, content_hash, walk

# How a file of boxes or outlines is read, by its ending.
_READERS = {".json": read_coco, ".csv": read_boxes, ".tsv": read_boxes, ".txt": read_boxes}


def find_parts(data: Dataset) -> list[Path]:
    """List the annotations in a data set: ``masks/``, ``parts.csv``, ``annotations.json``, ``annotations/``."""
    entries = children(data.root, data.links)
    sources = [path for name in ("masks", "parts.csv", "annotations.json") for path in entries if path.name == name]
    folder = data.root / "annotations"
    if folder in entries:
        # A .txt is read where it is named; here it is mostly a list of classes that a labelling tool left.
        files = children(folder, data.links, folders=False)
        sources += [path for path in files if path.suffix.lower() in _READERS.keys() - {".txt"}]
        sources += [folder] if holds_xml(folder, data.links) else []
    return sources


def holds_xml(folder: Path, links: Links | None = None) -> bool:
    """Tell whether an ``.xml`` file lies below a folder."""
    return any(entry.name.endswith(".xml") for entry in walk(folder, links))


def read_parts(source: str | Path, data: Dataset, split: str = "test", encoding: str | None = None) -> Parts:
    """Read annotated parts of the images of one split.

    Args:
        source: a folder of indexed masks (``<split>/<class>/<stem>.png``, names in ``parts.json``), a folder of Pascal
            VOC ``.xml`` files, a COCO ``.json`` file, or a ``.csv`` of boxes. To the parts of all but masks comes
            ``rest``: what none of them covers.
        data: the data set that holds the images.
        split: train, valid or test.
        encoding: of a .csv or .json; found out where None.

    Raises:
        TableError: it cannot be read, or names no image of this split.
        DatasetError: the data set has no such split.
    """
    source = Path(source)
    data.folder(split)
    split = canonical_split(split) or split
    if not source.exists():
        raise TableError(Message("{source} does not exist: check the path.", source=source))
    if source.is_dir():
        if not holds_xml(source):
            return _of_masks(source, data, split)
        read: Callable[[Path, ImageLookup], Annotations] = read_voc
    elif source.suffix.lower() in _READERS:
        read = partial(_READERS[source.suffix.lower()], encoding=encoding)
    else:
        raise TableError(
            Message(
                "{source} is no kind of annotation known here: give masks, a COCO .json, VOC .xml or a .csv.",
                source=source,
            )
        )
    images = ImageLookup(data, split)
    annotated, names, notes = read(source, images)
    notes = notes + images.notes(source.name)
    if not annotated:
        reason = f" ({notes[0].rstrip('.')})" if notes else ""
        raise TableError(
            Message(
                "{source} describes no image of the split {split} of {dataset}{why}.",
                source=source,
                split=split,
                dataset=data.name,
                why=reason,
            )
        )
    return parts_of_shapes(annotated, names, notes, source.name, images.files)


def box_parts(data: Dataset, sample: str, box: Sequence[float], name: str = "box", source: str = "one box") -> Parts:
    """Make parts of one box on one image: the box, and the ``rest``.

    Args:
        sample: the image's id.
        box: left, top, right, bottom in pixels of the image.

    Raises:
        TableError: no box.
        DatasetError: no such image.
    """
    file = str(data.resolve(sample))
    try:
        shape = box_between(box)
    except (TypeError, ValueError):
        remedy = Message("give left, top, right, bottom with left < right and top < bottom")
        raise TableError(Message("{box} is no box: {remedy}.", box=list(box), remedy=remedy)) from None
    return parts_of_shapes({sample: Annotated(((name, shape),), None, source)}, [name], [], source, {sample: file})


def _of_masks(folder: Path, data: Dataset, split: str) -> Parts:
    drawn, names, notes, facts = read_mask_folder(folder, data, split)
    samples = data.samples(split)
    files = dict(zip(samples["id"], samples["path"]))
    return Parts(tuple(names), content_hash("masks", names, facts), folder.name, tuple(notes), drawn, files)


def parts_of_shapes(
    annotated: dict[str, Annotated], names: list[str], notes: list[Message], source: str, files: dict[str, str]
) -> Parts:
    """Make parts of shapes by sample id; what none of them covers is ``rest``, unless a part has that name.

    Args:
        annotated: by sample id.
        names: of the parts, in order.
        notes, source, files: as ``Parts`` has them.
    """
    rest = REST if REST not in names else None
    facts = [
        [sample, annotation.size, [[part, *shape.facts()] for part, shape in annotation.shapes], *_marks(annotation)]
        for sample, annotation in sorted(annotated.items())
    ]
    unknown = {sample: missing for sample, entry in annotated.items() if (missing := _unknown(entry, names, rest))}
    names = [*names, rest] if rest else names
    drawn = {
        sample: partial(annotation.draw, rest=None if rest in unknown.get(sample, ()) else rest)
        for sample, annotation in annotated.items()
    }
    return Parts(tuple(names), content_hash("shapes", names, facts), source, tuple(notes), drawn, files, unknown)


def _marks(annotation: Annotated) -> list[list[str]]:
    return [] if annotation.absent is None else [sorted(annotation.absent)]


def _unknown(annotation: Annotated, names: Iterable[str], rest: str | None) -> frozenset[str]:
    """Return the parts of which an annotation says nothing; ``rest`` too, where a part may lie in it."""
    if annotation.absent is None:
        return frozenset()
    visible = {part for part, _ in annotation.shapes}
    unknown = set(names) - visible - annotation.absent
    if rest and (unknown or not visible):
        unknown.add(rest)
    return frozenset(unknown)
