"""The pictures on which models part ways: found on request over a whole split, kept on disk, shown as tiles."""

import contextlib
import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from carvis.errors import CarvisError
from carvis.tables import to_csv
from carvis.workspace import Column, content_hash, read_parquet
from ui.state import classifiers, current, data, jobs, selection
from ui.state.i18n import N_, _, n_, translated
from ui.widgets.download import download
from ui.widgets.layout import error, guarded
from ui.widgets.text import mark, percent, plain

KINDS = {"same-answer": N_("Same answer, different evidence"), "one-right": N_("One right, others wrong")}
_NOTES = {
    "same-answer": N_(
        "All models give the same answer but rest it on different places. The distance says how far the evidence of "
        "the two that differ most must be carried, in sides of the picture."
    ),
    "one-right": N_("One model alone is right; the most confident mistakes of the others come first."),
}
_PER_PAGE = 12
_VERSION = 2
_TEXT, _NUMBER = Column("text"), Column("number", missing=True)
_ANSWER, _CONFIDENCE = Column("text", optional=True), Column("number", 0, 1, optional=True, missing=True)
_COLUMNS = {"id": Column("text", unique=True), **dict.fromkeys(("label", "kind", "right", "first", "second"), _TEXT)}
_COLUMNS |= {"distance": _NUMBER, "rank_correlation": _NUMBER}


def show(models: list[str]) -> bool:
    """Offer to look for disagreements of models over the chosen pictures, and show what was found.

    Returns:
        Whether there is something to show.
    """
    st.subheader(_("Where models disagree"), anchor=False)
    if len(models) < 2 or not current.split():
        st.caption(_("Choose two models or more to see on which pictures they part ways."))
        return False
    chosen, found = selection.get(), None
    with guarded():
        key = _key(models)
        found = _kept(key, models)
        if found is None:
            note = _("Makes a heatmap of every picture of the split with every model: about a second for ten pictures.")
            found = jobs.on_request(
                key, _("Find disagreements"), lambda watch: _with_paths(_find(models, key, watch)), note, main=False
            )
    if found is None:
        return False
    st.segmented_control(
        _("Kind of disagreement"),
        list(KINDS),
        format_func=translated(KINDS).get,
        required=True,
        label_visibility="collapsed",
        **selection.control("kind", chosen.kind),
    )
    st.caption(_(_NOTES[chosen.kind]))
    rows = found[found["kind"] == chosen.kind]
    lost = len(data.dataset(current.dataset_name()).samples(current.split())) - len(found)
    words = [n_("{n} picture of this kind.", "{n} pictures of this kind.", len(rows)).format(n=f"{len(rows):,}")]
    if lost:
        words.append(n_("{n} picture could not be read.", "{n} pictures could not be read.", lost).format(n=lost))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(" ".join(words), width="content")
        download(
            _("Numbers"),
            lambda: to_csv(found.drop(columns="path")),
            file_name="disagreements.csv",
            key="disagreement_numbers",
        )
    pages = max(1, -(-len(rows) // _PER_PAGE))
    page = min(chosen.page, pages)
    # A model that cannot be opened is not among them.
    there = tuple(name for name in models if f"answer:{name}" in rows)
    _tiles(rows.iloc[(page - 1) * _PER_PAGE : page * _PER_PAGE], there)
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, **selection.control("page", page))
    return True


def _key(models: list[str]) -> str:
    made_by = {name: classifiers.file_key(name) for name in models}
    pictures = [data.dataset(current.dataset_name()).fingerprint, current.split()]
    return content_hash(made_by, pictures, selection.get().method, _VERSION)


def _kept(key: str, models: list[str]) -> pd.DataFrame | None:
    path = jobs.cache("disagreements").get(key, ".parquet")
    if path is None:
        return None
    # A damaged entry of the cache is made anew.
    with contextlib.suppress(CarvisError):
        columns = _COLUMNS | {f"answer:{name}": _ANSWER for name in models}
        return _with_paths(read_parquet(path, columns | {f"confidence:{name}": _CONFIDENCE for name in models}))
    return None


def known(models: list[str]) -> pd.DataFrame | None:
    """Return what was found for these models on the chosen pictures, None where nobody has looked yet."""
    if len(models) < 2:
        return None
    try:
        return _kept(_key(models), models)
    except CarvisError:
        return None


def _with_paths(table: pd.DataFrame) -> pd.DataFrame:
    """Add where the pictures lie now: the data set may have been moved since."""
    samples = data.dataset(current.dataset_name()).samples(current.split())
    return table.assign(path=table["id"].map(dict(zip(samples["id"], samples["path"]))))


def _find(names: list[str], key: str, watch: Callable[[float, float], bool]) -> pd.DataFrame:
    from carvis.explain import disagreements

    models = {}
    for name in names:
        model = classifiers.open_model(name)
        if model.classifier is None:
            error(model.error)
        else:
            models[name] = model
    with contextlib.ExitStack() as locks:
        # Always in the same order, or two sessions could wait for each other.
        for name in sorted(models):
            locks.enter_context(models[name].lock)
        table = disagreements(
            {name: model.classifier for name, model in models.items()},
            data.dataset(current.dataset_name()),
            current.split(),
            method=selection.get().method,
            progress=watch,
        ).drop(columns="path")
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    # A workspace that cannot be written still shows what was found.
    with contextlib.suppress(CarvisError):
        jobs.cache("disagreements").put(key, ".parquet", buffer.getvalue())
    return table


def _tiles(rows: pd.DataFrame, models: tuple[str, ...]) -> None:
    small = data.thumbnails([path if isinstance(path, str) else None for path in rows["path"]])
    with st.grid("auto", min_column_width=200, gap="small"):
        for (_index, row), picture in zip(rows.iterrows(), small, strict=True):
            with st.container(border=True, height="stretch", gap="xsmall", key=f"disagreement_{row['id']}"):
                _tile(row, picture, models)


def _tile(row: Any, picture: bytes | str, models: tuple[str, ...]) -> None:
    if isinstance(picture, bytes):
        st.image(picture, width="stretch", alt=_("A picture of {label}").format(label=row["label"]))
    st.caption(_("true: {label}").format(label=plain(row["label"])))
    for name in models:
        answer, confidence = row[f"answer:{name}"], percent(row[f"confidence:{name}"])
        right = mark(answer == row["label"])
        st.markdown(f"{right} {plain(name)}: **{plain(answer)}** {confidence}")
    if row["first"]:
        words = _("distance {distance} between {one} and {other}")
        st.caption(words.format(distance=f"{row['distance']:.2f}", one=plain(row["first"]), other=plain(row["second"])))
    st.page_link(
        "app_pages/heatmaps.py",
        label=_("Show its heatmaps"),
        icon=":material/blur_on:",
        query_params=selection.link(
            data=current.dataset_name(), split=current.split(), sample=(row["id"],), model=models, explain="predicted"
        ),
    )
