"""Tags and notes in the pages: read with the images, set by a click or a key, never lost to another tab."""

import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from carvis.errors import CarvisError, TableError
from carvis.language import message_of, replaced
from carvis.tags import TAGS, NoteChangedError, TagError, Tags, import_tags
from carvis.tags.csv_exchange import Imported, tags_csv
from carvis.workspace import atomic_write, sha256_of_file
from ui.state import selection, unreadable, workspace
from ui.state.i18n import N_, _, of_library, shown_as
from ui.state.widget_values import careful, shelf
from ui.widgets import error_message
from ui.widgets.autosave import keep_while_typing
from ui.widgets.download import download
from ui.widgets.layout import guarded
from ui.widgets.text import plain

TAG_NAMES = {
    "label-wrong": N_("label wrong"),
    "blurred": N_("blurred"),
    "other-car": N_("other car in the image"),
    "not-a-car": N_("not a car"),
    "cropped": N_("cropped"),
}
FILE = "data/tags.sqlite"
_CONFLICTS, _TAKEN = "_note_conflicts", "_tags_taken"
_NOTHING = ((), "")


def store() -> Tags:
    """Return the workspace's tags.

    Raises:
        TagError: they could not be read a moment ago: a locked file is waited for once, not once per image.
    """
    check_readable()
    return Tags(workspace.get().root / FILE, workspace.datasets())


def check_readable() -> None:
    """Raise what was found when the file of tags was read earlier on this page.

    Raises:
        TagError: it could not be read.
    """
    if reason := unreadable.why("tags", FILE):
        raise TagError(reason)


def tag_name(tag: str) -> str:
    """Return a tag as the reader's language calls it; people's own tags stay as they are."""
    return _(TAG_NAMES[tag]) if tag in TAG_NAMES else tag


def names() -> list[str]:
    """Return the tags there are; the five common ones where the file cannot be read."""
    with unreadable.item("tags", FILE):
        return store().names()
    return list(TAGS)


@lru_cache(4096)
def _hash(path: str, time: int, size: int) -> str:
    return sha256_of_file(path)


def content(row: Any) -> str:
    """Return the hash of a row's image as it is now, else as it was evaluated, else an empty text."""
    try:
        stat = os.stat(row.path)
        return _hash(row.path, stat.st_mtime_ns, stat.st_size)
    except (OSError, TypeError, ValueError):
        return getattr(row, "sha256", None) or ""


def on_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the tags and the note of a table's images by id, only of those that have some.

    Args:
        rows: needs id, path and data, may have sha256.

    Raises:
        CarvisError: the tags cannot be read.
    """
    tags, parts = store(), []
    for name in filter(None, rows["data"].unique()):
        records = tags.records(name)
        if records.empty:
            continue
        possible = tags.near(name, records, rows) if "sha256" in rows else rows["id"].isin(set(records["id"]))
        # The image may have been replaced after the evaluation: its present content counts.
        few = rows.loc[possible & (rows["data"] == name)]
        now = pd.DataFrame({"id": few["id"], "sha256": [content(row) for row in few.itertuples()]})
        parts.append(tags.on(name, now, records))
    return pd.concat(parts) if parts else pd.DataFrame(columns=["tags", "note"])


def readable_on_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what ``on_rows`` returns; nothing where the tags cannot be read, which the page then says."""
    with unreadable.item("tags", FILE):
        return on_rows(rows)
    return pd.DataFrame(columns=["tags", "note"])


def of_row(marks: pd.DataFrame, row: Any) -> tuple[tuple[str, ...], str]:
    """Return an image's tags and note."""
    return tuple(marks.loc[row.id, ["tags", "note"]]) if row.id in marks.index else _NOTHING


def summary(tags: tuple[str, ...], note: str) -> str:
    """Write tags, or else the beginning of the note, as one line of Markdown."""
    short = " ".join(note.split())
    return plain(", ".join(map(tag_name, tags)) or short[:24] + ("…" if len(short) > 24 else ""))


def change(method: str, row: Any, *values: Any, **more: Any) -> bool:
    """Change an image's tags, note or decision from a callback; an error is shown in the next run."""
    try:
        getattr(store(), method)(row.data, row.id, content(row), *values, **more)
    except NoteChangedError:
        raise
    except CarvisError as problem:
        shelf().append(problem)
        return False
    return True


def keys(row: Any, tags: tuple[str, ...]) -> None:
    """Offer the first five tags as buttons that a click or the keys 1 to 5 toggle."""
    with st.container(horizontal=True, gap="xsmall", key="tag_keys"):
        for number, tag in enumerate(TAGS, 1):
            st.button(
                tag_name(tag),
                key=f"tag_{number}",
                shortcut=str(number),
                icon=":material/check:" if tag in tags else ":material/sell:",
                type="primary" if tag in tags else "secondary",
                on_click=careful(change),
                args=("tag", row, tag, tag not in tags),
            )


def editor(row: Any, tags: tuple[str, ...], note: str, place: str, all_tags: bool) -> None:
    """Offer an image's tags and its note.

    Args:
        row: the image.
        tags: those that it has.
        note: that it has.
        place: tells this editor from others on the page.
        all_tags: whether the five common tags are among the choices; else only people's own.
    """
    offered = [name for name in names() if all_tags or name not in TAGS]
    if offered:
        key = selection.spoken(f"tags_{place}_{row.id}")
        selection.show(key, [tag for tag in tags if tag in offered])
        st.pills(
            _("Tags") if all_tags else _("Your own tags"),
            offered,
            selection_mode="multi",
            format_func=shown_as({tag: plain(tag_name(tag)) for tag in offered}),
            key=key,
            on_change=selection.by_person(key, _take_tags),
            args=(row, tags, offered, key),
        )
    key = f"new_tag_{place}_{row.id}"
    st.text_input(
        _("Add a tag of your own"),
        key=key,
        max_chars=40,
        on_change=careful(_new_tag),
        args=(row, key),
        label_visibility="collapsed",
        placeholder=_("Add a tag of your own"),
    )
    _note(row, note, place)


def _take_tags(row: Any, tags: tuple[str, ...], offered: list[str], key: str) -> None:
    chosen = st.session_state[key]
    for tag in offered:
        if (tag in chosen) != (tag in tags):
            change("tag", row, tag, tag in chosen)


def _new_tag(row: Any, key: str) -> None:
    text, st.session_state[key] = st.session_state[key], ""
    if not text.strip():
        return
    change("tag", row, store().add_name(text))


def _note(row: Any, note: str, place: str) -> None:
    conflicts = st.session_state.setdefault(_CONFLICTS, {})
    key = f"note_{place}_{row.id}"
    conflict = conflicts.get(row.id)
    shown = conflict if conflict is not None else note
    # Blanks at the end are not saved, but the person may still be typing.
    if key not in st.session_state or st.session_state[key].strip() != shown:
        st.session_state[key] = shown
    with st.container(key=f"keep_{place}", gap="xsmall"):
        st.text_area(
            _("Note"), key=key, height=96, max_chars=10_000, on_change=careful(_take_note), args=(row, note, key),
            placeholder=_("What do you see? Saved as you type."),
        )  # fmt: skip
        keep_while_typing(f"keep_{place}", key)
    if conflict is None:
        return
    st.warning(_("The note was changed in another window. Your version above is not saved yet."))
    st.markdown(_("Saved version: {note}").format(note=plain(note) or "–"))
    with st.container(horizontal=True):
        choices = (
            ("both", _("Keep both"), f"{note}\n{conflict}".strip()),
            ("mine", _("Keep mine"), conflict),
            ("theirs", _("Keep the saved version"), note),
        )
        for name, label, text in choices:
            st.button(label, key=f"note_{name}_{place}", on_click=careful(_settle), args=(row, note, text))


def _take_note(row: Any, previous: str, key: str) -> None:
    text = st.session_state[key].strip()
    try:
        if change("note", row, text, previous=previous):
            st.session_state[_CONFLICTS].pop(row.id, None)
        else:
            st.session_state[_CONFLICTS][row.id] = text
    except NoteChangedError:
        st.session_state[_CONFLICTS][row.id] = text


def _settle(row: Any, previous: str, text: str) -> None:
    try:
        if change("note", row, text, previous=previous):
            st.session_state[_CONFLICTS].pop(row.id, None)
    except NoteChangedError:
        pass  # Changed once more: the page shows the present note.


def replaced_since(row: Any) -> None:
    """Warn where the image was replaced after the evaluation."""
    evaluated = getattr(row, "sha256", None)
    if evaluated and content(row) != evaluated:
        st.warning(_("The image was replaced after the evaluation: evaluate the model again."))


def exchange() -> None:
    """Offer all tags and notes as CSV, and take such a file back."""
    with st.popover(_("Tags and notes"), icon=":material/sell:"):
        st.caption(_("Download all tags and notes of this workspace, or import a downloaded file."))
        download(_("Download CSV"), lambda: tags_csv(store()), "tags.csv", key="tags_csv")
        file = st.file_uploader(_("Import a CSV file"), type="csv", key="tags_upload")
        if file and st.session_state.get(_TAKEN, ("",))[0] != file.file_id:
            with guarded():
                _take_file(file)
        taken = st.session_state.get(_TAKEN)
        if file and taken and isinstance(taken[1], CarvisError):
            error_message.show(taken[1])
        elif file and taken:
            result = taken[1]
            added = _("Added: {tags} tags, {notes} notes.")
            st.success(added.format(tags=f"{result.tags:,}", notes=f"{result.notes:,}"))
            for sentence in result.problems[:10]:
                st.caption(plain(of_library(sentence)))


def _take_file(file: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = atomic_write(Path(folder) / "tags.csv", file.getvalue())
        try:
            result: Imported | TagError = import_tags(store(), path)
        except TableError as problem:
            # Kept, too: the file would be read again in every run of the page.
            result = TagError(replaced(message_of(problem), str(path), file.name))
    st.session_state[_TAKEN] = (file.file_id, result)
    # The tiles, drawn already or not, show what came in.
    st.rerun()
