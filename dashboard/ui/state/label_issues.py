"""The label issues of a split: found once for the models that vote, and cached by the evaluations' times."""

import pandas as pd
import streamlit as st

from carvis.evaluation import Evaluation, label_errors
from carvis.evaluation.alignment import Joined, join
from carvis.evaluation.label_issues import WEAK
from ui.state import current, evaluations
from ui.state.evaluations import Table


def voting(tables: dict[str, Table]) -> list[str]:
    """Return the models that vote unless a person chose others: those that are right at least half of the time."""
    loaded = {name: evaluation for name, table in tables.items() if (evaluation := current.evaluation(table))}
    return [name for name, evaluation in loaded.items() if evaluation.accuracy >= WEAK] or list(loaded)


def found(tables: list[Table]) -> tuple[Joined, pd.DataFrame]:
    """Return what ``label_errors`` finds by some evaluations that can be read; shared, not to be changed.

    Raises:
        TableError: the evaluations have no image in common.
    """
    stamps = tuple((table.name, evaluations.stamp(table)) for table in tables)
    return _found(stamps, _evaluations=[evaluation for table in tables if (evaluation := current.evaluation(table))])


@st.cache_resource(max_entries=6, show_spinner=False)
def _found(stamps: tuple, *, _evaluations: list[Evaluation]) -> tuple[Joined, pd.DataFrame]:
    joined = join(_evaluations)
    return joined, label_errors(joined)
