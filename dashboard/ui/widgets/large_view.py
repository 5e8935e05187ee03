"""One image of a gallery in a large window: each model's prediction, its tags and note, keys to step."""

from typing import Any

import pandas as pd
import streamlit as st

from ui.state import current, evaluations, selection, unreadable
from ui.state.i18n import _
from ui.state.thumbnails import thumbnails
from ui.state.widget_values import careful
from ui.widgets import tag_editor, why
from ui.widgets.gallery import place_of, stay, text
from ui.widgets.layout import error, part
from ui.widgets.stepper import steps
from ui.widgets.text import ROW_STATUS, mark, percent, plain


def window(rows: pd.DataFrame, table: str, title: str) -> None:
    """Open the image that the selection names in a window above the page, with each model's prediction.

    Args:
        rows: the images of the gallery, in order.
        table: key of the table that they are of.
        title: of the window.
    """
    if selection.get().open not in rows["id"].to_numpy():
        error(_("{name} is not among the images shown.").format(name=selection.get().open))
        return
    opened = st.dialog(title, width="large", on_dismiss=careful(_close))
    opened(part(_large))(rows, table)


def _close() -> None:
    selection.change(open="")


def _large(rows: pd.DataFrame, table: str) -> None:
    # Stepping reruns only this window, which then brings the URL up to date itself.
    selection.write()
    position = rows["id"].tolist().index(selection.get().open)
    row = next(rows.iloc[position : position + 1].itertuples())
    place = place_of(row)
    marks = pd.DataFrame(columns=["tags", "note"])
    with unreadable.item("tags", tag_editor.FILE):
        marks = tag_editor.on_rows(rows.iloc[position : position + 1])
    tags, note = tag_editor.of_row(marks, row)
    with st.container(horizontal=True, vertical_alignment="center"):
        steps(rows["id"], position, "step", lambda sample: stay(table, open=sample))
        st.page_link(
            "app_pages/heatmaps.py",
            label=_("Show its heatmaps"),
            icon=":material/blur_on:",
            query_params=selection.link(**place, sample=(row.id,), open="", table=_table_of(table, **place)),
        )
    if row.data:
        tag_editor.keys(row, tags)
    left, right = st.columns(2)
    with left:
        image = thumbnails([row.path if isinstance(row.path, str) else None], 900)[0]
        if isinstance(image, bytes):
            st.image(image, width="stretch", alt=text(row.label))
        else:
            error(image or _(ROW_STATUS.get(row.status, ROW_STATUS["missing"])))
        st.caption(plain(row.id))
        tag_editor.replaced_since(row)
    with right:
        st.markdown(_("True class: **{label}**").format(label=plain(text(row.label))))
        top_five(row, table, **place)
        if row.data:
            tag_editor.editor(row, tags, note, "large", all_tags=False)
    if row.data:
        st.markdown(f"**{_('Why?')}**")
        why.show(place["data"], row.id, _models(table), "large")


def _models(table: str) -> list[str]:
    """Return the model whose prediction is shown, then the other chosen ones."""
    own = [] if table.endswith(".csv") else [table.rsplit("/", 1)[-1]]
    return list(dict.fromkeys(own + current.models()))


def _table_of(table: str, data: str, split: str) -> str:
    """Return the table where the image is one of its split; a gallery may show several splits."""
    return table if table.endswith(".csv") or table.startswith(f"{data}/{split}/") else ""


def top_five(row: Any, table: str, data: str, split: str) -> None:
    """Show the five most probable classes, and the other models' predictions, from the saved evaluations."""
    by_model = class_probabilities(row.id, data, split)
    model = table.rsplit("/", 1)[-1] if not table.endswith(".csv") else next(iter(by_model), None)
    if model not in by_model:
        st.markdown(f"{mark(row.predicted == row.label)} **{plain(text(row.predicted))}** {percent(row.confidence)}")
        st.caption(_("No evaluation contains this image; its heatmaps show each model's prediction."))
        return
    probabilities = by_model[model]
    st.markdown(_("Top-5 classes of **{model}**").format(model=plain(model)))
    for name, value in probabilities.nlargest(5).items():
        icon = f" {mark(True)}" if name == row.label else ""
        st.progress(min(1.0, max(0.0, float(value))), text=f"**{plain(name)}** {percent(value)}{icon}")
    if len(by_model) > 1:
        st.markdown(_("Predictions of the other models"))
        for other, values in by_model.items():
            if other != model:
                top = values.idxmax()
                st.markdown(f"{mark(top == row.label)} {plain(other)}: **{plain(top)}** {percent(values[top])}")


def class_probabilities(sample: str, name: str, split: str) -> dict[str, pd.Series]:
    """Return the probabilities of each evaluated model for an image, by class."""
    by_model = {}
    for model, table in evaluations.on(name, split).items():
        with unreadable.item("evaluation", table.name):
            predictions = evaluations.load(table).predictions
            row = predictions.loc[predictions["id"] == sample]
            if len(row):
                values = row.iloc[0].filter(regex="^p:").astype(float)
                by_model[model] = values.rename(lambda column: column.removeprefix("p:"))
    return by_model
