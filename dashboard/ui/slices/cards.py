"""The confirmed slices, each with its figures, the models compared on it, and links to its images."""

import pandas as pd
import streamlit as st

from carvis.subgroups import Slice, Slices
from ui.slices import controls
from ui.state import selection
from ui.state.i18n import _, of_library
from ui.state.widget_values import careful
from ui.widgets.text import percent, plain


def show(found: Slices, compared: pd.DataFrame | None) -> None:
    """List the slices, the largest loss first.

    Args:
        found: the slices.
        compared: as ``Slices.compare`` returns it, None where there is no other model.
    """
    for place, one in enumerate(found.slices):
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**{plain(of_library(one.sentence))}**")
            _figures(one)
            if compared is not None:
                _models(compared[compared["slice"] == one.sentence])
            if place != controls.chosen(found):
                st.button(
                    _("Show its images"),
                    icon=":material/photo_library:",
                    key=f"show_slice_{place}",
                    on_click=careful(selection.change),
                    kwargs={"slice": place + 1},
                )


def _figures(one: Slice) -> None:
    interval = f"{100 * one.low:.0f} – {100 * one.high:.0f} %"
    with st.container(horizontal=True, gap="medium"):
        for label, value in (
            (_("Images"), f"{one.n:,}"),
            (_("Accuracy"), percent(one.accuracy)),
            (_("95 % CI"), interval),
            (_("The rest"), percent(one.rest)),
        ):
            st.metric(label, value, width="content")
    st.caption(plain(of_library(one.evidence)))


def _models(rows: pd.DataFrame) -> None:
    """Compare the models on one slice: a sentence a model, and the numbers."""
    for finding in rows["finding"].iloc[1:]:
        st.markdown(f":material/balance: {plain(of_library(finding))}")
    with st.expander(_("The models on this slice"), type="compact"):
        numbers = [
            {
                _("Model"): row["model"],
                _("Accuracy"): percent(row["accuracy"]),
                _("95 % CI"): f"{100 * row['low']:.0f} – {100 * row['high']:.0f} %",
                _("The rest"): percent(row["rest"]),
                _("Loss, points"): f"{100 * row['loss']:.0f}",
                _("p of the difference"): _p(row["p_loss"]),
                _("Only the first right"): _count(row["only_first"]),
                _("Only this one right"): _count(row["only_this"]),
                _("McNemar p"): _p(row["p_here"]),
            }
            for row in rows.to_dict("records")
        ]
        st.dataframe(pd.DataFrame(numbers), hide_index=True, alt=_("The models on this slice"))


def _p(value: float) -> str:
    return "–" if value != value else f"{value:.2g}"


def _count(value: float) -> str:
    return "–" if value != value else f"{value:,.0f}"
