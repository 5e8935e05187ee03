"""Comparison of the models' heatmaps of one image: similarity, difference and evidence swap."""

import contextlib
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from carvis.explain.agreement.similarity import compare_maps, density_difference
from carvis.images import DIVERGING, colorize, encode_image, overlay_difference
from carvis.tables import to_csv
from carvis.workspace import content_hash
from ui.heatmaps import faithfulness
from ui.heatmaps.heatmap_row import HeatmapRow
from ui.state.i18n import _
from ui.state.models import Opened
from ui.widgets.download import download
from ui.widgets.text import percent, plain

_SWAPS = 100


def show(row: HeatmapRow, opened: dict[str, Opened]) -> None:
    """Offer the comparison below a row with heatmaps of two or more models; nothing is computed until it is opened."""
    if len(row.heatmaps) < 2:
        return
    box = st.expander(
        _("Compare these heatmaps"),
        icon=":material/compare:",
        key=f"compare_{row.number}",
        on_change="rerun",
        type="compact",
    )
    if not box.open:
        return
    with box:
        similarity = compare_maps(row.heatmaps)
        left, right = st.columns([3, 2], gap="large")
        with left:
            _measures(similarity)
            swap = _swap(row, opened)
        with right:
            _difference(row, similarity)
        _downloads(row, swap)


def _measures(similarity: pd.DataFrame) -> None:
    # Adding zero takes the sign off a rounded -0.00.
    shown = similarity.assign(
        top_overlap=100 * similarity["top_overlap"], rank_correlation=similarity["rank_correlation"].round(2) + 0.0
    )
    numbers = st.column_config.NumberColumn
    st.dataframe(
        shown,
        hide_index=True,
        height="content",
        column_config={
            "first": st.column_config.TextColumn(_("Model")),
            "second": st.column_config.TextColumn(_("Other model")),
            "rank_correlation": numbers(
                _("Rank correlation"),
                format="%.2f",
                help=_("1: both rank the positions alike. 0: unrelated."),
            ),
            "top_overlap": numbers(
                _("Overlap of the top 20 %"),
                format="%.0f %%",
                help=_("Share of the positions with the strongest evidence that both have in common; 20 % by chance."),
            ),
            "distance": numbers(
                _("Distance"),
                format="%.2f",
                help=_(
                    "Earth mover's distance: how far the evidence must move to turn one heatmap into the "
                    "other, in units of the image's side."
                ),
            ),
        },
        alt=_("Similarity of the models' heatmaps, pair by pair"),
    )
    if similarity["distance"].isna().any():
        st.caption(_("A heatmap without evidence cannot be compared."))


def _difference(row: HeatmapRow, similarity: pd.DataFrame) -> None:
    pairs = list(zip(similarity["first"], similarity["second"]))
    first, second = st.selectbox(
        _("Difference"),
        pairs,
        format_func=lambda pair: f"{pair[0]} − {pair[1]}",
        key=f"difference_{row.number}",
    )
    difference = density_difference(row.heatmaps[first], row.heatmaps[second])
    overlaid = overlay_difference(row.image, difference, float(np.abs(difference).max()))
    alt = _("Red: more of the evidence of {one}; blue: more of {other}")
    st.image(encode_image(overlaid), width=360, alt=alt.format(one=first, other=second))
    scale = np.repeat(colorize(np.linspace(0, 1, 360)[None], DIVERGING), 10, axis=0)
    st.image(encode_image(scale, "PNG"), width=360, alt=_("Colour scale of the difference"))
    with st.container(horizontal=True, horizontal_alignment="distribute", width=360):
        st.caption(_("more for {model}").format(model=plain(second)), width="content")
        st.caption(_("more for {model}").format(model=plain(first)), width="content")


def _swap(row: HeatmapRow, opened: dict[str, Opened]) -> pd.DataFrame | None:
    enabled = st.toggle(
        _("Evidence swap: does one model need what another looks at?"),
        key=f"swap_{row.number}",
        help=_("Takes a few seconds: {n} forward passes.").format(n=32 * len(row.heatmaps) ** 2),
    )
    if not enabled:
        return None
    key = content_hash([faithfulness.key_of(row, opened[name]) for name in row.heatmaps])
    with st.spinner(_("Deleting the image in the order of each heatmap …")):
        swap = _swapped(key, tuple(row.heatmaps), _row=row, _opened=opened)
    st.caption(
        _(
            "Rows: whose heatmap sets the order in which the image is deleted. Columns: how much confidence "
            "each model loses. A model that loses as much by another's heatmap as by its own needs the same "
            "positions."
        )
    )
    st.table(
        swap.rename_axis(index=None, columns=None).rename(index=plain, columns=plain).map(percent),
        border="horizontal",
        alt=_("Confidence that each model loses when the image is deleted in the order of each model's heatmap"),
    )
    return swap


@st.cache_resource(max_entries=_SWAPS, show_spinner=False)
def _swapped(key: str, names: tuple[str, ...], *, _row: HeatmapRow, _opened: dict) -> pd.DataFrame:
    from carvis.explain import evidence_swap

    with contextlib.ExitStack() as locks:
        # Always in the same order, or two sessions could wait for each other.
        for name in sorted(names):
            locks.enter_context(_opened[name].lock)
        models = {name: _opened[name].classifier for name in names}
        return evidence_swap(models, _row.sample.source, _row.heatmaps)


def _downloads(row: HeatmapRow, swap: pd.DataFrame | None) -> None:
    stem = Path(row.sample.name).stem
    with st.container(horizontal=True, gap="xsmall"):
        download(
            _("Figure"),
            lambda: _figure(row, swap),
            file_name=f"{stem}-comparison.png",
            key=f"comparison_figure_{row.number}",
        )
        download(
            _("Numbers"),
            lambda: to_csv(compare_maps(row.heatmaps, swap)),
            file_name=f"{stem}-comparison.csv",
            key=f"comparison_numbers_{row.number}",
        )


def _figure(row: HeatmapRow, swap: pd.DataFrame | None) -> bytes:
    from carvis.figures import figure_bytes, map_differences

    return figure_bytes(map_differences(row.large(), row.heatmaps, swap))
