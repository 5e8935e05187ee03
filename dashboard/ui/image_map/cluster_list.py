"""The map for keyboard and screen reader: its clusters with their sizes, and each one's images at a choice."""

import pandas as pd
import streamlit as st

from carvis.feature_space.feature_clusters import cluster_words
from ui.image_map.chosen import cluster_number
from ui.image_map.groups import cluster_name
from ui.image_map.layouts import Plane
from ui.image_map.selection import ImageMapSelection
from ui.state import selection
from ui.state.i18n import _, n_, of_library, shown_as
from ui.widgets.text import percent

_NUMBER = "number"


def summary(rows: pd.DataFrame, plane: Plane) -> pd.DataFrame:
    """Return a row a cluster: number (the first is 1), n, label (the most frequent true class), share, accuracy.

    The accuracy is that of the images with a prediction, NaN where none has one.

    Args:
        rows: as ``spaces.rows`` returns them.
        plane: the same images in the plane.
    """
    drawn = rows.iloc[plane.space.drawn].assign(cluster=plane.clusters)
    found = []
    for place, part in drawn[drawn["cluster"] >= 0].groupby("cluster"):
        counts = part["label"].value_counts()
        known = part[part["predicted"].notna()]
        accuracy = float((known["label"] == known["predicted"]).mean()) if len(known) else float("nan")
        found.append((int(place) + 1, len(part), str(counts.index[0]), float(counts.iloc[0] / len(part)), accuracy))
    return pd.DataFrame(found, columns=[_NUMBER, "n", "label", "share", "accuracy"])


@st.cache_resource(max_entries=16, show_spinner=False)
def _summary_once(key: str, space_key: str, *, _rows: pd.DataFrame, _plane: Plane) -> pd.DataFrame:
    return summary(_rows, _plane)


def _known(rows: pd.DataFrame, plane: Plane) -> pd.DataFrame:
    return _summary_once(rows.attrs["key"], plane.space.key, _rows=rows, _plane=plane)


def show(rows: pd.DataFrame, plane: Plane) -> None:
    """Offer the clusters by name and size."""
    table = _known(rows, plane)
    if table.empty:
        st.caption(_("The images form no clusters."))
        return
    chosen = selection.get(ImageMapSelection).cluster
    words = {str(row.number): _in_words(row.number, row.n, row.label, row.share) for row in table.itertuples()}
    value = str(cluster_number(chosen) + 1) if chosen else None
    st.selectbox(
        _("Cluster"),
        list(words),
        index=None,
        placeholder=n_("{n} cluster", "{n} clusters", len(table)).format(n=f"{len(table):,}"),
        format_func=shown_as(words),
        help=_("Chooses a cluster's images without the mouse."),
        **selection.control("cluster", value if value in words else None),
    )


def show_table(rows: pd.DataFrame, plane: Plane) -> None:
    """List the clusters with their sizes, their most frequent class and their accuracy."""
    table = _known(rows, plane)
    outside = int((plane.clusters < 0).sum())
    if table.empty:
        return
    with st.expander(_("Clusters as a list"), type="compact", key="cluster_list"):
        shown = pd.DataFrame(
            {
                _("Cluster"): [cluster_name(number - 1) for number in table[_NUMBER]],
                _("Images"): table["n"],
                _("Most frequent class"): table["label"],
                _("Share"): [percent(value) for value in table["share"]],
                _("Accuracy"): [percent(value) for value in table["accuracy"]],
            }
        )
        st.dataframe(shown, hide_index=True)
        if outside:
            st.caption(
                n_("{n} image is in no cluster.", "{n} images are in no cluster.", outside).format(n=f"{outside:,}")
            )


def _in_words(number: int, n: int, label: str, share: float) -> str:
    return f"{cluster_name(number - 1)}: {of_library(cluster_words(n, label, share))}"
