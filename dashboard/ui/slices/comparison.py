"""The other chosen models on the slices of the first, image by image."""

import pandas as pd
import streamlit as st

from carvis.evaluation import Evaluation
from carvis.subgroups import Slices
from carvis.workspace import content_hash
from ui.state import current, evaluations
from ui.state.evaluations import Table


def on_slices(found: Slices, first: Table, tables: list[Table]) -> pd.DataFrame | None:
    """Return how the models do on each slice, as ``Slices.compare``; None where there is no other model.

    Args:
        found: of the first model.
        first: its evaluation.
        tables: the other models' evaluations; one that cannot be read is named by the page.
    """
    others = {table.model: loaded for table in tables if (loaded := current.evaluation(table)) is not None}
    if not others:
        return None
    stamps = tuple((table.name, evaluations.stamp(table)) for table in (first, *tables))
    key = content_hash([[one.ids, one.key] for one in found.slices], found.confirming)
    return _compared(key, stamps, _found=found, _others=others)


@st.cache_resource(max_entries=16, show_spinner=False)
def _compared(key: str, stamps: tuple, *, _found: Slices, _others: dict[str, Evaluation]) -> pd.DataFrame:
    return _found.compare(_others)
