"""How many images each class has, and all images of a chosen one."""

import altair as alt
import pandas as pd
import streamlit as st

from carvis.dataset import Dataset
from ui.data_health import tiles
from ui.data_health.selection import DataHealthSelection
from ui.state import current, selection
from ui.state.i18n import _, n_
from ui.widgets.chart import cached_chart
from ui.widgets.paging import choose_page, on_page
from ui.widgets.text import SPLIT

_COLOURS = {"train": "#31688e", "valid": "#35b779", "test": "#e0a100"}


def show(dataset: Dataset) -> None:
    """Show how many images each class has, and all images of a chosen one, a page at a time."""
    counts = dataset.counts()
    st.vega_lite_chart(_counts(counts.reset_index()), alt=_counts_words(counts))
    tiles.save(_("Download the counts"), counts.reset_index(), f"{dataset.name}-counts.csv")
    split = current.split()
    names = counts.index.tolist()
    chosen = selection.get(DataHealthSelection).true
    name = chosen if chosen in names else names[0]
    st.selectbox(_("Images of class"), names, width=320, **selection.control("true", name))
    rows = dataset.samples(split)
    rows = rows[rows["label"] == name]
    if rows.empty:
        st.info(_("This class has no images in this split."), icon=":material/filter_alt_off:")
        return
    st.caption(
        n_("{n} {split} image", "{n} {split} images", len(rows)).format(n=f"{len(rows):,}", split=_(SPLIT[split]))
    )
    tiles.sheet(on_page(rows, tiles.SHEET))
    choose_page(len(rows), tiles.SHEET)


@cached_chart
def _counts(table: pd.DataFrame) -> alt.Chart:
    counts = table.set_index("class")
    long = table.melt("class", var_name="split", value_name="images")
    names = [_(SPLIT[split]) for split in counts.columns]
    long["split"] = long["split"].map(lambda split: _(SPLIT[split]))
    order = counts.sum(axis=1).sort_values(ascending=False).index.tolist()
    colour = alt.Color(
        "split:N",
        sort=names,
        title=None,
        scale=alt.Scale(domain=names, range=[_COLOURS[split] for split in counts.columns]),
        legend=alt.Legend(orient="top"),
    )
    axis = alt.Axis(labelLimit=180, labelOverlap=False, labelFlush=False)
    return (
        alt.Chart(long)
        .mark_bar()
        .encode(
            y=alt.Y("class:N", sort=order, title=None, axis=axis),
            x=alt.X("images:Q", title=_("Images"), axis=alt.Axis(format="d", tickMinStep=1)),
            color=colour,
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("class:N", title=_("Class")),
                alt.Tooltip("split:N", title=_("Split")),
                alt.Tooltip("images:Q", title=_("Images")),
            ],
        )
        .transform_calculate(rank=f"indexof({names!r}, datum.split)")
        .properties(height=alt.Step(20))
    )


def _counts_words(counts: pd.DataFrame) -> str:
    total = counts.sum(axis=1)
    return _("Images per class: from {low} ({least}) to {high} ({most})").format(
        low=int(total.min()), least=total.idxmin(), high=int(total.max()), most=total.idxmax()
    )
