"""``Health``: what was found out about the pictures of a data set."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from carvis.dataset.health.duplicates import Copies, copies_table
from carvis.images import depth_of
from carvis.language import Message
from carvis.tables import to_csv
from carvis.workspace import SPLITS, atomic_write, write_json

# With fewer training pictures a class can hardly be learnt.
FEW = 10
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


@dataclass(frozen=True, eq=False)
class Health:
    """What ``check_dataset`` found.

    Attributes:
        name: of the data set.
        root: its folder.
        counts: pictures, a row a class, a column a split.
        pictures: a row a picture file, by split and id: id, path, split, label, size (bytes), bytes and pixels
            (SHA-256 of the file and of what it shows), format, width, height, brightness (mean luminance, 0 to 255),
            contrast (its standard deviation), sharpness (variance of the Laplacian at 256 x 256: low is blurred),
            reason (why it cannot be read, else empty), group (its group of copies; -1 where it cannot be read).
        others: files that are no pictures: path, reason.
        found: the copies as numbers, see ``carvis.dataset.health.duplicates``.
    """

    name: str
    root: Path
    counts: pd.DataFrame
    pictures: pd.DataFrame
    others: pd.DataFrame
    found: Copies

    def __repr__(self) -> str:
        return f"Health({self.name!r}, {len(self.pictures)} pictures, {len(self.broken)} broken, {self.groups} groups)"

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
        """Picture files that cannot be read: path, split, label, reason."""
        bad = self.pictures[self.pictures["reason"] != ""]
        return bad[["path", "split", "label", "reason"]].reset_index(drop=True)

    @cached_property
    def mistyped(self) -> pd.DataFrame:
        """Pictures whose file name ends as another format's: path, split, label, format (what they are)."""
        good = self.pictures[self.pictures["reason"] == ""]
        wrong = [
            not path.lower().endswith(_SUFFIXES.get(kind, ()))
            for path, kind in zip(good["path"], good["format"], strict=True)
        ]
        return good.loc[np.array(wrong, bool), ["path", "split", "label", "format"]].reset_index(drop=True)

    @cached_property
    def sizes(self) -> pd.DataFrame:
        """How many pictures have which size, the most frequent first: width, height, pictures."""
        good = self.pictures[self.pictures["reason"] == ""]
        table = good.groupby(["width", "height"]).size().rename("pictures").reset_index()
        return table.sort_values("pictures", ascending=False, kind="stable", ignore_index=True)

    @cached_property
    def sparse(self) -> pd.DataFrame:
        """Classes with fewer than 10 pictures in train, or none in another split: label, split, pictures."""
        rows = [
            (label, split, int(n))
            for label, counted in self.counts.iterrows()
            for split, n in counted.items()
            if n < (FEW if split == "train" else 1)
        ]
        return pd.DataFrame(rows, columns=["label", "split", "pictures"])

    @cached_property
    def copies(self) -> pd.DataFrame:
        """Pictures with a copy: path, split, label, twin_path, twin_split, twin_label, distance.

        For each picture the nearest copy of each class in its own split and in those before it, those of test
        pictures in train first. Distance is 0 for the same bytes or pixels, else the mean absolute difference of the
        aligned pictures as a share of full scale.
        """
        return copies_table(self.pictures, self.found)

    @property
    def distinct(self) -> int:
        """How many pictures are left when exact copies count once."""
        return len(np.unique(self.found.content[self.found.content >= 0]))

    @property
    def groups(self) -> int:
        """How many pictures are left when all copies count once."""
        return len(np.unique(self.found.group[self.found.group >= 0]))

    @cached_property
    def mixed_groups(self) -> int:
        """How many groups of copies hold pictures of several classes."""
        labels = self.pictures[self.pictures["group"] >= 0].groupby("group")["label"].nunique()
        return int((labels > 1).sum())

    def shared(self, split: str = "test", other: str = "train") -> Shared:
        """Count the readable pictures of a split that have a copy in another."""
        readable = self.found.group >= 0
        here, there = ((self.pictures["split"] == name).to_numpy() & readable for name in (split, other))
        exact = np.isin(self.found.content[here], self.found.content[there])
        near = np.isin(self.found.group[here], self.found.group[there])
        return Shared(int(here.sum()), int(exact.sum()), int(near.sum()))

    def crossing(self) -> dict[tuple[str, str], Shared]:
        """``shared`` for every pair of splits, the later one first: (test, train), (test, valid), (valid, train)."""
        names = [name for name in reversed(SPLITS) if name in self.splits]
        return {(a, b): self.shared(a, b) for i, a in enumerate(names) for b in reversed(names[i + 1 :])}

    def twins_of(self, split: str, other: str = "train") -> pd.Series:
        """For each image of a split, by id, the id of its duplicate in another split; empty where there is none.

        An exact duplicate comes before a near-duplicate.
        """
        pictures = self.pictures
        there = pictures[(pictures["split"] == other) & (self.found.group >= 0)]
        here = pictures[pictures["split"] == split]
        by_path = pictures.drop_duplicates("path").set_index("path")["id"]
        exact = there.drop_duplicates("pixels").set_index("pixels")["id"]
        of_group = there.drop_duplicates("group").set_index("group")["id"]
        nearest = self.copies[(self.copies["split"] == split) & (self.copies["twin_split"] == other)]
        nearest = nearest.sort_values("distance", kind="stable").drop_duplicates("path").set_index("path")["twin_path"]
        found = here["pixels"].map(exact)
        found = found.fillna(here["path"].map(nearest.map(by_path))).fillna(here["group"].map(of_group))
        return pd.Series(found.where(here["group"] >= 0).fillna("").to_numpy(object), index=here["id"].to_numpy(object))

    def summary(self) -> dict:
        """The main figures as plain numbers, ready for JSON."""
        crossing = {f"{a} in {b}": vars(found) for (a, b), found in self.crossing().items()}
        across = self.copies[self.copies["label"] != self.copies["twin_label"]]
        return {
            "data": self.name,
            "pictures": len(self.pictures),
            "classes": len(self.counts),
            "counts": {split: int(n) for split, n in self.counts.sum().items()},
            "broken": len(self.broken),
            "no pictures": len(self.others),
            "mistyped": len(self.mistyped),
            "distinct": self.distinct,
            "groups": self.groups,
            "groups of several classes": self.mixed_groups,
            "shared": crossing,
            "copies of another class": len(across),
        }

    def save(self, path: str | Path) -> Path:
        """Write everything as ``.json``, or the pairs of copies as ``.csv`` (UTF-8 with a mark, for Excel)."""
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
        return write_json(path, document, indent=1)
