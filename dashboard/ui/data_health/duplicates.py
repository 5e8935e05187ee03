"""Pairs of duplicates side by side, those of test and training images first."""

import os
from typing import Any

import pandas as pd
import streamlit as st

from carvis.dataset.health import Health
from ui.data_health import tiles
from ui.data_health.selection import DataHealthSelection
from ui.state import selection
from ui.state.i18n import N_, _, shown_as
from ui.state.thumbnails import thumbnails
from ui.widgets.paging import choose_page, on_page
from ui.widgets.pickers import segments
from ui.widgets.text import SPLIT, plain

PAIRS_PER_PAGE = 12
TWINS = {"all": N_("All"), "exact": N_("Exact"), "near": N_("Near")}


def _groups(health: Health) -> dict[str, tuple[str, pd.DataFrame]]:
    """Return the kinds of pairs in the data set, the worst first."""
    duplicates = health.copies
    names = {split: _(text) for split, text in SPLIT.items()}
    kinds: dict[str, tuple[str, pd.DataFrame]] = {}
    for a, b in health.crossing():
        rows = duplicates[(duplicates["split"] == a) & (duplicates["twin_split"] == b)]
        kinds[f"{a}-{b}"] = (_("{split}, also in {other}").format(split=names[a], other=names[b]), rows)
    kinds["labels"] = (_("Different labels"), duplicates[duplicates["label"] != duplicates["twin_label"]])
    for split in health.splits:
        rows = duplicates[(duplicates["split"] == split) & (duplicates["twin_split"] == split)]
        kinds[f"{split}-{split}"] = (_("Within {split}").format(split=names[split]), rows)
    return {key: (f"{label} ({len(rows):,})", rows) for key, (label, rows) in kinds.items() if len(rows)}


def show(health: Health) -> None:
    """Show pairs of duplicates side by side, those of test and training images first."""
    kinds = _groups(health)
    if not kinds:
        st.success(_("No duplicates found."), icon=":material/check_circle:")
        return
    chosen = selection.get(DataHealthSelection)
    kind = chosen.pairs if chosen.pairs in kinds else next(iter(kinds))
    with st.container(horizontal=True):
        labels = {key: label for key, (label, _rows) in kinds.items()}
        st.selectbox(
            _("Splits"), list(kinds), format_func=shown_as(labels), width=320, **selection.control("pairs", kind)
        )
        segments("twins", _("Kind"), TWINS, chosen.twins)
    rows = kinds[kind][1]
    if chosen.twins != "all":
        rows = rows[(rows["distance"] == 0) == (chosen.twins == "exact")]
    # The least similar pairs first: they are the most doubtful.
    rows = rows.sort_values("distance", ascending=False, kind="stable") if chosen.twins == "near" else rows
    if rows.empty:
        st.info(_("No duplicates of this kind."), icon=":material/filter_alt_off:")
    else:
        part = on_page(rows, PAIRS_PER_PAGE)
        _pairs(part)
        choose_page(len(rows), PAIRS_PER_PAGE)
    tiles.save(_("Download the duplicates"), health.copies, f"{health.name}-copies.csv")


def _pairs(rows: pd.DataFrame) -> None:
    small = thumbnails([*rows["path"], *rows["twin_path"]], 256)
    with st.grid("auto", min_column_width=300, gap="small"):
        for number, row in enumerate(rows.itertuples()):
            with st.container(border=True, height="stretch", gap="xsmall"):
                both = st.grid(2, min_column_width=100, gap="xsmall")
                for image, split, label, path in (
                    (small[number], row.split, row.label, row.path),
                    (small[number + len(rows)], row.twin_split, row.twin_label, row.twin_path),
                ):
                    with both.container(gap="xxsmall"):
                        tiles.tile(image, f"{label}, {_(SPLIT[split])}")
                        name = plain(os.path.basename(str(path)))
                        st.caption(f"**{_(SPLIT[split])}** · {plain(label)}  \n{name}")
                st.caption(_pair_caption(row))


def _pair_caption(row: Any) -> str:
    kind = (
        _("exact duplicate")
        if row.distance == 0
        else _("near-duplicate, difference {share}").format(share=f"{row.distance:.1%}")
    )
    if row.label != row.twin_label:
        return f":red[:material/label_off: {_('different label')}] · {kind}"
    return kind
