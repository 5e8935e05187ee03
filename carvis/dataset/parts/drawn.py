"""``DrawnParts``: boxes that a person drew on the images of a data set, and the parts they did not see there."""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from carvis.dataset import Dataset, canonical_split, workspace_of
from carvis.dataset.parts.annotations import parts_of_shapes
from carvis.dataset.parts.coco import read_coco
from carvis.dataset.parts.coco_writer import coco_document, images_of_document
from carvis.dataset.parts.image_lookup import ImageLookup
from carvis.dataset.parts.part_box import ImageParts, PartBox, merged_change, part_name, part_names, whole_box
from carvis.dataset.parts.parts import Parts
from carvis.dataset.parts.shapes import Annotated, bounding_box
from carvis.errors import CarvisError, TableError
from carvis.images import image_size
from carvis.language import Message, message_of
from carvis.tables.limits import MAX_SENTENCES, MAX_SHAPES_OF_AN_IMAGE
from carvis.workspace import (
    FileStamp,
    Workspace,
    atomic_write,
    file_stamp,
    fitting,
    json_text,
    lock,
    not_written,
    sha256_of_file,
)

_WAIT_SECONDS = 10
# With the endings of the file and of its lock a name still fits.
_LONGEST_FILE = 200


@dataclass
class Imported:
    """What an import brought: how many boxes and marks of parts that are not visible are new, and notes."""

    boxes: int = 0
    absent: int = 0
    notes: list[Message] = field(default_factory=list)


class DrawnParts:
    """Boxes drawn by hand on the images of one data set, kept in a workspace as a COCO file.

    Boxes belong to a sample id and to the content of its file, in whole pixels of the upright image. Each part of an
    image is drawn, or marked as not visible, or nobody has looked at it yet. Boxes on an image that was replaced since
    are kept but not used. Every change is on the disk when the call returns; what another window or process changed
    meanwhile is merged, box by box.

    Args:
        path: the file, ``<workspace>/data/parts/<data set>.json``; see ``of``.
        data: the data set.
    """

    def __init__(self, path: str | Path, data: Dataset):
        self.path, self.data = Path(path), data

    @classmethod
    def of(cls, data: Dataset, workspace: Workspace | str | Path | None = None) -> "DrawnParts":
        """Return the drawn parts of a data set in a workspace, by default the one that it lies in.

        Raises:
            CarvisError: it lies in none.
        """
        space = workspace_of(data, workspace)
        if space is None:
            raise CarvisError(Message("{root} lies in no workspace: name the workspace.", root=data.root))
        return cls(space.parts_dir / f"{fitting(data.name, _LONGEST_FILE)}.json", data)

    def images(self) -> dict[str, ImageParts]:
        """Return what was drawn, by sample id.

        Raises:
            TableError: the file is damaged.
        """
        return images_of_document(self.path) if os.path.lexists(self.path) else {}

    def is_stale(self, sample: str, drawn: ImageParts) -> bool:
        """Tell whether an image is another one than its boxes were drawn on; False where it is gone."""
        with contextlib.suppress(CarvisError, OSError):
            return _sha256_of(self.data.resolve(sample)) != drawn.sha256
        return False

    def save(
        self,
        sample: str,
        boxes: Iterable[PartBox] = (),
        absent: Iterable[str] = (),
        before: ImageParts | None = None,
    ) -> ImageParts:
        """Keep what a person drew on an image, and return what is kept now.

        What changed since ``before`` is applied to what is kept: a box that another window drew meanwhile stays, one
        that it deleted is gone. A part with a box is visible, whatever was marked.

        Args:
            sample: its id.
            boxes: all boxes on the image, in pixels of the upright image; rounded to whole pixels, cut at its edges.
            absent: all parts that are not visible in it.
            before: what the person started from; None for an image without boxes.

        Raises:
            TableError: a name or a box is invalid, or there are too many.
            DatasetError, ImageError: there is no such image, or it cannot be read.
            CarvisError: the file cannot be written.
        """
        path = self.data.resolve(sample)
        size, digest = image_size(path), _sha256_of(path)
        mine = [PartBox(part_name(part), whole_box(box, size)) for part, box in boxes]
        marked = [part_name(part) for part in absent]
        with self._locked():
            images = self.images()
            stored = images.get(sample)
            stored = stored if stored is not None and stored.sha256 == digest else None
            merged, marks = merged_change(stored, before, mine, marked)
            if len(merged) > MAX_SHAPES_OF_AN_IMAGE:
                raise TableError(Message("{id} has more than {most} boxes.", id=sample, most=MAX_SHAPES_OF_AN_IMAGE))
            result = ImageParts(merged, marks, size, digest)
            if merged or marks:
                images[sample] = result
            else:
                images.pop(sample, None)
            self._write(images)
        return result

    def coco(self) -> str:
        """Return everything as the text of a COCO file, which other tools read, and ``take`` and ``read_parts``."""
        return self._text(self.images())

    def export(self, path: str | Path) -> Path:
        """Write ``coco`` into a file."""
        return atomic_write(path, self.coco())

    def take(self, source: str | Path) -> Imported:
        """Add the boxes of a COCO file. No box that is kept is taken away; outlines become the boxes around them.

        Raises:
            TableError: it is no such file, or names no image of the data set.
            CarvisError: the file of the drawn boxes cannot be written.
        """
        source, imported = Path(source), Imported()
        found: dict[str, Annotated] = {}
        for split in self.data.splits:
            images = ImageLookup(self.data, split)
            annotations = read_coco(source, images)
            found |= annotations.shapes
            # The same for each split: what one does not hold may lie in another.
            imported.notes = [*annotations.notes, *images.notes(source.name)]
        if not found:
            raise TableError(Message("{source} describes no image of {data}.", source=source, data=self.data.name))
        read: dict[str, ImageParts] = {}
        for sample, annotation in found.items():
            try:
                read[sample] = self._read_image(sample, annotation)
            except CarvisError as error:
                if len(imported.notes) < MAX_SENTENCES:
                    imported.notes.append(Message("{id} was skipped: {error}", id=sample, error=message_of(error)))
        with self._locked():
            kept = self.images()
            for sample, new in read.items():
                stored = kept.get(sample)
                stored = stored if stored is not None and stored.sha256 == new.sha256 else None
                boxes, absent = merged_change(stored, None, new.boxes, new.absent)
                imported.boxes += len(boxes) - (len(stored.boxes) if stored else 0)
                imported.absent += len(absent - (stored.absent if stored else frozenset()))
                if boxes or absent:
                    kept[sample] = ImageParts(boxes, absent, new.size, new.sha256)
            self._write(kept)
        return imported

    def parts(self, split: str = "test") -> Parts | None:
        """Return the drawn parts of one split, None where there are none.

        ``rest``, what no box covers, is known where every part was drawn or marked and one of them is visible.

        Raises:
            TableError: the file is damaged.
            DatasetError: the data set has no such split.
        """
        samples = self.data.samples(split)
        files = dict(zip(samples["id"], samples["path"]))
        prefix = f"{canonical_split(split)}/"
        images = {sample: drawn for sample, drawn in self.images().items() if sample.startswith(prefix)}
        here = {sample: drawn for sample, drawn in images.items() if sample in files}
        stale = [sample for sample, drawn in here.items() if self.is_stale(sample, drawn)]
        source = f"{self.path.parent.name}/{self.path.name}"
        annotated = {
            sample: Annotated(drawn.boxes, drawn.size, source, drawn.absent)
            for sample, drawn in here.items()
            if sample not in stale
        }
        if not annotated:
            return None
        names = part_names({sample: here[sample] for sample in annotated})
        return parts_of_shapes(annotated, names, _notes(len(images) - len(here), stale), source, files)

    def _read_image(self, sample: str, annotation: Annotated) -> ImageParts:
        path = self.data.resolve(sample)
        size = image_size(path)
        boxes = [
            PartBox(part_name(part), whole_box(bounding_box(shape), size)) for part, shape in annotation.fitted(size)
        ]
        absent = frozenset(map(part_name, annotation.absent or ()))
        return ImageParts(tuple(boxes), absent, size, _sha256_of(path))

    def _text(self, images: Mapping[str, ImageParts]) -> str:
        return json_text(coco_document(self.data.name, images, part_names(images)), indent=1) + "\n"

    def _write(self, images: Mapping[str, ImageParts]) -> None:
        atomic_write(self.path, self._text(images))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one writer at a time in, of whatever process."""
        from filelock import Timeout

        try:
            holder = lock(self.path.with_suffix(".lock"))
            holder.acquire(timeout=_WAIT_SECONDS)
        except Timeout:
            raise CarvisError(
                Message("{path} is being written by another process: try again in a moment.", path=self.path)
            ) from None
        except OSError as error:
            raise CarvisError(not_written(self.path, error)) from error
        try:
            yield
        finally:
            holder.release()


def _notes(gone: int, stale: list[str]) -> list[Message]:
    notes = []
    if gone:
        notes.append(
            Message.of_number(
                "{n} image with drawn boxes is not there any more.",
                "{n} images with drawn boxes are not there any more.",
                gone,
            )
        )
    if stale:
        notes.append(
            Message.of_number(
                "{n} image was replaced since its boxes were drawn ({first}): its boxes are not used until you check"
                " them.",
                "{n} images were replaced since their boxes were drawn (first {first}): their boxes are not used until"
                " you check them.",
                len(stale),
                first=stale[0],
            )
        )
    return notes


def _sha256_of(path: Path) -> str:
    return _sha256(str(path), file_stamp(path))


@lru_cache(maxsize=50_000)
def _sha256(path: str, stamp: FileStamp) -> str:
    return sha256_of_file(path)
