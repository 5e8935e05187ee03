"""What a split shows about the claim of one part, and what stands out class by class."""

import pandas as pd
import streamlit as st

from carvis.explain.attention import Attention, claim, claim_finding, difference, names_an_emblem, outlier_findings
from ui.attention import controls
from ui.attention.numbers import share
from ui.state import selection
from ui.state.i18n import _
from ui.state.widget_values import careful
from ui.widgets.text import marked_up, plain

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
                _outliers(results)


def _claim(results: dict[str, Attention], parts: tuple[str, ...]) -> None:
    part = controls.chosen_part(parts)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{_('Do the models rely on this part?')}**", width="content")
        selection.show("claim_part", part)
        on_part = selection.by_person("claim_part", _take_part)
        st.selectbox(
            _("Part"), parts, key="claim_part", on_change=careful(on_part), label_visibility="collapsed", width=180
        )
    for name, result in results.items():
        st.markdown(marked_up(claim_finding(name, claim(result, part)), "model", "part", "rival"))
    if names_an_emblem(part):
        st.caption(_("The tutorial concludes from a single image that the best model relies on the emblem."))


def _take_part() -> None:
    selection.change(part=st.session_state["claim_part"])


def _outliers(results: dict[str, Attention]) -> None:
    st.markdown(f"**{_('What stands out')}**")
    tables = {name: result.outliers() for name, result in results.items()}
    truncated = False
    for name, table in tables.items():
        findings = outlier_findings(name, table)
        for finding in findings[:_SENTENCES]:
            sentence = marked_up(finding.message, "labels", "part")
            st.markdown(f":material/{_ICONS[finding.kind]}: {sentence}")
        if not findings:
            sentence = _("{model} relies on no part for a single class only.")
            st.markdown(f":material/check: {sentence.format(model=plain(name))}")
        truncated |= len(findings) > _SENTENCES
    if truncated:
        with st.expander(_("All outliers"), type="compact"):
            _table_of_outliers(pd.concat([table.assign(model=name) for name, table in tables.items()]))


def _table_of_outliers(rows: pd.DataFrame) -> None:
    columns = {
        "model": _("Model"),
        "label": _("Class"),
        "part": _("Part"),
        "share": _("Share of the evidence"),
        "others share": _("Share of the evidence, other classes"),
        "fall": _("Fall when occluded"),
        "others fall": _("Fall, other classes"),
    }
    table = rows[list(columns)].copy()
    for name in columns:
        if "share" in name:
            table[name] = table[name].map(share)
        elif "fall" in name:
            table[name] = table[name].map(difference)
    st.dataframe(table.rename(columns=columns), hide_index=True, alt=_("Classes and parts that stand out, by model"))
