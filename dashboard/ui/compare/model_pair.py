"""From one model to another: the images fixed and broken, and the gap class by class."""

import pandas as pd
import streamlit as st

from ui.compare import charts, comparison, images
from ui.compare.comparison import Compared
from ui.compare.selection import CompareSelection
from ui.state import selection
from ui.state.i18n import _, shown_as
from ui.widgets.text import percent, plain


def show(compared: Compared) -> None:
    """Show what changes from one model to another."""
    result, chosen = compared.result, selection.get(CompareSelection)
    names = result.names
    # Names are sorted worst first, so the second should be the better one.
    first = chosen.first if chosen.first in names else names[-2]
    others = [name for name in names if name != first]
    second = chosen.second if chosen.second in others else next(n for n in reversed(names) if n != first)
    with st.container(horizontal=True):
        st.selectbox(_("First model"), names, width=240, **selection.control("first", first))
        st.selectbox(_("Second model"), others, width=240, **selection.control("second", second))
        changes = {"fixed": result.fixed(first, second), "broken": result.broken(first, second)}
        labels = {
            "fixed": _("Fixed: {n}").format(n=f"{len(changes['fixed']):,}"),
            "broken": _("Broken: {n}").format(n=f"{len(changes['broken']):,}"),
        }
        st.segmented_control(
            _("Show the images"),
            list(labels),
            format_func=shown_as(labels),
            help=_("Fixed: the first model is wrong, the second right. Broken: the first is right, the second wrong."),
            **selection.control("change", chosen.change or None),
        )
    if chosen.change:
        title = _("Fixed by {second}") if chosen.change == "fixed" else _("Broken by {second}")
        images.show(changes[chosen.change], result, title.format(second=second))
    table = comparison.by_class(compared, first, second)
    note = _("accuracy of {second} minus accuracy of {first}; line: 95 % CI")
    note = note.format(first=plain(first), second=plain(second))
    st.markdown(f"**{_('Gap by class')}**  \n:gray[{note}]")
    charts.class_gap(table, first, second)
    with st.expander(_("Show as a table"), type="compact"):
        _class_table(table, first, second)


def _class_table(table: pd.DataFrame, first: str, second: str) -> None:
    rows = table.sort_values("difference", ascending=False, kind="stable").reset_index()
    shown = pd.DataFrame(
        {
            _("Class"): rows["class"],
            _("Images"): rows["n"],
            first: [percent(value) for value in rows["first"]],
            second: [percent(value) for value in rows["second"]],
            _("Only first right"): rows["only_first"],
            _("Only second right"): rows["only_second"],
            _("Difference"): [f"{value:+.1%}" for value in rows["difference"]],
            _("95 % CI"): [f"{low:+.1%} – {high:+.1%}" for low, high in zip(rows["low"], rows["high"])],
        }
    )
    st.dataframe(shown, hide_index=True)
    st.caption(
        _(
            "With many classes, some intervals exclude 0 by chance. Where both models are right on the same "
            "images of a class, the bootstrap interval has zero width, however few the images are."
        )
    )
