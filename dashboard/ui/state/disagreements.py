"""The images on which models disagree: found over a whole split, kept on disk, read again without any model."""

import contextlib
import io

import pandas as pd

from carvis.errors import CarvisError
from carvis.workspace import Column, content_hash, read_parquet
from ui.state import current, jobs, selection, workspace
from ui.state.models import file_key

_VERSION = 2
_TEXT, _NUMBER = Column("text"), Column("number", missing=True)
_PREDICTED, _CONFIDENCE = Column("text", optional=True), Column("number", 0, 1, optional=True, missing=True)
_COLUMNS = {"id": Column("text", unique=True), **dict.fromkeys(("label", "kind", "right", "first", "second"), _TEXT)}
_COLUMNS |= {"distance": _NUMBER, "rank_correlation": _NUMBER}


def key(models: list[str]) -> str:
    """Name what is found by all that decides it: the models' files, the images, the method."""
    model_keys = {name: file_key(name) for name in models}
    images = [workspace.dataset(current.dataset_name()).fingerprint, current.split()]
    return content_hash(model_keys, images, selection.get().method, _VERSION)


def load(key: str, models: list[str]) -> pd.DataFrame | None:
    """Return what is kept under a key, with the images' present paths; None where there is nothing."""
    path = jobs.cache("disagreements").get(key, ".parquet")
    if path is None:
        return None
    # A damaged cache entry is recomputed.
    with contextlib.suppress(CarvisError):
        columns = _COLUMNS | {f"answer:{name}": _PREDICTED for name in models}
        return _with_paths(read_parquet(path, columns | {f"confidence:{name}": _CONFIDENCE for name in models}))
    return None


def cached(models: list[str]) -> pd.DataFrame | None:
    """Return the cached result for these models on the chosen images, None where there is none."""
    if len(models) < 2:
        return None
    try:
        return load(key(models), models)
    except CarvisError:
        return None


def _with_paths(table: pd.DataFrame) -> pd.DataFrame:
    """Add where the images lie now: the data set may have been moved since."""
    samples = workspace.dataset(current.dataset_name()).samples(current.split())
    return table.assign(path=table["id"].map(dict(zip(samples["id"], samples["path"]))))


def keep(key: str, table: pd.DataFrame) -> pd.DataFrame:
    """Keep what was found, and return it as ``load`` does."""
    table = table.drop(columns="path")
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    # A workspace that cannot be written still shows what was found.
    with contextlib.suppress(CarvisError):
        jobs.cache("disagreements").put(key, ".parquet", buffer.getvalue())
    return _with_paths(table)
