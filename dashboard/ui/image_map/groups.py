"""How the images on the map are coloured: in groups with a name, a colour and a mark, or by a number."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from carvis.evaluation.alignment import join
from ui.image_map import palette
from ui.image_map.layouts import Plane
from ui.image_map.selection import Colouring
from ui.state import current, evaluations, health_checks, unreadable, workspace
from ui.state.i18n import N_, _, n_, translated
from ui.widgets import tag_editor
from ui.widgets.text import SPLIT, sentence_case, verdict

WORDS: dict[Colouring, str] = {
    "true": N_("True class"),
    "predicted": N_("Predicted class"),
    "right": N_("Correct or wrong"),
    "confidence": N_("Confidence"),
    "disagreement": N_("Disagreement of models"),
    "tag": N_("Tag"),
    "split": N_("Split"),
    "duplicates": N_("Near-duplicates"),
    "cluster": N_("Cluster"),
}
_AGREEMENT = {
    "right": N_("All models correct"),
    "wrong": N_("All models wrong, the same class"),
    "different": N_("Models predict different classes"),
}
_NONE = ""


@dataclass(frozen=True)
class Group:
    """Images that look alike on the map: the rows of the table that they are, and how they are drawn."""

    name: str
    rows: NDArray[np.intp]
    colour: str
    mark: str


@dataclass(frozen=True)
class Colours:
    """How images are drawn: in ``groups``, or by ``values`` from 0 to 1 where these are given; ``note`` says more."""

    groups: tuple[Group, ...]
    values: NDArray[np.float64] | None = None
    note: str = ""


def of_images(by: Colouring, rows: pd.DataFrame, reference: Plane, classes: list[str], dark: bool) -> Colours:
    """Return how the images of a table are drawn; beside each other, several models' images are drawn alike.

    Args:
        by: what their colour says.
        rows: as ``spaces.rows`` returns them.
        reference: the first model's images in the plane, whose clusters are meant.
        classes: those that have a colour and a mark of their own, as ``frequent_classes`` returns them.
        dark: whether the page is dark.
    """
    if by == "confidence":
        values = rows["confidence"].to_numpy(float)
        unknown = np.flatnonzero(np.isnan(values))
        groups = (Group(_("No prediction"), unknown, palette.grey(dark), "circle"),) if len(unknown) else ()
        return Colours(groups, values)
    if by == "right":
        return _right(rows, dark)
    if by == "disagreement":
        return _disagreement(rows, reference.space.splits, dark)
    if by == "duplicates":
        return _duplicates(rows, dark)
    if by == "tag":
        return _tags(rows, dark)
    if by == "cluster":
        space = reference.space
        places = rows["id"].map(dict(zip(space.ids[space.drawn].tolist(), reference.clusters.tolist()))).fillna(-1)
        n = int(reference.clusters.max(initial=-1)) + 1
        names = {place: cluster_name(place) for place in range(n)}
        return _by_name(places.map(names).fillna(_NONE), list(names.values()), _("In no cluster"), dark)
    if by == "split":
        words = translated(SPLIT)
        return _by_name(rows["split"], list(words), _("Other"), dark, words)
    column = rows["label" if by == "true" else "predicted"].fillna(_NONE)
    return _by_name(column, classes, _("Other classes") if by == "true" else _("Other classes or none"), dark)


def frequent_classes(rows: pd.DataFrame) -> list[str]:
    """Return the classes of a table by name, the most frequent ones where there are more than a chart tells apart."""
    counts = pd.concat([rows["label"], rows["predicted"].dropna()]).value_counts()
    return sorted(counts.index[: palette.MOST_GROUPS].tolist())


def cluster_name(place: int) -> str:
    """Return what a cluster is called."""
    return _("Cluster {n}").format(n=place + 1)


def _right(rows: pd.DataFrame, dark: bool) -> Colours:
    known = rows["predicted"].notna().to_numpy()
    right = known & (rows["predicted"] == rows["label"]).to_numpy(bool)
    # The few wrong ones are drawn last, above the others.
    words = sentence_case(verdict(True)), sentence_case(verdict(False))
    masks = ((words[0], right, 0, "circle"), (words[1], known & ~right, 1, "x"))
    groups = [
        Group(name, np.flatnonzero(mask), palette.look(place, dark)[0], mark) for name, mask, place, mark in masks
    ]
    if not known.all():
        groups.insert(0, Group(_("No prediction"), np.flatnonzero(~known), palette.grey(dark), "circle"))
    return Colours(tuple(groups))


def _by_name(
    column: pd.Series, names: list[str], rest: str, dark: bool, words: Mapping[str, str] | None = None
) -> Colours:
    """Return a group for each name that occurs, with the look of its place among all names; the others are grey."""
    members: dict[str, NDArray[np.intp]] = {
        str(name): np.asarray(index) for name, index in column.groupby(column, sort=False).indices.items()
    }
    own = names[: palette.MOST_GROUPS]
    others = [rows for name, rows in members.items() if name not in own]
    groups = []
    if others:
        groups.append(Group(rest, np.sort(np.concatenate(others)), palette.grey(dark), "circle"))
    for place, name in enumerate(own):
        if name in members:
            groups.append(Group((words or {}).get(name, name), members[name], *palette.look(place, dark)))
    left = len(members.keys() - set(own) - {_NONE})
    sentence = n_(
        "{n} smaller group is drawn grey.",
        "{n} smaller groups are drawn grey.",
        left,
    )
    return Colours(tuple(groups), note=sentence.format(n=f"{left:,}") if left else "")


def _tags(rows: pd.DataFrame, dark: bool) -> Colours:
    marks = tag_editor.readable_on_rows(rows)
    # Of several tags the first counts; a gallery tile shows all.
    first = {sample: tags[0] for sample, tags in zip(marks.index, marks["tags"]) if tags}
    column = rows["id"].map(first).astype(object).fillna(_NONE)
    names = [name for name in tag_editor.names() if name in set(first.values())]
    words = {name: tag_editor.tag_name(name) for name in names}
    note = "" if names else _("No image on this map has a tag yet.")
    found = _by_name(column, names, _("No tag"), dark, words)
    return Colours(found.groups, note=note or found.note)


def _duplicates(rows: pd.DataFrame, dark: bool) -> Colours:
    name, health = current.dataset_name(), None
    with unreadable.item("data set", name):
        health = health_checks.kept(workspace.dataset(name))
    column = pd.Series(_NONE, index=rows.index)
    if health is not None:
        group = rows["id"].map(dict(zip(health.images["id"], health.images["group"]))).fillna(-1).astype(int)
        size = group.map(group[group >= 0].value_counts()).fillna(0)
        column = column.where(size < 2, group.astype(str))
    counts = column[column != _NONE].value_counts()
    words = {
        key: n_("Group {number}: {n} image", "Group {number}: {n} images", int(n)).format(number=place, n=n)
        for place, (key, n) in enumerate(counts.items(), 1)
    }
    found = _by_name(column, counts.index.tolist(), _("No near-duplicate"), dark, words)
    if health is None:
        return Colours(found.groups, note=_("Near-duplicates are not known yet: check the images on page Data."))
    return Colours(found.groups, note=found.note if words else _("No image on this map has a near-duplicate."))


def _disagreement(rows: pd.DataFrame, splits: tuple[str, ...], dark: bool) -> Colours:
    tables = [
        table
        for split in splits
        for table in evaluations.on(current.dataset_name(), split).values()
        if current.evaluation(table) is not None
    ]
    stamps = tuple((table.name, evaluations.stamp(table)) for table in tables)
    kinds = _agreement(stamps, _tables=tables)
    column = rows["id"].map(kinds).fillna(_NONE)
    words = translated(_AGREEMENT)
    found = _by_name(column, list(words), _("Not predicted by two models"), dark, words)
    note = "" if kinds else _("Fewer than two models were evaluated on these images.")
    return Colours(found.groups, note=note)


@st.cache_resource(max_entries=8, show_spinner=False)
def _agreement(stamps: tuple, *, _tables: list[evaluations.Table]) -> dict[str, str]:
    """Return by id how the models evaluated on a split agree on an image."""
    found: dict[str, str] = {}
    for split in dict.fromkeys(table.split for table in _tables):
        here = {table.model: evaluations.load(table) for table in _tables if table.split == split}
        if len(here) < 2:
            continue
        joined = join(here)
        predicted = joined.table[[f"predicted:{name}" for name in joined.names]].to_numpy()
        same = (predicted == predicted[:, :1]).all(axis=1)
        kind = np.where(~same, "different", np.where(joined.right[:, 0], "right", "wrong"))
        found |= dict(zip(joined.table["id"], kind.tolist()))
    return found
