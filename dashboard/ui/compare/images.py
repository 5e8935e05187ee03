"""The images of a pattern or of a change between two models, a page at a time, with every model's prediction."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from carvis.evaluation import Comparison
from ui.compare import comparison
from ui.state import current, selection, workspace
from ui.state.i18n import _, n_
from ui.state.thumbnails import thumbnails
from ui.state.widget_values import careful
from ui.widgets.paging import choose_page, on_page
from ui.widgets.text import mark, percent, plain

PER_PAGE = 12
_AT_ONCE = 4


def show(rows: pd.DataFrame, result: Comparison, title: str) -> None:
    """Show some rows of a comparison's table, those first on which wrong models are most confident."""
    names = result.names
    with st.container(horizontal=True, vertical_alignment="center"):
        count = n_("{n} image", "{n} images", len(rows)).format(n=f"{len(rows):,}")
        st.markdown(f"**{plain(title)}** · {count}", width="content")
        if len(rows):
            part = on_page(_ordered(rows, names), PER_PAGE)
            st.page_link(
                "app_pages/heatmaps.py",
                label=_("Show the heatmaps of the first {n}").format(n=min(_AT_ONCE, len(part))),
                icon=":material/blur_on:",
                query_params=_link(part["id"].head(_AT_ONCE), names),
            )
        st.button(_("Close"), icon=":material/close:", type="tertiary", key="compare_close", on_click=careful(_close))
    if rows.empty:
        st.caption(_("No such images."))
        return
    small = thumbnails(comparison.paths(part["id"].tolist()))
    with st.grid("auto", min_column_width=190, gap="small"):
        for (_index, row), image in zip(part.iterrows(), small, strict=True):
            with st.container(border=True, height="stretch", gap="xsmall", key=f"compared_{row['id']}"):
                _tile(row, image, names)
    choose_page(len(rows), PER_PAGE)


def _close() -> None:
    selection.change(pattern="", change="", averaging="")


def _link(samples: Any, names: list[str]) -> dict:
    return selection.link(
        data=current.dataset_name(),
        split=current.split(),
        sample=tuple(samples),
        model=tuple(name for name in names if name in workspace.model_files()),
        explain="predicted",
        page=1,
    )


def _ordered(rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    right = rows[[f"right:{name}" for name in names]].to_numpy()
    confidence = rows[[f"confidence:{name}" for name in names]].to_numpy(float)
    # Where all are right, those first of which a model is least sure.
    strength = np.where(right, -1.0 - confidence.min(axis=1, keepdims=True), confidence).max(axis=1)
    order = np.lexsort([rows["id"].to_numpy(str), -strength])
    return rows.iloc[order]


def _tile(row: pd.Series, image: bytes | str, names: list[str]) -> None:
    if isinstance(image, bytes):
        st.image(image, width="stretch", alt=_("An image of {label}").format(label=row["label"]))
    else:
        st.caption(f":material/broken_image: {plain(image) or _('The image is missing')}")
    st.caption(_("true: {label}").format(label=plain(row["label"])))
    for name in names:
        predicted, confidence = plain(row[f"predicted:{name}"]), percent(row[f"confidence:{name}"])
        st.markdown(f"{mark(bool(row[f'right:{name}']))} {plain(name)}: **{predicted}** {confidence}")
    if "average" in row:
        predicted, confidence = plain(row["average"]), percent(row["average_confidence"])
        st.markdown(f"{mark(bool(row['average_right']))} {_('average')}: **{predicted}** {confidence}")
    st.page_link(
        "app_pages/heatmaps.py",
        label=_("Show its heatmaps"),
        icon=":material/blur_on:",
        query_params=_link([row["id"]], names),
    )
