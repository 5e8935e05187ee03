"""A split without leaks: copies stay together, each picture is there once, classes keep their shares."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from carvis.dataset.health.check import check_dataset
from carvis.dataset.health.health import Health
from carvis.dataset.health.materialised_split import carry_masks, lay_out, leave_out_removed
from carvis.errors import DatasetError
from carvis.language import Message
from carvis.tables import to_csv
from carvis.workspace import (
    SPLIT_REPORT,
    SPLITS,
    Cache,
    FolderTakenError,
    atomic_write,
    clear_leftovers,
    dataset_links,
    fitting,
    linked_datasets,
    resolved,
    staged_folder,
    write_json,
)

TABLE = "split.csv"
COLUMNS = ("id", "path", "label", "group", "split", "new_id", "reason")


@dataclass(frozen=True)
class Split:
    """A leak-free split that was made.

    Attributes:
        out: its folder.
        table: a row a picture of the old data set: id, path, label, group (of copies), split (the new one; empty where
            it was left out), new_id, reason (why it was left out, else empty).
        how: how pictures came there: pictures by "hard link", "symbolic link", "copy", or none for a manifest.
        leaks: copies across the new splits that a check of the new data set found, or None for a manifest.
        masks: how many pictures' masks of parts came along.
    """

    out: Path
    table: pd.DataFrame
    how: dict[str, int]
    leaks: int | None
    masks: int = 0

    @property
    def counts(self) -> pd.DataFrame:
        """Pictures kept: a row a class, a column a split."""
        kept = self.table[self.table["split"] != ""]
        table = pd.crosstab(kept["label"], kept["split"]).reindex(columns=list(SPLITS), fill_value=0)
        return table.rename_axis(index="class", columns=None)

    @property
    def left_out(self) -> dict[str, int]:
        """How many images are left out for each kind of reason.

        The kinds are ``exact copy``, ``labels disagree``, ``unreadable``, ``removed`` and ``leak``.
        """
        return dict(Counter(_kind(reason) for reason in self.table["reason"] if reason))

    @property
    def lacking(self) -> dict[str, list[str]]:
        """The classes without any picture in a split, by split."""
        return _lacking(self.table)


def split_dataset(
    health: Health,
    out: str | Path,
    fractions: Sequence[float] = (0.7, 0.15, 0.15),
    seed: int = 0,
    *,
    manifest: bool = False,
    cache: Cache | str | Path | None = None,
    progress: Callable[[float, float], None] | None = None,
) -> Split:
    """Make a data set from another, without copies across its splits, and check it.

    Pictures that are copies of each other come into the same split; of exact copies one is kept; groups of copies
    whose labels disagree, files that cannot be read, and pictures removed since the check are left out. Each class is
    dealt out by itself, the largest groups first; where it has a group for each split with a share, each gets one.
    The old data set is not changed. Pictures are hard links to the old files where that is possible, else symbolic
    links where these are followed, else copies; masks of their parts come along in the same way.

    Args:
        health: what ``check_dataset`` found about the old data set.
        out: folder of the new data set, which gets ``split.csv`` (every picture, where it went or why not) and
            ``split.json``.
        fractions: shares of train, valid and test.
        seed: of the order in which groups are dealt out.
        manifest: write only ``split.csv`` and ``split.json``.
        cache: as ``check_dataset``, for the check of the new data set.
        progress: called with (per cent done, 100).

    Raises:
        DatasetError: ``out`` is not empty or lies in the data set, the fractions are none, or no picture is left.
        CarvisError: ``out`` cannot be written.
    """
    if not str(out).strip():
        raise DatasetError(Message("The new data set's name is empty: name a folder for it."))
    out = Path(os.path.expanduser(out))
    clear_leftovers(out)
    shares = _check(health, out, fractions)
    table = assign(health, shares, seed)
    _some_left(health, table)
    watch = progress or (lambda done, total: None)
    how: dict[str, int] = {}
    leaks, masks = None, 0
    # The new folder appears when it is complete, so that a stopped split leaves nothing half made.
    try:
        with staged_folder(out) as made:
            if manifest:
                table = leave_out_removed(table)
                _some_left(health, table)
            else:
                # It says where the new data set's links may lead to, already when that is checked.
                write_json(made / SPLIT_REPORT, {"made from": _origin(health)})
                table, how = lay_out(table, made, watch, dataset_links(health.root))
                _some_left(health, table)
                table, leaks = _verified(table, made, cache, watch)
                masks = carry_masks(health.root, table, made)
            report = _report(health, table, shares, seed, how, leaks) | {"masks": masks}
            write_json(made / SPLIT_REPORT, report, indent=1)
            atomic_write(made / TABLE, to_csv(table).encode("utf-8-sig"))
    except FolderTakenError as error:
        # Another split into the same folder may have ended first.
        raise DatasetError(
            Message("{out} is there already: use it, or name a new folder for the split.", out=out)
        ) from error
    watch(100, 100)
    return Split(out, table, how, leaks, masks)


def _some_left(health: Health, table: pd.DataFrame) -> None:
    if (table["split"] == "").all():
        kinds = ", ".join(sorted({_kind(reason) for reason in table["reason"]})) or "it holds none"
        raise DatasetError(
            Message(
                "{root} leaves no picture to split ({kinds}): run check on it to see what to mend.",
                root=health.root,
                kinds=kinds,
            )
        )


def _check(health: Health, out: Path, fractions: Sequence[float]) -> np.ndarray:
    shares = np.asarray(list(fractions), float)
    if len(shares) != 3 or not np.isfinite(shares).all() or (shares < 0).any() or abs(shares.sum() - 1) > 0.01:
        raise DatasetError(
            Message(
                "{choices} are no shares of train, valid and test: give three that sum up to 1.",
                choices=" ".join(map(str, fractions)),
            )
        )
    if shares[0] == 0:
        raise DatasetError(Message("The share of train is 0: give it some pictures to learn from."))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError(Message("{out} is not empty: name a new folder for the split.", out=out))
    place = resolved(out)
    if place.is_relative_to(health.root) or health.root.is_relative_to(place):
        raise DatasetError(
            Message("{out} lies in the data set {root}: name a folder beside it.", out=out, root=health.root)
        )
    return shares / shares.sum()


def assign(health: Health, shares: np.ndarray, seed: int) -> pd.DataFrame:
    """Decide where each picture goes: the table of ``Split``."""
    pictures = health.pictures
    table = pictures[["id", "path", "label", "group"]].reset_index(drop=True)
    reason = np.where(pictures["reason"] != "", "unreadable: " + pictures["reason"], "").astype(object)
    labels = table[table["group"] >= 0].groupby("group")["label"].unique()
    mixed = labels[labels.map(len) > 1].map(lambda names: "labels disagree: copies of it are " + ", ".join(names))
    reason = np.where(reason == "", table["group"].map(mixed).astype(object).fillna("").to_numpy(), reason)
    content = pd.Series(health.found.content)
    first = table["id"].groupby(content).transform("first")
    again = (reason == "") & (first != table["id"]).to_numpy()
    reason[again] = ("exact copy of " + first)[again]
    table["reason"] = reason
    table["split"] = ""
    kept = table[table["reason"] == ""]
    for number, (_, of_class) in enumerate(kept.groupby("label", sort=True)):
        rng = np.random.default_rng([seed, number])
        for group, split in _deal(of_class["group"], shares, rng).items():
            table.loc[of_class.index[of_class["group"] == group], "split"] = split
    table["new_id"] = _names(table)
    return table[list(COLUMNS)]


def _deal(groups: pd.Series, shares: np.ndarray, rng: np.random.Generator) -> dict[int, str]:
    """Give each group to the split that lacks most, the largest groups first, those of a size in random order."""
    sizes = groups.value_counts().sort_index()
    sizes = sizes.iloc[rng.permutation(len(sizes))].sort_values(ascending=False, kind="stable")
    # Where two lack the same, chance decides, or small classes would all lack the same split.
    lacking = shares * sizes.sum() + rng.uniform(0, 1e-6, len(shares))
    place = {}
    for group, size in sizes.items():
        # A split that shall stay empty never lacks anything.
        to = int(np.argmax(np.where(shares > 0, lacking, -np.inf)))
        place[group] = SPLITS[to]
        lacking[to] -= size
    # A small class would leave a split with a small share empty: the smallest group of the fullest split goes there.
    wanted = [SPLITS[i] for i in np.flatnonzero(shares > 0)]
    if len(sizes) < len(wanted):
        return place
    for empty in (split for split in wanted if split not in place.values()):
        number = Counter(place.values())
        giver = max((split for split in number if number[split] > 1), key=lambda split: -lacking[SPLITS.index(split)])
        group = [one for one in sizes.index if place[one] == giver][-1]
        place[group] = empty
        lacking[SPLITS.index(giver)] += sizes[group]
        lacking[SPLITS.index(empty)] -= sizes[group]
    return place


def _names(table: pd.DataFrame) -> list[str]:
    """New ids: the old file name, with the old split in front where two would be named alike.

    Names differ before their suffix, since a mask has its picture's name with another suffix.
    """
    taken: set[tuple[str, str]] = set()
    names = []
    for row in table.itertuples():
        if not row.split:
            names.append("")
            continue
        old_split, _, rest = row.id.partition("/")
        # Sub-folders of a class become part of the name.
        base = "_".join(rest.split("/")[1:])
        stem, suffix = os.path.splitext(base)
        stem = fitting(stem)
        base = stem + suffix
        tries = [base, f"{old_split}_{base}"]
        name = next((one for one in tries if (row.label, _stem(one)) not in taken), None)
        number = 2
        while name is None:
            one = f"{old_split}_{stem}-{number}{suffix}"
            name, number = (one if (row.label, _stem(one)) not in taken else None), number + 1
        taken.add((row.label, _stem(name)))
        names.append(f"{row.split}/{row.label}/{name}")
    return names


def _stem(name: str) -> str:
    return os.path.splitext(name)[0].lower()


def _verified(table: pd.DataFrame, made: Path, cache, watch) -> tuple[pd.DataFrame, int]:
    """Check the new data set, and leave out of its later split what is still a copy there."""
    health = check_dataset(made, lambda done, total: watch(40 + 0.6 * done, total), cache)
    ids = health.pictures.set_index("path")["id"]
    copies = health.copies
    across = copies[copies["split"] != copies["twin_split"]]
    found = {ids[row.path]: ids[row.twin_path] for row in across.itertuples()}
    if not found:
        return table, 0
    table = table.copy()
    old = table.set_index("new_id")["id"]
    for new, twin in found.items():
        (made / new).unlink()
        row = table["new_id"] == new
        table.loc[row, "reason"] = f"leak: copy of {old[twin]}, found when the split was checked"
        table.loc[row, ["split", "new_id"]] = ""
    return table, len(found)


def _report(health: Health, table: pd.DataFrame, shares: np.ndarray, seed: int, how, leaks) -> dict:
    kept = table[table["split"] != ""]
    return {
        "made from": _origin(health),
        "fractions": [round(float(share), 6) for share in shares],
        "seed": seed,
        "pictures": len(table),
        "kept": {split: int((kept["split"] == split).sum()) for split in SPLITS},
        "groups": {split: int(kept.loc[kept["split"] == split, "group"].nunique()) for split in SPLITS},
        "left out": dict(Counter(_kind(reason) for reason in table["reason"] if reason)),
        "classes without pictures": _lacking(table),
        "pictures by": how,
        "copies found across splits, and left out": leaks,
    }


def _origin(health: Health) -> dict:
    """The data set that a split is made from, and those that its links lead to."""
    further = linked_datasets(health.root, health.pictures["path"])
    return {"name": health.name, "path": str(health.root)} | ({"links to": further} if further else {})


def _kind(reason: str) -> str:
    return reason.split(":")[0].split(" of ")[0]


def _lacking(table: pd.DataFrame) -> dict[str, list[str]]:
    kept = table[table["split"] != ""]
    return {split: sorted(set(table["label"]) - set(kept.loc[kept["split"] == split, "label"])) for split in SPLITS}
