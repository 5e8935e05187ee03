"""The images on which models disagree: searched on request over a whole split, cached on disk, shown as tiles."""

import contextlib
from typing import Any

import pandas as pd
import streamlit as st

from carvis.progress import Progress
from carvis.tables import to_csv
from ui.attention.selection import AttentionSelection
from ui.state import current, disagreements, selection, workspace
from ui.state.i18n import N_, _, n_
from ui.state.models import file_key, open_model
from ui.state.rates import Work
from ui.state.thumbnails import thumbnails
from ui.widgets.download import download
from ui.widgets.job import on_request
from ui.widgets.layout import error, guarded
from ui.widgets.paging import choose_page, on_page
from ui.widgets.pickers import segments
from ui.widgets.text import mark, percent, plain

KINDS = {"same-answer": N_("Same prediction, different evidence"), "one-right": N_("Only one model is right")}
_NOTES = {
    "same-answer": N_(
        "All models predict the same class from different evidence. The distance (earth mover's) is that of "
        "the two heatmaps that differ most, in units of the image's side."
    ),
    "one-right": N_("Only one model is right. The most confident errors of the others come first."),
}
_PER_PAGE = 12


def show(models: list[str]) -> bool:
    """Offer to search the chosen split for disagreements of models, and show them.

    Returns:
        Whether there is something to show.
    """
    st.subheader(_("Where models disagree"), anchor=False)
    if len(models) < 2 or not current.split():
        st.caption(_("Choose two or more models to see on which images they disagree."))
        return False
    chosen, table = selection.get(AttentionSelection), None
    with guarded():
        key = disagreements.key(models)
        table = disagreements.load(key, models)
        if table is None:
            n = len(workspace.dataset(current.dataset_name()).samples(current.split()))
            work = Work(("disagreements", selection.get().method, [file_key(name) for name in models]), n)
            note = _("Computes the heatmap of every image of the split for every model.")
            table = on_request(
                key,
                _("Find disagreements"),
                lambda progress: disagreements.keep(key, _find(models, progress)),
                note,
                primary=False,
                name="disagreement",
                work=work,
                tried=False,
            )
    if table is None:
        return False
    segments("kind", _("Kind of disagreement"), KINDS, chosen.kind, label_visibility="collapsed")
    st.caption(_(_NOTES[chosen.kind]))
    rows = table[table["kind"] == chosen.kind]
    unreadable_count = len(workspace.dataset(current.dataset_name()).samples(current.split())) - len(table)
    sentences = [n_("{n} image of this kind.", "{n} images of this kind.", len(rows)).format(n=f"{len(rows):,}")]
    if unreadable_count:
        sentences.append(
            n_("{n} image could not be read.", "{n} images could not be read.", unreadable_count).format(
                n=unreadable_count
            )
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(" ".join(sentences), width="content")
        download(
            _("Numbers"),
            lambda: to_csv(table.drop(columns="path")),
            file_name="disagreements.csv",
            key="disagreement_numbers",
        )
    # A model that cannot be opened is not among them.
    readable = tuple(name for name in models if f"answer:{name}" in rows)
    _tiles(on_page(rows, _PER_PAGE), readable)
    choose_page(len(rows), _PER_PAGE)
    return True


def _find(names: list[str], progress: Progress) -> pd.DataFrame:
    import carvis.explain

    models = {}
    for name in names:
        model = open_model(name)
        if model.classifier is None:
            error(model.error)
        else:
            models[name] = model
    with contextlib.ExitStack() as locks:
        # Always in the same order, or two sessions could wait for each other.
        for name in sorted(models):
            locks.enter_context(models[name].lock)
        return carvis.explain.disagreements(
            {name: model.clf for name, model in models.items()},
            workspace.dataset(current.dataset_name()),
            current.split(),
            method=selection.get(AttentionSelection).method,
            progress=progress,
        )


def _tiles(rows: pd.DataFrame, models: tuple[str, ...]) -> None:
    images = thumbnails([path if isinstance(path, str) else None for path in rows["path"]])
    with st.grid("auto", min_column_width=200, gap="small"):
        for (_index, row), image in zip(rows.iterrows(), images, strict=True):
            with st.container(border=True, height="stretch", gap="xsmall", key=f"disagreement_{row['id']}"):
                _tile(row, image, models)


def _tile(row: Any, image: bytes | str, models: tuple[str, ...]) -> None:
    if isinstance(image, bytes):
        st.image(image, width="stretch", alt=_("An image of {label}").format(label=row["label"]))
    st.caption(_("true: {label}").format(label=plain(row["label"])))
    for name in models:
        predicted, confidence = row[f"answer:{name}"], percent(row[f"confidence:{name}"])
        correct = mark(predicted == row["label"])
        st.markdown(f"{correct} {plain(name)}: **{plain(predicted)}** {confidence}")
    if row["first"]:
        sentence = _("distance {distance} between {one} and {other}")
        st.caption(
            sentence.format(distance=f"{row['distance']:.2f}", one=plain(row["first"]), other=plain(row["second"]))
        )
    st.page_link(
        "app_pages/heatmaps.py",
        label=_("Show its heatmaps"),
        icon=":material/blur_on:",
        query_params=selection.link(
            data=current.dataset_name(), split=current.split(), sample=(row["id"],), model=models, explain="predicted"
        ),
    )
