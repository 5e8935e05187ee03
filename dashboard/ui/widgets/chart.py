"""Charts, whose Vega-Lite specification is made once for the same numbers, words and theme.

Building an Altair chart and validating it takes 20 to 100 ms, and a page reruns at every press.
"""

import hashlib
import threading
from collections.abc import Callable
from typing import Any, ParamSpec

import altair as alt
import pandas as pd
import pyarrow as pa
import streamlit as st
from pandas.util import hash_pandas_object

from carvis.workspace import content_hash
from ui.state.i18n import language
from ui.widgets.chart_theme import Look

P = ParamSpec("P")
Chart = alt.Chart | alt.LayerChart | alt.FacetChart
_MOST, _TRANSFORMER = 256, "carvis_arrow"
# Which transformer is in use is a setting of the whole process.
_lock = threading.Lock()


def cached_chart(build: Callable[P, Chart]) -> Callable[P, dict[str, Any]]:
    """Return a function that returns the Vega-Lite specification of a chart, made once for the same arguments.

    Args:
        build: makes the chart of its arguments alone, in the language and the theme in use.
    """
    name = f"{build.__module__}.{build.__qualname__}"

    def specification(*args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        return _specification(name, language(), Look.now().dark, args, kwargs, _build=build)

    return specification


def _whole(table: pd.DataFrame) -> str:
    """Name a table by all of its rows: of a large one Streamlit looks at a sample, and a changed cell is not in it."""
    return content_hash(hash_pandas_object(table.dtypes).to_numpy(), hash_pandas_object(table).to_numpy())


@st.cache_data(max_entries=_MOST, show_spinner=False, hash_funcs={pd.DataFrame: _whole})
def _specification(
    name: str, language: str, dark: bool, args: tuple, kwargs: dict[str, Any], *, _build: Callable[..., Chart]
) -> dict[str, Any]:
    chart = _build(*args, **kwargs)
    datasets: dict[str, pa.Table] = {}

    def as_arrow(data: pd.DataFrame) -> dict[str, str]:
        table = pa.Table.from_pandas(data, preserve_index=False)
        # The browser takes data of a new name as new data.
        content = b"".join(batch.serialize().to_pybytes() for batch in table.to_batches())
        dataset = hashlib.sha256(content + str(table.schema).encode()).hexdigest()[:16]
        datasets[dataset] = table
        return {"name": dataset}

    with _lock:
        alt.data_transformers.register(_TRANSFORMER, as_arrow)
        # Streamlit, too, takes the sizes of Altair's own theme away.
        with alt.data_transformers.enable(_TRANSFORMER), alt.theme.enable("none"):
            return chart.to_dict() | {"datasets": datasets}
