"""The images of one cell of the confusion matrix, with links to other pages."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from carvis.evaluation import cell_finding
from carvis.workspace.sample_ids import composed
from ui.confusion import matrices
from ui.state import evaluations, selection, unreadable, workspace
from ui.state.i18n import _
from ui.state.thumbnails import thumbnails
from ui.state.widget_values import careful
from ui.widgets.paging import choose_page, on_page
from ui.widgets.text import ROW_STATUS, mark, marked_up, percent, plain

_PER_PAGE, _TO_HEATMAPS = 12, 6


def show(view: matrices.View) -> None:
    """Show the chosen cell: its select boxes, its numbers, its images, its links."""
    true, pred = view.cell
    left, right = st.columns(2)
    for place, key, label, value in (
        (left, "cell_true", _("True class"), true),
        (right, "cell_pred", _("Predicted class"), pred),
    ):
        selection.show(key, value or None)
        place.selectbox(
            label,
            sorted(view.names),
            index=None,
            placeholder=_("Choose a class"),
            key=key,
            on_change=selection.by_person(key, _take),
            args=(view,),
        )
    if not (true and pred):
        st.caption(_("Click a cell of the matrix or choose two classes here to see the images."))
        return
    for model in view.models:
        st.markdown(_sentence(view, model, true, pred))
    sources = _sources(view, true, pred)
    rows = _rows(view, sources, true, pred)
    _links(view, sources, rows, true, pred)
    if rows.empty:
        return
    if len(sources) < len(view.models):
        st.caption(_("Images evaluated with {model}.").format(model=plain(sources[0].name)))
    _tiles(view, sources[0].table, on_page(rows, _PER_PAGE))
    choose_page(len(rows), _PER_PAGE)


def _take(view: matrices.View) -> None:
    true, pred = st.session_state["cell_true"], st.session_state["cell_pred"]
    if view.is_super:
        view.pick(true or pred or "", pred or true or "")
    else:
        selection.change(true=true or "", pred=pred or "")


def _sentence(view: matrices.View, model: matrices.Model, true: str, pred: str) -> str:
    sentence = marked_up(cell_finding(model.counts, true, pred), "true", "predicted")
    return f"{plain(model.name)}: {sentence}" if len(view.models) > 1 else sentence


def _sources(view: matrices.View, true: str, pred: str) -> list[matrices.Model]:
    """The models whose images are shown: both where they share images, else one that has some in the cell."""
    if view.pair is not None or len(view.models) == 1:
        return view.models
    return [max(view.models, key=lambda model: int(model.counts.loc[true, pred]) > 0)]


def _rows(view: matrices.View, sources: list[matrices.Model], true: str, pred: str) -> pd.DataFrame:
    """The images of the cell in either model, the most confident first: id, label and each model's prediction."""
    labels, predicted = ({composed(name) for name in view.members(side)} for side in (true, pred))
    names = [model.name for model in sources]
    if view.pair is not None:
        table = view.pair.joined.table
        table = table.rename(
            columns={
                f"{column}:{joined_name}": f"{column}:{name}"
                for joined_name, name in zip(view.pair.joined.names, names, strict=True)
                for column in ("predicted", "confidence")
            }
        )
    else:
        table = sources[0].evaluation.predictions[["id", "label", "predicted", "confidence"]]
        table = table.rename(columns={column: f"{column}:{names[0]}" for column in ("predicted", "confidence")})
    table = table[_among(table["label"], labels)]
    hits = {name: _among(table[f"predicted:{name}"], predicted) for name in names}
    best = pd.concat([table[f"confidence:{name}"].where(hit) for name, hit in hits.items()], axis=1).max(axis=1)
    table = table.assign(best=best)[best.notna()]
    return table.sort_values(["best", "id"], ascending=[False, True], kind="stable")


def _among(column: pd.Series, names: set[str]) -> pd.Series:
    # Models may spell a class composed or decomposed.
    return column.isin([name for name in column.unique() if composed(name) in names])


def _links(view: matrices.View, sources: list[matrices.Model], rows: pd.DataFrame, true: str, pred: str) -> None:
    first, files = sources[0], workspace.model_files()
    models = tuple(model.table.model for model in sources if model.table.model in files)
    place = {"data": first.table.data, "split": first.table.split, "table": first.key}
    with st.container(horizontal=True, vertical_alignment="center"):
        if models and len(rows):
            label = _("Why {pred} rather than {true}?") if true != pred else _("Show their heatmaps")
            more = {"explain": "predicted", "against": ""}
            if true != pred and not view.is_super:
                more = {"explain": f"class:{pred}", "against": f"class:{true}"}
            elif true != pred:
                label, more = _("Why not the true class?"), {"explain": "predicted", "against": "true"}
            st.page_link(
                "app_pages/heatmaps.py",
                label=label.format(true=plain(true), pred=plain(pred)),
                icon=":material/blur_on:",
                help=_("Heatmaps of the first images: evidence for the predicted class over the true class."),
                query_params=selection.link(**place, **more, model=models, sample=tuple(rows["id"].head(_TO_HEATMAPS))),
            )
        if true != pred:
            cell = {"family": (true, pred)} if view.is_super else {"true": true, "pred": pred}
            _to_misclassified(view, true, pred, {"true": "", "pred": "", "family": (), **cell})
        if true != pred and not view.is_super:
            st.button(
                _("Swap the classes"),
                icon=":material/swap_horiz:",
                type="tertiary",
                key="swap_cell",
                on_click=careful(selection.change),
                kwargs={"true": pred, "pred": true},
            )
        elif view.is_super:
            st.button(
                _("Show the classes inside"),
                icon=":material/zoom_in:",
                type="tertiary",
                key="drill",
                on_click=careful(selection.change),
                kwargs={"level": "class", "within": (true,) if true == pred else (true, pred)},
            )


def _to_misclassified(view: matrices.View, true: str, pred: str, cell: dict) -> None:
    """Link to the images of a cell on page Misclassified, for each model that has some there."""
    for model in view.models:
        if int(model.counts.loc[true, pred]):
            label = _("Open in Misclassified")
            if len(view.models) > 1:
                label = _("Misclassified by {model}").format(model=plain(model.name))
            place = {"data": model.table.data, "split": model.table.split, "table": model.key}
            st.page_link(
                "app_pages/misclassified.py",
                label=label,
                icon=":material/rule:",
                query_params=selection.link(**place, **cell, low=0, high=100, page=1),
            )


def _tiles(view: matrices.View, table: evaluations.Table, rows: pd.DataFrame) -> None:
    paths: dict[str, str] = {}
    if table.data in workspace.datasets():
        # The data set may have changed since: what is gone is shown as missing.
        with unreadable.item("data set", table.data):
            samples = workspace.dataset(table.data).samples(table.split)
            samples = samples[samples["id"].isin(rows["id"])]
            paths = dict(zip(samples["id"], samples["path"], strict=True))
    small = thumbnails([paths.get(sample) for sample in rows["id"]], 200)
    with st.grid("auto", min_column_width=104, gap="small"):
        for (_index, row), image in zip(rows.iterrows(), small, strict=True):
            with st.container(gap="xxsmall", key=f"pair_{row['id']}"):
                _tile(view, row, image)


def _tile(view: matrices.View, row: Any, image: bytes | str) -> None:
    names = [model.name for model in view.models if f"predicted:{model.name}" in row]
    if isinstance(image, bytes):
        first = row[f"predicted:{names[0]}"]
        alt = _("{label}, predicted as {predicted}") if first != row["label"] else _("An image of {label}")
        st.image(image, width="stretch", alt=alt.format(label=row["label"], predicted=first))
    else:
        st.caption(f":material/broken_image: {plain(image) or _(ROW_STATUS['missing'])}")
        st.caption(plain(row["id"]))
    if view.is_super:
        st.caption(_("true: {label}").format(label=plain(row["label"])))
    for name in names:
        predicted, confidence = row[f"predicted:{name}"], percent(row[f"confidence:{name}"])
        prefix = f"{plain(name)}: " if len(names) > 1 else ""
        class_name = f"**{plain(predicted)}** " if len(names) > 1 or view.is_super else ""
        st.caption(f"{mark(predicted == row['label'])} {prefix}{class_name}{confidence}")
