"""The images of one class and part, with links to their heatmaps."""

import pandas as pd
import streamlit as st

from carvis.dataset import Dataset
from carvis.explain.attention import Attention, difference
from ui.attention.numbers import share
from ui.state import selection
from ui.state.i18n import _
from ui.state.thumbnails import thumbnails
from ui.widgets.text import mark, percent, plain

_SHOWN = 12


def choose(result: Attention, label: str | None, part: str) -> None:
    """Offer the class and the part by keyboard, beside the chart that offers them by mouse."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        labels = sorted(result.table["label"].unique())
        st.selectbox(
            _("Class"), labels, index=None, placeholder=_("All"), width=260, **selection.control("true", label)
        )
        st.selectbox(_("Part"), list(result.parts), width=220, **selection.control("part", part))


def show(result: Attention, dataset: Dataset, label: str | None, part: str) -> None:
    """Show the images of a class, or of all, in which a part matters most."""
    table = result.table[result.table[f"area:{part}"] > 0]
    if label:
        table = table[table["label"] == label]
    by = "fall" if result.occluded else "share"
    table = table.sort_values([f"{by}:{part}", "id"], ascending=[False, True], na_position="last").head(_SHOWN)
    if table.empty:
        st.caption(_("No image shows this part."))
        return
    paths = dict(zip(*(dataset.samples(result.setup["split"])[name] for name in ("id", "path"))))
    st.page_link(
        "app_pages/heatmaps.py",
        label=_("Show the heatmaps of the first {n}").format(n=min(4, len(table))),
        icon=":material/blur_on:",
        query_params=selection.link(sample=tuple(table["id"].head(4))),
    )
    images = thumbnails([paths.get(sample) for sample in table["id"]])
    with st.grid("auto", min_column_width=168, gap="small"):
        for (_index, row), image in zip(table.iterrows(), images, strict=True):
            with st.container(border=True, height="stretch", gap="xsmall"):
                _tile(row, image, part, result.occluded)


def _tile(row: pd.Series, image: bytes | str, part: str, occluded: bool) -> None:
    if isinstance(image, bytes):
        st.image(
            image, width="stretch", alt=_("Label {label}, predicted {predicted}").format(**row[["label", "predicted"]])
        )
    else:
        st.caption(f":material/broken_image: {plain(image)}")
    st.markdown(f"{mark(bool(row['right']))} **{plain(row['predicted'])}** {percent(row['confidence'])}")
    sentences = [_("{share} of the evidence").format(share=share(row[f"share:{part}"]))]
    if occluded:
        sentences.append(_("fall {fall}").format(fall=difference(row[f"fall:{part}"])))
        if row[f"changed:{part}"] == 1:
            sentences.append(_("the prediction changes"))
    st.caption(" · ".join(sentences))
    st.page_link(
        "app_pages/heatmaps.py",
        label=_("Heatmaps"),
        icon=":material/blur_on:",
        query_params=selection.link(sample=(row["id"],)),
    )
