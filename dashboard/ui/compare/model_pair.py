"""From one model to another: what it fixes and breaks, and the gap class by class."""

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
    found, chosen = compared.found, selection.get(CompareSelection)
    names = found.names
    # Names stand worst first, so the step is one that should mend things.
    first = chosen.first if chosen.first in names else names[-2]
    others = [name for name in names if name != first]
    second = chosen.second if chosen.second in others else next(n for n in reversed(names) if n != first)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(_("From"), names, width=240, **selection.control("first", first))
        st.selectbox(_("To"), others, width=240, **selection.control("second", second))
        changes = {"fixed": found.fixed(first, second), "broken": found.broken(first, second)}
        words = {
            "fixed": _("Fixed: {n}").format(n=f"{len(changes['fixed']):,}"),
            "broken": _("Broken: {n}").format(n=f"{len(changes['broken']):,}"),
        }
        st.segmented_control(
            _("Open the pictures"),
            list(words),
            format_func=shown_as(words),
            help=_("Fixed: the first model is wrong and the second right. Broken: the other way round."),
            **selection.control("change", chosen.change or None),
        )
    if chosen.change:
        title = _("Fixed by {second}") if chosen.change == "fixed" else _("Broken by {second}")
        images.show(changes[chosen.change], found, title.format(second=second))
    table = comparison.by_class(compared, first, second)
    note = _("accuracy of {second} minus that of {first}; line: 95 % range")
    note = note.format(first=plain(first), second=plain(second))
    st.markdown(f"**{_('The gap by class')}**  \n:gray[{note}]")
    charts.class_gap(table, first, second)
    with st.expander(_("The same as a table"), type="compact"):
        _class_table(table, first, second)


def _class_table(table: pd.DataFrame, first: str, second: str) -> None:
    rows = table.sort_values("difference", ascending=False, kind="stable").reset_index()
    shown = pd.DataFrame(
        {
            _("Class"): rows["class"],
            _("Pictures"): rows["n"],
            first: [percent(value) for value in rows["first"]],
            second: [percent(value) for value in rows["second"]],
            _("Only the first"): rows["only_first"],
            _("Only the second"): rows["only_second"],
            _("Difference"): [f"{value:+.1%}" for value in rows["difference"]],
            _("Range (95 %)"): [f"{low:+.1%} – {high:+.1%}" for low, high in zip(rows["low"], rows["high"])],
        }
    )
    st.dataframe(shown, hide_index=True)
    st.caption(
        _(
            "Among many classes, some gaps look certain by chance. Where two models are right on the same pictures of "
            "a class, the bootstrap sees no spread, however few the pictures are."
        )
    )
