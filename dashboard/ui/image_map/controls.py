"""The controls of page Image map: which models and splits, the colouring, and which images by class or by search."""

import pandas as pd
import streamlit as st

from ui.image_map import lasso
from ui.image_map.groups import WORDS
from ui.image_map.selection import ImageMapSelection
from ui.state import current, selection
from ui.state.i18n import N_, _, n_, shown_as, translated
from ui.state.widget_values import careful
from ui.widgets.pickers import segments

SCOPES = {"split": N_("This split"), "all": N_("All splits")}
MOST_MODELS = 2
_LONGEST_SEARCH = 200


def choose_models(offered: list[str], models: list[str]) -> None:
    """Offer the models that were evaluated on the chosen images; one, or two side by side."""
    st.multiselect(
        _("Models"),
        list(dict.fromkeys([*offered, *models])),
        placeholder=_("Choose models"),
        max_selections=MOST_MODELS,
        help=_("Choose two to see their maps side by side."),
        width="stretch",
        wrap=True,
        **selection.control("model", models),
    )


def choose_scope() -> None:
    """Offer the chosen split, or all of them, where there are several."""
    if len(current.splits(current.dataset_name())) > 1:
        segments("scope", _("Images"), SCOPES, selection.get(ImageMapSelection).scope)


def choose_colouring() -> None:
    """Offer what the colours say."""
    st.selectbox(
        _("Colour"),
        list(WORDS),
        format_func=shown_as(translated(WORDS)),
        **selection.control("colour_by", selection.get(ImageMapSelection).colour_by),
    )


def choose_images(rows: pd.DataFrame) -> None:
    """Offer to choose images by class and by search."""
    chosen = selection.get(ImageMapSelection)
    for field, label, column in (("true", _("True class"), "label"), ("pred", _("Predicted class"), "predicted")):
        options = sorted(rows[column].dropna().unique())
        value = getattr(chosen, field)
        bound = selection.control(field, value if value in options else None)
        st.selectbox(label, options, index=None, placeholder=_("All"), **bound)
    st.text_input(
        _("Search"),
        max_chars=_LONGEST_SEARCH,
        placeholder=_("File name or class"),
        help=_("Covers all images, also those that are not drawn."),
        **selection.control("find", chosen.find, _searched),
    )


def _searched(text: str) -> str:
    return " ".join(text.split())


def say_chosen(n: int, total: int) -> None:
    """Say how many images are chosen, and offer to choose none."""
    with st.container(horizontal=True, vertical_alignment="center"):
        words = n_("**{n} of {total} images chosen**", "**{n} of {total} images chosen**", n)
        st.markdown(words.format(n=f"{n:,}", total=f"{total:,}"), width="content")
        st.button(
            _("Choose none"), icon=":material/close:", type="tertiary", key="choose_none", on_click=careful(clear)
        )


def clear() -> None:
    """Choose no images."""
    lasso.clear()
    selection.change(true="", pred="", find="", cluster="", image_set="", moved="", page=1, open="")
