"""A split without leaks: duplicates stay together, each image is there once, classes keep their shares."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from carvis.dataset.health.assignment import assign
from carvis.dataset.health.check import check_dataset
from carvis.dataset.health.health import Health
from carvis.dataset.health.materialised_split import carry_masks, lay_out, skip_removed
from carvis.errors import DatasetError
from carvis.language import Message
from carvis.progress import Progress, no_progress, partial_progress
from carvis.tables import to_csv
from carvis.workspace import (
    SPLIT_REPORT,
    SPLITS,
    Cache,
    FolderTakenError,
    atomic_write,
    clear_leftovers,
    dataset_links,
    linked_datasets,
    resolved,
    staged_folder,
    write_json,
)

TABLE = "split.csv"


@dataclass(frozen=True)
class Split:
    """A leak-free split that was made.

    Attributes:
        out: its folder.
        table: a row an image of the old data set: id, path, label, group (of duplicates), split (the new one; empty
            where it was skipped), new_id, reason (why it was skipped, else empty).
        placed_by: number of images by how they were placed ("hard link", "symbolic link", "copy"); none for a
            manifest.
        leaks: duplicates across the new splits that a check of the new data set found, or None for a manifest.
        masks: how many images' masks of parts came along.
    """

    out: Path
    table: pd.DataFrame
    placed_by: dict[str, int]
    leaks: int | None
    masks: int = 0

    @property
    def counts(self) -> pd.DataFrame:
        """Images kept: a row a class, a column a split."""
        placed = self.table[self.table["split"] != ""]
        table = pd.crosstab(placed["label"], placed["split"]).reindex(columns=list(SPLITS), fill_value=0)
        return table.rename_axis(index="class", columns=None)

    @property
    def skipped(self) -> dict[str, int]:
        """Skipped images by reason: ``exact duplicate``, ``labels disagree``, ``unreadable``, ``removed``, ``leak``."""
        return dict(Counter(_kind(reason) for reason in self.table["reason"] if reason))

    @property
    def missing_classes(self) -> dict[str, list[str]]:
        """The classes without any image in a split, by split."""
        return _lacking(self.table)


def split_dataset(
    health: Health,
    out: str | Path,
    fractions: Sequence[float] = (0.7, 0.15, 0.15),
    seed: int = 0,
    *,
    manifest: bool = False,
    cache: Cache | str | Path | None = None,
    progress: Progress | None = None,
) -> Split:
    """Make a data set from another, without duplicates across its splits, and check it.

    Duplicates of each other come into the same split; of exact duplicates one is kept; groups of duplicates whose
    labels disagree, files that cannot be read, and images removed since the check are skipped. Each class is
    dealt out by itself, the largest groups first; where it has a group for each split with a share, each gets one.
    The old data set is not changed. Images are hard links to the old files where that is possible, else symbolic
    links where these are followed, else copies; masks of their parts come along in the same way.

    Args:
        health: the result of ``check_dataset`` on the old data set.
        out: folder of the new data set, which gets ``split.csv`` (every image, where it went or why not) and
            ``split.json``.
        fractions: shares of train, valid and test.
        seed: of the order in which groups are dealt out.
        manifest: write only ``split.csv`` and ``split.json``.
        cache: as ``check_dataset``, for the check of the new data set.
        progress: called with (per cent done, 100); a true return stops the work, and no folder is left.

    Raises:
        DatasetError: ``out`` is not empty or lies in the data set, the fractions are none, or no image is left.
        StoppedError: ``progress`` asked to stop.
        CarvisError: ``out`` cannot be written.
    """
    if not str(out).strip():
        raise DatasetError(Message("The new data set's name is empty: name a folder for it."))
    out = Path(os.path.expanduser(out))
    clear_leftovers(out)
    shares = _check(health, out, fractions)
    table = assign(health, shares, seed)
    _some_left(health, table)
    progress = progress or no_progress
    placed_by: dict[str, int] = {}
    leaks, masks = None, 0
    # The new folder appears when it is complete, so that a stopped split leaves nothing half made.
    try:
        with staged_folder(out) as folder:
            if manifest:
                table = skip_removed(table)
                _some_left(health, table)
            else:
                # Written early: it says where the links of the new data set may lead, which the check needs.
                write_json(folder / SPLIT_REPORT, {"made from": _origin(health)})
                table, placed_by = lay_out(table, folder, partial_progress(progress, 0, 40), dataset_links(health.root))
                _some_left(health, table)
                table, leaks = _verified(table, folder, cache, partial_progress(progress, 40, 100))
                masks = carry_masks(health.root, table, folder)
            report = _report(health, table, shares, seed, placed_by, leaks) | {"masks": masks}
            write_json(folder / SPLIT_REPORT, report, indent=1)
            atomic_write(folder / TABLE, to_csv(table).encode("utf-8-sig"))
    except FolderTakenError as error:
        # Another split into the same folder may have finished first.
        raise DatasetError(
            Message("{out} already exists: use it, or name a new folder for the split.", out=out)
        ) from error
    progress(100, 100)
    return Split(out, table, placed_by, leaks, masks)


def _some_left(health: Health, table: pd.DataFrame) -> None:
    if (table["split"] == "").all():
        kinds = ", ".join(sorted({_kind(reason) for reason in table["reason"]})) or "it holds none"
        raise DatasetError(
            Message(
                ("{root} has no usable image to split ({kinds}): run `python -m carvis check` to see the problems."),
                root=health.root,
                kinds=kinds,
            )
        )


def _check(health: Health, out: Path, fractions: Sequence[float]) -> np.ndarray:
    shares = np.asarray(list(fractions), float)
    if len(shares) != 3 or not np.isfinite(shares).all() or (shares < 0).any() or abs(shares.sum() - 1) > 0.01:
        raise DatasetError(
            Message(
                ("{choices} are not valid shares of train, valid and test: give three numbers that sum to 1."),
                choices=" ".join(map(str, fractions)),
            )
        )
    if shares[0] == 0:
        raise DatasetError(Message("The share of train is 0: training needs images."))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError(Message("{out} is not empty: name a new folder for the split.", out=out))
    place = resolved(out)
    if place.is_relative_to(health.root) or health.root.is_relative_to(place):
        raise DatasetError(
            Message("{out} lies in the data set {root}: name a folder beside it.", out=out, root=health.root)
        )
    return shares / shares.sum()


def _verified(
    table: pd.DataFrame, folder: Path, cache: Cache | str | Path | None, progress: Progress
) -> tuple[pd.DataFrame, int]:
    """Check the new data set, and skip the images of later splits that are still duplicates."""
    health = check_dataset(folder, progress, cache)
    ids = health.images.set_index("path")["id"]
    across = health.copies[health.copies["split"] != health.copies["twin_split"]]
    leaked = {ids[path]: ids[twin_path] for path, twin_path in zip(across["path"], across["twin_path"])}
    if not leaked:
        return table, 0
    table = table.copy()
    old = table.set_index("new_id")["id"]
    for new, original in leaked.items():
        (folder / new).unlink()
        row = table["new_id"] == new
        table.loc[row, "reason"] = f"leak: duplicate of {old[original]}, found when the split was checked"
        table.loc[row, ["split", "new_id"]] = ""
    return table, len(leaked)


def _report(
    health: Health, table: pd.DataFrame, shares: np.ndarray, seed: int, placed_by: dict[str, int], leaks: int | None
) -> dict[str, object]:
    placed = table[table["split"] != ""]
    return {
        "made from": _origin(health),
        "fractions": [round(float(share), 6) for share in shares],
        "seed": seed,
        "images": len(table),
        "kept": {split: int((placed["split"] == split).sum()) for split in SPLITS},
        "groups": {split: int(placed.loc[placed["split"] == split, "group"].nunique()) for split in SPLITS},
        "left out": dict(Counter(_kind(reason) for reason in table["reason"] if reason)),
        "classes without images": _lacking(table),
        "images by": placed_by,
        "copies found across splits, and left out": leaks,
    }


def _origin(health: Health) -> dict[str, object]:
    """The data set that a split is made from, and those that its links lead to."""
    further = linked_datasets(health.root, health.images["path"])
    return {"name": health.name, "path": str(health.root)} | ({"links to": further} if further else {})


def _kind(reason: str) -> str:
    return reason.split(":")[0].split(" of ")[0]


def _lacking(table: pd.DataFrame) -> dict[str, list[str]]:
    placed = table[table["split"] != ""]
    return {split: sorted(set(table["label"]) - set(placed.loc[placed["split"] == split, "label"])) for split in SPLITS}
