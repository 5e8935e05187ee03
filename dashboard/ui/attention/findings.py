"""What a test set says to the claim about one part, and what stands out class by class."""

import pandas as pd
import streamlit as st

from carvis.explain.attention import Attention, claim
from ui.attention import controls, verdicts
from ui.state import selection
from ui.state.i18n import _
from ui.state.widget_values import careful
from ui.widgets.text import plain

_ICONS = {"both": "warning", "need": "push_pin", "attention": "visibility"}
_SENTENCES = 2


def show(results: dict[str, Attention]) -> None:
    """Show what was found, in sentences."""
    parts = next(iter(results.values())).parts
    several = [name for name, result in results.items() if result.table["label"].nunique() > 1]
    with st.grid(2 if several else 1, min_column_width=360, gap="medium"):
        with st.container(border=True, height="stretch"):
            _claim(results, parts)
        if several:
            with st.container(border=True, height="stretch"):
                _unusual(results)


def _claim(results: dict[str, Attention], parts: tuple[str, ...]) -> None:
    part = controls.chosen_part(parts)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{_('Do the models judge by this part?')}**", width="content")
        selection.show("claim_part", part)
        take = selection.by_person("claim_part", _take_part)
        st.selectbox(
            _("Part"), parts, key="claim_part", on_change=careful(take), label_visibility="collapsed", width=180
        )
    for name, result in results.items():
        st.markdown(verdicts.claim_sentence(name, claim(result, part)))
    if any(word in part.casefold() for word in verdicts.EMBLEMS):
        st.caption(_("The tutorial concluded from one picture that the best model judges by the emblem."))


def _take_part() -> None:
    selection.change(part=st.session_state["claim_part"])


def _unusual(results: dict[str, Attention]) -> None:
    st.markdown(f"**{_('What stands out')}**")
    tables = {name: result.unusual() for name, result in results.items()}
    more = False
    for name, table in tables.items():
        sentences = verdicts.standing_out_sentences(name, table)
        for what, sentence in sentences[:_SENTENCES]:
            st.markdown(f":material/{_ICONS[what]}: {sentence}")
        if not sentences:
            words = _("{model} uses no part for one class that it does not use for the others.")
            st.markdown(f":material/check: {words.format(model=plain(name))}")
        more |= len(sentences) > _SENTENCES
    if more:
        with st.expander(_("All that stands out"), type="compact"):
            _table_of_unusual(pd.concat([table.assign(model=name) for name, table in tables.items()]))


def _table_of_unusual(rows: pd.DataFrame) -> None:
    columns = {
        "model": _("Model"),
        "label": _("Class"),
        "part": _("Part"),
        "share": _("Share of the map"),
        "others share": _("Share of the map, other classes"),
        "fall": _("Fall when covered"),
        "others fall": _("Fall, other classes"),
    }
    shown = rows[list(columns)].copy()
    for name in columns:
        if "share" in name:
            shown[name] = shown[name].map(verdicts.share)
        elif "fall" in name:
            shown[name] = shown[name].map(verdicts.number)
    st.dataframe(shown.rename(columns=columns), hide_index=True, alt=_("Classes and parts that stand out, by model"))
