"""Attention class by class: the chart, and the images behind one of its cells."""

import streamlit as st

from carvis.dataset import Dataset
from carvis.explain.attention import Attention
from ui.attention import charts, controls, images
from ui.attention.selection import AttentionSelection
from ui.state import selection
from ui.state.i18n import N_, _
from ui.widgets.pickers import segments

MEASURES = {"looks": N_("Looks at (share / area)"), "needs": N_("Needs (fall when occluded)")}
CLICK = N_(
    "Click a cell, or choose below, to see its images. With few images per class, small differences may be chance."
)


def show(results: dict[str, Attention], dataset: Dataset) -> None:
    """Show one model's attention by class, and the images of the chosen class and part."""
    st.subheader(_("By class"), anchor=False)
    chosen = selection.get(AttentionSelection)
    names = list(results)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(names) > 1:
            name = st.segmented_control(
                _("Model"), names, default=names[0], required=True, wrap=True, key="attention_model"
            )
            name = name if name in results else names[0]
        else:
            name = names[0]
        result = results[name]
        measure = chosen.measure if result.occluded else "looks"
        if result.occluded:
            segments("measure", _("Show"), MEASURES, measure, wrap=True)
    labels = set(result.table["label"])
    label = chosen.true if chosen.true in labels else None
    part = controls.chosen_part(result.parts)
    charts.by_class(result, measure, (label or "", part))
    st.caption(_(CLICK))
    images.choose(result, label, part)
    images.show(result, dataset, label, part)
