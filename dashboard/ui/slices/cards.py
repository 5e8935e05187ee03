"""The confirmed slices: each one's sentence, the models compared on it, and a button for its images."""

import pandas as pd
import streamlit as st

from carvis.subgroups import Slices
from ui.slices import controls
from ui.state import selection
from ui.state.i18n import _, of_library
from ui.state.widget_values import careful
from ui.widgets.text import percent, plain, sentence_case


def show(found: Slices, compared: pd.DataFrame | None) -> None:
    """List the slices, the largest loss first.

    Args:
        found: the slices.
        compared: as ``Slices.compare`` returns it, None where there is no other model.
    """
    for place, one in enumerate(found.slices):
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**{plain(sentence_case(of_library(one.sentence)))}**")
            st.caption(plain(of_library(one.evidence)))
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
