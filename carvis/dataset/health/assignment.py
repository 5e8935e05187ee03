"""Which group of duplicates goes to which split, and under which name."""

import os
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from carvis.dataset.health.health import Health
from carvis.workspace import SPLITS, SplitName, fitting

COLUMNS = ("id", "path", "label", "group", "split", "new_id", "reason")


def assign(health: Health, shares: np.ndarray, seed: int) -> pd.DataFrame:
    """Decide where each image goes: the table of ``Split``."""
    images = health.images
    table = images[["id", "path", "label", "group"]].reset_index(drop=True)
    reason = np.where(images["reason"] != "", "unreadable: " + images["reason"], "").astype(object)
    labels = table[table["group"] >= 0].groupby("group")["label"].unique()
    mixed = labels[labels.map(len) > 1].map(lambda names: "labels disagree: its duplicates are " + ", ".join(names))
    reason = np.where(reason == "", table["group"].map(mixed).astype(object).fillna("").to_numpy(), reason)
    content = pd.Series(health.duplicates.content)
    first = table["id"].groupby(content).transform("first")
    repeated = (reason == "") & (first != table["id"]).to_numpy()
    reason[repeated] = ("exact duplicate of " + first)[repeated]
    table["reason"] = reason
    table["split"] = ""
    usable = table[table["reason"] == ""]
    for number, (_, of_class) in enumerate(usable.groupby("label", sort=True)):
        rng = np.random.default_rng([seed, number])
        for group, split in _deal(of_class["group"], shares, rng).items():
            table.loc[of_class.index[of_class["group"] == group], "split"] = split
    table["new_id"] = _names(table)
    return table[list(COLUMNS)]


def _deal(groups: pd.Series, shares: np.ndarray, rng: np.random.Generator) -> dict[Any, SplitName]:
    """Give each group to the split that lacks most, the largest groups first, those of a size in random order."""
    sizes = groups.value_counts().sort_index()
    sizes = sizes.iloc[rng.permutation(len(sizes))].sort_values(ascending=False, kind="stable")
    # Ties are broken at random, or small classes would all lack the same split.
    lacking = shares * sizes.sum() + rng.uniform(0, 1e-6, len(shares))
    place = {}
    for group, size in sizes.items():
        # A split with share 0 never lacks anything.
        to = int(np.argmax(np.where(shares > 0, lacking, -np.inf)))
        place[group] = SPLITS[to]
        lacking[to] -= size
    # A small class would leave a split with a small share empty: the smallest group of the fullest split goes there.
    splits = [SPLITS[i] for i in np.flatnonzero(shares > 0)]
    if len(sizes) < len(splits):
        return place
    for empty in (split for split in splits if split not in place.values()):
        number = Counter(place.values())
        donor = max((split for split in number if number[split] > 1), key=lambda split: -lacking[SPLITS.index(split)])
        group = [group for group in sizes.index if place[group] == donor][-1]
        place[group] = empty
        lacking[SPLITS.index(donor)] += sizes[group]
        lacking[SPLITS.index(empty)] -= sizes[group]
    return place


def _names(table: pd.DataFrame) -> list[str]:
    """New ids: the old file name, with the old split in front where two would be named alike.

    Names differ before their suffix, since a mask has its image's name with another suffix.
    """
    used: set[tuple[str, str]] = set()
    names = []
    for old_id, label, split in zip(table["id"], table["label"], table["split"]):
        if not split:
            names.append("")
            continue
        old_split, _, rest = old_id.partition("/")
        # Sub-folders of a class become part of the name.
        base = "_".join(rest.split("/")[1:])
        stem, suffix = os.path.splitext(base)
        stem = fitting(stem)
        base = stem + suffix
        proposals = [base, f"{old_split}_{base}"]
        name = next((free for free in proposals if (label, _stem(free)) not in used), None)
        number = 2
        while name is None:
            numbered = f"{old_split}_{stem}-{number}{suffix}"
            name, number = (numbered if (label, _stem(numbered)) not in used else None), number + 1
        used.add((label, _stem(name)))
        names.append(f"{split}/{label}/{name}")
    return names


def _stem(name: str) -> str:
    return os.path.splitext(name)[0].lower()
