"""``Parts``: where the parts of a data set's images lie, whatever they were annotated with."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from carvis.errors import TableError
from carvis.images import image_size
from carvis.images.decode_limits import check_pixels
from carvis.language import Message
from carvis.tables.limits import MAX_PARTS_OF_AN_IMAGE
from carvis.workspace import content_hash, open_regular

# What boxes and outlines leave of an image, so that a map's whole evidence is accounted for.
REST = "rest"
# What annotations call that which is no part of the object.
BACKGROUNDS = (REST, "background", "backdrop", "ground", "背景")

# Draws the parts of one image, given its (height, width): part name to bool mask.
Draw = Callable[[tuple[int, int]], dict[str, NDArray[np.bool_]]]


@dataclass(frozen=True, eq=False)
class Parts:
    """Named parts of the images of one split.

    Attributes:
        names: the parts, in the order of the annotations.
        fingerprint: a hash of everything annotated; equal for equal annotations on every machine.
        source: what was read, to be shown.
        notes: sentences on what a person should know: rows without an image, shapes that were skipped, ...
        drawn: for each annotated sample id, the function that draws its masks.
        files: for each sample id the image's file, where its size has to be looked up.
        unknown: for annotated sample ids, the parts of which nobody has said whether they are visible; of the others
            all are known.
    """

    names: tuple[str, ...]
    fingerprint: str
    source: str
    notes: tuple[Message, ...] = ()
    drawn: Mapping[str, Draw] = field(default_factory=dict, repr=False)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    unknown: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.drawn)

    def __contains__(self, sample: str) -> bool:
        return sample in self.drawn

    def __iter__(self) -> Iterator[str]:
        return iter(self.drawn)

    def only(self, names: Iterable[str] | None = None, samples: Iterable[str] | None = None) -> "Parts":
        """Return some of the parts, of some of the images; None keeps all of them.

        Raises:
            TableError: there is no such part.
        """
        names = self.names if names is None else tuple(names)
        if unknown := [name for name in names if name not in self.names]:
            raise TableError(
                Message(
                    "{unknown} is not a part of {source}: choose from {choices}.",
                    unknown=unknown[0],
                    source=self.source,
                    choices=", ".join(self.names),
                )
            )
        selected = set(self.drawn if samples is None else samples)
        drawn = {sample: draw for sample, draw in self.drawn.items() if sample in selected}
        mark = content_hash(self.fingerprint, list(names), sorted(drawn))
        return replace(self, names=names, drawn=drawn, fingerprint=mark)

    def masks(self, sample: str, size: tuple[int, int] | None = None) -> dict[str, NDArray[np.bool_]] | None:
        """Return the parts of an image at its own resolution; None where it is not annotated.

        Args:
            sample: its id.
            size: (height, width) of the image as it is read, upright; looked up where not given.

        Returns:
            Part name to bool (height, width), every name of ``names``; a part that is not there, or of which nothing is
            known (``unknown``), has an empty mask. Boxes may overlap.

        Raises:
            TableError: the mask's file is broken or does not fit the image.
            ImageError: the image's size had to be looked up, and it cannot be read.
        """
        if sample not in self.drawn:
            return None
        size = size or image_size(self.files[sample])
        masks = self.drawn[sample](size)
        empty = np.zeros(size, bool)
        return {name: masks.get(name, empty) for name in self.names}

    def present(self, sample: str, size: tuple[int, int]) -> dict[str, NDArray[np.bool_]]:
        """Return the parts that an annotated image shows, as ``masks`` does, in the order of ``names``.

        Of thousands of parts an image shows few: a mask of each of the others would cost time and memory.
        """
        masks = self.drawn[sample](size)
        return {name: masks[name] for name in self.names if name in masks and masks[name].any()}


def check_number(parts: Collection[object], source: object) -> None:
    """Refuse an image with so many parts that their masks would fill the memory.

    Raises:
        TableError: there are more than ``MAX_PARTS_OF_AN_IMAGE``.
    """
    if len(parts) > MAX_PARTS_OF_AN_IMAGE:
        raise TableError(
            Message(
                "{source} marks {n} different parts of one image, more than the {most} that are measured: merge some.",
                source=source,
                n=f"{len(parts):,}",
                most=MAX_PARTS_OF_AN_IMAGE,
            )
        )


def same_shape(first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Tell whether two sizes are of one image at two scales, up to a pixel of rounding."""
    return abs(first[0] * second[1] - first[1] * second[0]) <= max(*first, *second)


def read_index_mask(path: str | Path, size: tuple[int, int]) -> NDArray[np.int32]:
    """Read a mask whose pixel values are indices of parts: int (height, width) of ``size``.

    A mask of another size is fitted to its image by nearest neighbour where it has the same shape.

    Raises:
        TableError: it cannot be read, is no indexed or grey image, or has another shape than its image.
    """
    try:
        with open_regular(path) as file, Image.open(file, formats=("PNG",)) as stored:
            check_pixels(stored)
            if stored.mode not in ("P", "L", "1", "I", "I;16"):
                raise TableError(
                    Message(
                        "{path} is a colour image: save it as indexed or grey PNG, each pixel the number of its part.",
                        path=path,
                    )
                )
            height, width = size
            own = stored.size[::-1]
            if not same_shape(own, size):
                raise TableError(
                    Message(
                        "{path} is {width} x {height} pixels and its image {image_width} x {image_height}: make both of"
                        " equal size.",
                        path=path,
                        width=own[1],
                        height=own[0],
                        image_width=width,
                        image_height=height,
                    )
                )
            mask = ImageOps.exif_transpose(stored)
            if own != size:
                mask = mask.resize((width, height), Image.Resampling.NEAREST)
            return np.asarray(mask).astype(np.int32)
    except TableError:
        raise
    except FileNotFoundError:
        raise TableError(Message("{path} does not exist: check the path.", path=path)) from None
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise TableError(
            Message("{path} is not a mask that can be read ({reason}): save it as PNG again.", path=path, reason=reason)
        ) from None
