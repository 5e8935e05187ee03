"""Warnings of outdated evaluations: their model file has changed since, so the predictions are an earlier model's."""

from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from ui.state import evaluations, unreadable, workspace
from ui.state.i18n import _
from ui.widgets import assumptions, commands
from ui.widgets.text import plain


def say(tables: Iterable[evaluations.Table], *, checked_below: bool = False) -> None:
    """Warn of evaluations whose model file was changed since, or whose model was used under other assumptions.

    Args:
        checked_below: the page itself shows what a check of the assumptions found.
    """
    tables = list(tables)
    assumptions.of_evaluations(tables, only_again=checked_below)
    for table in tables:
        with unreadable.item("evaluation", table.name):
            if not _changed(table):
                continue
            path = workspace.model_files()[table.model]
            file = workspace.get().relative(path)
            sentence = _(
                "{file} has changed since it was evaluated: these predictions are from the "
                "earlier version. Evaluate it again:"
            )
            with st.container(gap="xsmall"):
                st.warning(sentence.format(file=plain(file)), icon=":material/history:")
                st.code(commands.evaluate(path, table.data, table.split), language="bash", wrap_lines=True)


def _changed(table: evaluations.Table) -> bool:
    file = workspace.model_files().get(table.model)
    if file is None or not table.is_evaluation:
        return False
    stat = file.stat()
    return _other_file(str(file), stat.st_mtime_ns, stat.st_size, evaluations.stamp(table), _table=table)


@st.cache_data(max_entries=256, show_spinner=False)
def _other_file(path: str, time: int, size: int, stamp: tuple[int, ...], *, _table: evaluations.Table) -> bool:
    return evaluations.load(_table).made_with(Path(path)) is False
