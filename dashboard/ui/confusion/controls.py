"""The controls of page Confusion matrix: the models, the cell values, the classes and their order."""

from collections.abc import Mapping
from typing import Literal, TypeVar

import streamlit as st

from carvis.evaluation.confusion.choices import Cells, ClassOrder
from ui.confusion import matrices
from ui.confusion.selection import ConfusionSelection
from ui.state import evaluations, selection
from ui.state.i18n import N_, _, shown_as, translated
from ui.state.widget_values import careful
from ui.widgets import super_classes
from ui.widgets.pickers import segments
from ui.widgets.text import SPLIT, plain

K = TypeVar("K", bound=str)
CELLS: dict[Cells, str] = {
    "count": N_("Images"),
    "row": N_("Share of true class"),
    "column": N_("Share of predicted class"),
}
CELL_NOTES: dict[Cells, str] = {
    "count": N_("Each cell is a number of images."),
    "row": N_("Each cell is a percentage of its row (true class); the diagonal is the recall."),
    "column": N_("Each cell is a percentage of its column (predicted class); the diagonal is the precision."),
}
ARRANGE: dict[ClassOrder, str] = {"confused": N_("By confusion"), "name": N_("By name"), "super": N_("By super-class")}
LEVEL = {"class": N_("Classes"), "super": N_("Super-classes")}
TOP = {"": N_("Automatic"), "15": "15", "30": "30", "60": "60", "all": N_("All")}


def choose() -> tuple[str, str]:
    """Offer the models and the settings; return the keys of the chosen evaluations, the second empty for none."""
    now, offered = selection.get(ConfusionSelection), matrices.tables()
    first = matrices.first_table()
    beside = matrices.others(first)
    second = now.beside if now.beside in beside else ""
    names = {key: table.model if key in offered else _elsewhere(table) for key, table in (offered | beside).items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            _("Model"), list(offered), format_func=shown_as(names), width=190, **selection.control("table", first)
        )
        st.selectbox(
            _("Compare with"),
            list(beside),
            index=None,
            placeholder=_("None"),
            format_func=shown_as(names),
            width=190,
            help=_("Adds a second model's matrix and the difference of the two, on the images in both evaluations."),
            **selection.control("beside", second or None),
        )
        _select("cells", _("Cell values"), CELLS, 215)
        _select("arrange", _("Order"), ARRANGE, 180)
        _settings()
    return first, second


def _elsewhere(table: evaluations.Table) -> str:
    return f"{table.model} · {table.data} · {_(SPLIT[table.split])}"


def _select(field: str, label: str, labels: Mapping[K, str], width: int | Literal["stretch"] = "stretch") -> None:
    options, value = list(labels), getattr(selection.get(ConfusionSelection), field)
    st.selectbox(
        label,
        options,
        options.index(value),
        format_func=shown_as(translated(labels)),
        width=width,
        **selection.control(field, value),
    )


def _settings() -> None:
    now = selection.get(ConfusionSelection)
    with st.popover(_("Settings"), icon=":material/tune:"):
        # A closed window's widgets come to life when it is opened: they need their start values in every run.
        segments("level", _("Show"), LEVEL, now.level)
        st.toggle(
            _("Hide the diagonal (correct predictions)"),
            now.diagonal == "hide",
            **selection.control("diagonal", now.diagonal == "hide", lambda on: "hide" if on else "show"),
        )
        st.toggle(
            _("Logarithmic colour scale"),
            now.axis == "log",
            help=_("Keeps counts such as 1 and 2 distinguishable next to hundreds on the diagonal."),
            **selection.control("axis", now.axis == "log", lambda on: "log" if on else "linear"),
        )
        _select("top", _("Classes to show, most confused first"), TOP)
        super_classes.choose_file()


def drilled(view: matrices.View) -> None:
    """Say which of the classes are drawn, and offer the others."""
    now, n = selection.get(ConfusionSelection), len(view.order)
    inside = now.level == "class" and bool(set(now.within) & set(view.groups.values()))
    with st.container(horizontal=True, vertical_alignment="center"):
        notes = [_(CELL_NOTES[now.cells])]
        if inside:
            names = ", ".join(f"**{plain(name)}**" for name in now.within)
            notes.append(_("Only the classes of {names} are shown.").format(names=names))
        if n < view.of_classes:
            sentence = _("The {n} most confused of {all} classes are shown.")
            notes.append(sentence.format(n=n, all=view.of_classes))
        if n < len(view.names):
            notes.append(_("Predictions of other classes are not shown but count in the shares."))
        st.caption(" ".join(notes), width="content")
        if inside:
            st.button(
                _("All classes"),
                icon=":material/close:",
                type="tertiary",
                key="all_classes",
                on_click=careful(selection.change),
                kwargs={"within": ()},
            )
        if n < view.of_classes or (now.top == "all" and n > matrices.ALL_UP_TO):
            every = n < view.of_classes
            st.button(
                _("Show all") if every else _("Show the most confused"),
                icon=":material/grid_on:" if every else ":material/filter_center_focus:",
                type="tertiary",
                key="draw_all",
                on_click=careful(selection.change),
                kwargs={"top": "all" if every else ""},
            )
