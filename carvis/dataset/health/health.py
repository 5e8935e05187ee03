"""``Health``: the result of checking the images of a data set."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from carvis.dataset.health.duplicates import Duplicates, duplicate_table
from carvis.images import depth_of
from carvis.language import Message
from carvis.tables import to_csv
from carvis.workspace import SPLITS, atomic_write, write_json

# With fewer training images a class can hardly be learnt.
FEW = 10
# From this share of leaked test images on, the test accuracy mostly measures memorisation.
MUCH_LEAKAGE = 0.05
LeakageSeverity = Literal["unknown", "none", "minor", "severe"]
_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif",),
    "HEIF": (".heic", ".heif", ".hif"),
    "PPM": (".ppm", ".pgm"),
}


@dataclass(frozen=True)
class Shared:
    """How many of the images of a split have a duplicate in another split.

    Args:
        n: Images of the split.
        exact: Those whose duplicate has the same bytes or pixels.
        copies: Those with an exact or a near-duplicate.
    """

    n: int
    exact: int
    copies: int

    def finding(self, split: str = "test", other: str = "train") -> Message:
        """Say how many images of ``split`` are also in ``other``."""
        return Message.of_number(
            "{n} of {total} {split} images is also in {other} (exact duplicates: {exact}, near-duplicates: {near}).",
            "{n} of {total} {split} images are also in {other} (exact duplicates: {exact}, near-duplicates: {near}).",
            self.copies,
            total=self.n,
            split=split,
            other=other,
            exact=self.exact,
            near=self.copies - self.exact,
        )


@dataclass(frozen=True, eq=False)
class Health:
    """What ``check_dataset`` found.

    Attributes:
        name: of the data set.
        root: its folder.
        counts: images, a row a class, a column a split.
        images: a row an image file, by split and id: id, path, split, label, size (bytes), bytes and pixels
            (SHA-256 of the file and of what it shows), format, width, height, brightness (mean luminance, 0 to 255),
            contrast (its standard deviation), sharpness (variance of the Laplacian at 256 x 256: low is blurred),
            centre_brightness, tint, warmth, saturation, quality (see ``carvis.dataset.health.image_facts``), reason
            (why it cannot be read, else empty), group (its group of duplicates; -1 where it cannot be read).
        others: files that are no images: path, reason.
        duplicates: the duplicates as numbers, see ``carvis.dataset.health.duplicates``.
    """

    name: str
    root: Path
    counts: pd.DataFrame
    images: pd.DataFrame
    others: pd.DataFrame
    duplicates: Duplicates

    def __repr__(self) -> str:
        return f"Health({self.name!r}, {len(self.images)} images, {len(self.broken)} broken, {self.groups} groups)"

    @cached_property
    def notes(self) -> list[Message]:
        """Say how images of more than 8 bits a value are read, one sentence each."""
        return depth_of(self.root).notes()

    def _repr_html_(self) -> str | None:
        from carvis.dataset.display import health_html

        return health_html(self)

    @property
    def splits(self) -> list[str]:
        """The names of the splits."""
        return list(self.counts.columns)

    @cached_property
    def broken(self) -> pd.DataFrame:
        """Image files that cannot be read: path, split, label, reason."""
        broken = self.images[self.images["reason"] != ""]
        return broken[["path", "split", "label", "reason"]].reset_index(drop=True)

    @cached_property
    def mistyped(self) -> pd.DataFrame:
        """Images whose file name ends as another format's: path, split, label, format (what they are)."""
        readable = self.images[self.images["reason"] == ""]
        mistyped = [
            not path.lower().endswith(_SUFFIXES.get(kind, ()))
            for path, kind in zip(readable["path"], readable["format"], strict=True)
        ]
        return readable.loc[np.array(mistyped, bool), ["path", "split", "label", "format"]].reset_index(drop=True)

    @cached_property
    def sizes(self) -> pd.DataFrame:
        """How many images have which size, the most frequent first: width, height, images."""
        readable = self.images[self.images["reason"] == ""]
        table = readable.groupby(["width", "height"]).size().rename("images").reset_index()
        return table.sort_values("images", ascending=False, kind="stable", ignore_index=True)

    @cached_property
    def sparse(self) -> pd.DataFrame:
        """Classes with fewer than 10 images in train, or none in another split: label, split, images."""
        rows = [
            (label, split, int(n))
            for label, counted in self.counts.iterrows()
            for split, n in counted.items()
            if n < (FEW if split == "train" else 1)
        ]
        return pd.DataFrame(rows, columns=["label", "split", "images"])

    @cached_property
    def copies(self) -> pd.DataFrame:
        """Images with a duplicate: path, split, label, twin_path, twin_split, twin_label, distance.

        For each image the nearest duplicate of each class in its own split and in those before it, those of test
        images in train first. Distance is 0 for the same bytes or pixels, else the mean absolute difference of the
        aligned images as a share of full scale.
        """
        return duplicate_table(self.images, self.duplicates)

    @property
    def distinct(self) -> int:
        """How many images are left when exact duplicates count once."""
        return len(np.unique(self.duplicates.content[self.duplicates.content >= 0]))

    @property
    def groups(self) -> int:
        """How many images are left when all duplicates count once."""
        return len(np.unique(self.duplicates.group[self.duplicates.group >= 0]))

    @cached_property
    def mixed_groups(self) -> int:
        """How many groups of duplicates hold images of several classes."""
        labels = self.images[self.images["group"] >= 0].groupby("group")["label"].nunique()
        return int((labels > 1).sum())

    def shared(self, split: str = "test", other: str = "train") -> Shared:
        """Count the readable images of a split that have a duplicate in another."""
        readable = self.duplicates.group >= 0
        in_split, in_other = ((self.images["split"] == name).to_numpy() & readable for name in (split, other))
        exact = np.isin(self.duplicates.content[in_split], self.duplicates.content[in_other])
        near = np.isin(self.duplicates.group[in_split], self.duplicates.group[in_other])
        return Shared(int(in_split.sum()), int(exact.sum()), int(near.sum()))

    def crossing(self) -> dict[tuple[str, str], Shared]:
        """``shared`` for every pair of splits, the later one first: (test, train), (test, valid), (valid, train)."""
        names = [name for name in reversed(SPLITS) if name in self.splits]
        return {(a, b): self.shared(a, b) for i, a in enumerate(names) for b in reversed(names[i + 1 :])}

    def leakage(self) -> tuple[LeakageSeverity, Message]:
        """Return how much leakage from train distorts the test accuracy, and its consequence in a sentence."""
        if not {"train", "test"} <= set(self.splits):
            return "unknown", Message("Leakage cannot be checked: the data set needs training and test images.")
        shared = self.shared()
        if not shared.copies:
            return "none", Message("No leakage: no test image is also in train.")
        if shared.copies >= MUCH_LEAKAGE * shared.n:
            return "severe", Message("Leakage: the test accuracy mostly measures memorisation.")
        return "minor", Message("Leakage: the test accuracy is slightly too high.")

    def duplicates_of(self, split: str, other: str = "train") -> pd.Series:
        """For each image of a split, by id, the id of its duplicate in another split; empty where there is none.

        An exact duplicate comes before a near-duplicate.
        """
        images = self.images
        others = images[(images["split"] == other) & (self.duplicates.group >= 0)]
        own = images[images["split"] == split]
        by_path = images.drop_duplicates("path").set_index("path")["id"]
        exact = others.drop_duplicates("pixels").set_index("pixels")["id"]
        of_group = others.drop_duplicates("group").set_index("group")["id"]
        nearest = self.copies[(self.copies["split"] == split) & (self.copies["twin_split"] == other)]
        nearest = nearest.sort_values("distance", kind="stable").drop_duplicates("path")
        twin_path = nearest.set_index("path")["twin_path"]
        ids = own["pixels"].map(exact)
        ids = ids.fillna(own["path"].map(twin_path.map(by_path))).fillna(own["group"].map(of_group))
        return pd.Series(
            ids.where(own["group"] >= 0).fillna("").to_numpy(object),
            index=own["id"].to_numpy(object),
        )

    def summary(self) -> dict[str, Any]:
        """The main figures as plain numbers, ready for JSON."""
        crossing = {f"{a} in {b}": vars(shared) for (a, b), shared in self.crossing().items()}
        across = self.copies[self.copies["label"] != self.copies["twin_label"]]
        return {
            "data": self.name,
            "images": len(self.images),
            "classes": len(self.counts),
            "counts": {split: int(n) for split, n in self.counts.sum().items()},
            "broken": len(self.broken),
            "no images": len(self.others),
            "mistyped": len(self.mistyped),
            "distinct": self.distinct,
            "groups": self.groups,
            "groups of several classes": self.mixed_groups,
            "shared": crossing,
            "copies of another class": len(across),
        }

    def save(self, path: str | Path, further: Mapping[str, Any] | None = None) -> Path:
        """Write everything as ``.json``, or the pairs of duplicates as ``.csv`` (UTF-8 with a mark, for Excel).

        Args:
            path: the file.
            further: other findings on the data set that go into a ``.json``.
        """
        if Path(path).suffix.lower() == ".csv":
            return atomic_write(path, to_csv(self.copies).encode("utf-8-sig"))
        tables = {
            "counts": self.counts.reset_index(),
            "broken": self.broken,
            "others": self.others,
            "mistyped": self.mistyped,
            "sparse": self.sparse,
            "sizes": self.sizes,
            "copies": self.copies,
        }
        document = {**self.summary(), **{name: json.loads(t.to_json(orient="records")) for name, t in tables.items()}}
        document |= further or {}
        return write_json(path, document, indent=1)
