"""Which images of the table are chosen: by lasso, class, search, cluster or set, all of them together."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from ui.image_map import lasso
from ui.image_map.layouts import Plane
from ui.image_map.selection import ImageMapSelection
from ui.state import selection
from ui.state.i18n import _, n_
from ui.widgets import image_sets


@dataclass(frozen=True, eq=False)
class Chosen:
    """Which rows of the table are chosen, None where nobody chose any; and what about the choice does not apply."""

    rows: NDArray[np.bool_] | None
    notes: tuple[str, ...] = ()

    @property
    def some(self) -> bool:
        """Whether a choice was made and fits an image."""
        return self.rows is not None and bool(self.rows.any())


def images(rows: pd.DataFrame, plane: Plane, moved: tuple[str, ...]) -> Chosen:
    """Return the images that the selection and the lasso stand for.

    Args:
        rows: as ``spaces.rows`` returns them.
        plane: the same images in the plane.
        moved: ids of those that moved most between two models.
    """
    chosen = selection.get(ImageMapSelection)
    masks, notes = [], []
    if lassoed := lasso.ids(plane.space):
        masks.append(rows["id"].isin(lassoed).to_numpy())
    for value, column in ((chosen.true, "label"), (chosen.pred, "predicted")):
        if value:
            masks.append((rows[column] == value).to_numpy(bool))
            if not masks[-1].any():
                notes.append(_("The table has no class {name}.").format(name=value))
    if chosen.find.strip():
        masks.append(search(rows, chosen.find))
    if chosen.cluster:
        of_cluster = np.zeros(len(rows), bool)
        of_cluster[plane.space.drawn] = plane.clusters == cluster_number(chosen.cluster)
        masks.append(of_cluster)
    if chosen.image_set:
        mask, note = _of_set(rows, chosen.image_set)
        masks.append(mask)
        notes.append(note)
    if chosen.moved and moved:
        masks.append(rows["id"].isin(moved).to_numpy())
    return Chosen(np.logical_and.reduce(masks) if masks else None, tuple(filter(None, notes)))


def cluster_number(text: str) -> int:
    """Return a cluster's number from the link, where the first is 1; one that is no number is in no cluster."""
    return int(text) - 1 if text.isascii() and text.isdigit() and len(text) < 9 else -2


def search(rows: pd.DataFrame, text: str) -> NDArray[np.bool_]:
    """Return the rows whose id, label or prediction holds every word of a text, in any case."""
    lines = _searched(rows.attrs["key"], _rows=rows) if "key" in rows.attrs else _lines(rows)
    words = text.casefold().split()
    return np.fromiter((all(word in line for word in words) for line in lines), bool, len(rows))


def _lines(rows: pd.DataFrame) -> list[str]:
    where = rows["id"] + "\n" + rows["label"].fillna("") + "\n" + rows["predicted"].fillna("")
    return where.str.casefold().tolist()


@st.cache_resource(max_entries=6, show_spinner=False)
def _searched(key: str, *, _rows: pd.DataFrame) -> list[str]:
    return _lines(_rows)


def _of_set(rows: pd.DataFrame, name: str) -> tuple[NDArray[np.bool_], str]:
    ids = image_sets.ids_of(name)
    if ids is None:
        return np.zeros(len(rows), bool), _("There is no set {name} of this data set.").format(name=name)
    found = rows["id"].isin(ids).to_numpy()
    missing = len(ids) - int(found.sum())
    words = n_(
        "{n} image of the set is not on this map: it is in another split, or is gone.",
        "{n} images of the set are not on this map: they are in another split, or are gone.",
        missing,
    )
    return found, words.format(n=f"{missing:,}") if missing else ""
