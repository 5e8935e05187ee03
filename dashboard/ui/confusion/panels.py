"""One model's matrix with its name, its mistakes and its downloads; the difference of two."""

from __future__ import annotations

import streamlit as st

from carvis.evaluation import confusion_shares, left_out_messages
from carvis.evaluation.provenance import misclassified_note
from carvis.figures import confusion_matrix, figure_bytes
from carvis.tables import to_csv
from ui.confusion import matrices, matrix_chart
from ui.confusion.selection import ConfusionSelection
from ui.state import selection
from ui.state.i18n import _, of_library
from ui.widgets.download import download
from ui.widgets.text import plain

_NAMED = 8


def show(view: matrices.View, model: matrices.Model) -> None:
    """Show one model's matrix with its name, its mistakes and its downloads."""
    _head(model.name, of_library(misclassified_note(model.wrong, model.n)))
    matrix_chart.draw(view, model)
    if note := _undefined(view, model):
        st.caption(note)
    _downloads(view, model, None)


def _undefined(view: matrices.View, model: matrices.Model) -> str:
    """Name the drawn classes whose shares are undefined."""
    of = selection.get(ConfusionSelection).cells
    total = model.counts.sum(axis=1 if of == "row" else 0)
    names = [plain(name) for name in view.order if total[name] == 0]
    if of == "count" or not names:
        return ""
    listed = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
    sentence = (
        _("Shares undefined for classes without images: {names}.")
        if of == "row"
        else _("Shares undefined for classes that are never predicted: {names}.")
    )
    return sentence.format(names=listed)


def show_difference(view: matrices.View) -> None:
    """Show the difference of two models, or say why there is none."""
    first, second = view.models
    if view.no_pair is not None:
        st.info(plain(of_library(view.no_pair)), icon=":material/compare_arrows:")
    if view.pair is None:
        return
    legend = _("orange: {second} is higher; purple: {first} is higher")
    _head(_("Difference"), legend.format(first=first.name, second=second.name))
    matrix_chart.draw_difference(view)
    if left_out := view.pair.joined.left_out:
        st.caption(" ".join(of_library(message) for message in left_out_messages(left_out)))
    _downloads(view, second, first)


def _head(title: str, subtitle: str) -> None:
    st.markdown(f"**{plain(title)}**  \n:gray[{plain(subtitle)}]")


def _downloads(view: matrices.View, model: matrices.Model, minus: matrices.Model | None) -> None:
    now, of = selection.get(ConfusionSelection), selection.get(ConfusionSelection).cells
    name = model.table.model + (f"_minus_{minus.table.model}" if minus else "")

    def figure() -> bytes:
        return figure_bytes(
            confusion_matrix(
                model.counts,
                title=f"{model.name} − {minus.name}" if minus else model.name,
                of=of,
                order=view.order,
                diagonal=now.diagonal == "show",
                log=now.axis == "log",
                minus=minus.counts if minus else None,
            )
        )

    def numbers() -> str:
        values = model.counts - minus.counts if minus and of == "count" else model.counts
        if of != "count":
            values = confusion_shares(model.counts, of)
            values = values - confusion_shares(minus.counts, of) if minus else values
        return to_csv(values.loc[view.order, view.order], index=True)

    key = f"{view.models.index(model)}_{bool(minus)}"
    with st.container(horizontal=True):
        download(_("Figure"), figure, f"confusion_{name}.png", key=f"figure_{key}")
        download(_("Numbers"), numbers, f"confusion_{name}.csv", key=f"numbers_{key}")
