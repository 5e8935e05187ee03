"""A gallery of images: tiles with their tags, and the selected images."""

from typing import Any

import pandas as pd
import streamlit as st

from carvis.workspace import SPLITS
from ui.state import current, selection
from ui.state.i18n import _, n_
from ui.state.samples import MOST_CHOSEN
from ui.state.thumbnails import thumbnails
from ui.state.widget_values import careful
from ui.widgets import tag_editor
from ui.widgets.text import ROW_STATUS, mark, percent, plain


def place_of(row: Any) -> dict[str, str]:
    """Return the data set and split of a row's image, for the selection."""
    parts = row.id.split("/")
    split = parts[0] if parts[0] in SPLITS else current.split()
    return {"data": row.data or current.dataset_name(), "split": split}


def _pick(row: Any, table: str) -> None:
    chosen = selection.get()
    place = place_of(row)
    others = chosen.sample if chosen.data in ("", place["data"]) else ()
    samples = tuple(sample for sample in others if sample != row.id)
    if st.session_state[f"pick_{row.id}"] and len(samples) < MOST_CHOSEN:
        samples = (*samples, row.id)
    stay(table, sample=samples, **place)


def stay(table: str, **values: Any) -> None:
    """Change the selection and stay in the present view."""
    now = selection.get()
    view = {"true": now.true, "pred": now.pred, "page": now.page, "open": now.open, "sample": now.sample}
    if not table.endswith(".csv"):
        values.pop("split", None)
    selection.change(**(view | {"table": table} | values))


def offer_one_by_one(table: str, first: str) -> None:
    """Show a button that opens an image large, to step through all from there.

    Args:
        table: key of the table that the image is of.
        first: its id.
    """
    st.button(
        _("One by one"),
        icon=":material/slideshow:",
        key="one_by_one",
        shortcut="J",
        on_click=careful(stay),
        args=(table,),
        kwargs={"open": first},
    )


def tiles(rows: pd.DataFrame, table: str, tags: pd.DataFrame) -> None:
    """Show one page of images, each with its prediction and its actions.

    Args:
        rows: the images.
        table: key of the table that they are of.
        tags: by id, as ``tag_editor.on_rows`` returns them.
    """
    chosen = selection.get()
    small = thumbnails([path if isinstance(path, str) else None for path in rows["path"]])
    with st.grid("auto", min_column_width=168, gap="small"):
        for row, image in zip(rows.itertuples(), small, strict=True):
            with st.container(border=True, height="stretch", gap="xsmall", key=f"tile_{row.id}"):
                _tile(row, image, table, row.id in chosen.sample, *tag_editor.of_row(tags, row))


def _tile(row: Any, image: bytes | str, table: str, picked: bool, tags: tuple[str, ...], note: str) -> None:
    predicted, label = plain(text(row.predicted)), plain(text(row.label))
    if isinstance(image, bytes):
        st.image(
            image,
            width="stretch",
            alt=_("{label}, predicted as {predicted}").format(label=text(row.label), predicted=text(row.predicted)),
        )
    else:
        reason = _(ROW_STATUS[row.status]) if row.status in ROW_STATUS else plain(image)
        st.caption(f":material/broken_image: {reason}")
        st.caption(plain(getattr(row, "PATH", None) or row.id))
    if isinstance(row.predicted, str):
        st.markdown(f"{mark(row.predicted == row.label)} **{predicted}**")
    facts = [percent(row.confidence)] if row.confidence == row.confidence else []
    st.caption(" · ".join([*facts, _("true: {label}").format(label=label)]))
    if not isinstance(image, bytes):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        key = f"pick_{row.id}"
        selection.show(key, picked)
        st.checkbox(_("Select"), key=key, on_change=selection.by_person(key, _pick), args=(row, table), width="stretch")
        st.button(
            _("Open"),
            icon=":material/open_in_full:",
            key=f"open_{row.id}",
            type="tertiary",
            on_click=careful(stay),
            args=(table,),
            kwargs={"open": row.id},
        )
        # Twenty-four editors at once would make the page heavy: each is drawn when its window is opened.
        window = st.popover(
            tag_editor.summary(tags, note) or _("Tag"),
            icon=":material/sticky_note_2:" if note else ":material/sell:",
            type="tertiary",
            key=f"tagging_{row.id}",
            on_change="rerun",
        )
        if window.open:
            with window:
                tag_editor.editor(row, tags, note, "tile", all_tags=True)


def text(value: object) -> str:
    """Return a text as it is, and a dash in place of none."""
    return value if isinstance(value, str) and value else "–"


def basket() -> None:
    """Say how many images are selected, and offer their heatmaps."""
    chosen = selection.get()
    if not chosen.sample:
        return
    n = len(chosen.sample)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(n_("**{n} image selected**", "**{n} images selected**", n).format(n=n), width="content")
        if st.button(_("Show their heatmaps"), icon=":material/blur_on:", type="primary", key="show_heatmaps"):
            st.switch_page("app_pages/heatmaps.py", query_params=selection.link())
        st.button(
            _("Clear"),
            icon=":material/close:",
            type="tertiary",
            on_click=careful(selection.change),
            kwargs={"sample": ()},
        )
