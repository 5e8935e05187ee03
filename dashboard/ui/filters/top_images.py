"""Top images on page Filters: the images that activate a filter most, and where."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from carvis.errors import CarvisError
from carvis.images import encode_image, overlay, read_image
from carvis.progress import Progress
from carvis.tables import to_csv
from carvis.workspace import modified
from ui.filters import controls, pattern_grid
from ui.state import current, jobs, workspace
from ui.state.i18n import _, n_
from ui.state.models import Opened
from ui.state.rates import Work
from ui.widgets import commands
from ui.widgets.download import download
from ui.widgets.images import encoded_once, shown
from ui.widgets.job import on_request
from ui.widgets.layout import empty, error, guarded
from ui.widgets.text import plain

if TYPE_CHECKING:
    from carvis.explain import TopImages


def show(opened: dict[str, Opened], models: list[str], settings: DeltaGenerator) -> None:
    """Show one filter's pattern beside the images of the split that activate it most."""
    from carvis.explain import top_images

    model = next(iter(opened.values()))
    name, split = current.dataset_name(), current.split()
    if not split:
        empty(_("No images yet"), _("Put a data set below `data/`:"), commands.carvis("demo"))
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layer = controls.layer_of(model)
        if layer is None:
            error(
                _(
                    "{model} has no convolution with a feature map larger than 1x1: there are no filters to draw."
                ).format(model=model.name)
            )
            return
        with st.container(width=180):
            index = controls.channel(pattern_grid.depth(model, layer))
    clf = model.clf
    try:
        dataset = workspace.dataset(name)
        n = len(dataset.samples(split))
    except CarvisError as problem:
        error(problem)
        return

    def search(progress: Progress) -> "TopImages":
        return top_images(clf, dataset, split, layer, cache=jobs.cache("exciting"), progress=progress)

    def make(progress: Progress) -> "TopImages":
        with model.lock:
            return search(progress)

    result = None
    with guarded():
        cached = search(lambda done, total: True)
        key = repr(("exciting", clf.fingerprint, layer, dataset.fingerprint, split))
        label = n_("Search {n} image", "Search {n} images", n).format(n=n)
        note = _("One search covers all filters of the layer.")
        work = Work(("top images", clf.fingerprint, layer), n)
        result = cached if cached.n_images else on_request(key, label, make, note, work=work)
    if result:
        _show(result, model, layer, index)


def _show(result: "TopImages", model: Opened, layer: str, index: int) -> None:
    rows = result.of(index)
    rows = rows[rows["path"].notna()]
    activations: list[np.ndarray] = []
    left, right = st.columns([1, 4], gap="medium")
    with left:
        st.markdown(f"**{_('Pattern of filter {index}').format(index=index)}**")
        with st.spinner(_("Drawing …")), guarded():
            pattern_grid.tiles_large(
                pattern_grid.draw(model, layer, [index], controls.filter_settings(), lambda *_done: None)
            )
    with right:
        count = n_("of {n} image", "of {n} images", result.n_images).format(n=result.n_images)
        st.markdown(f"**{_('Top images')}** ({count})")
        if rows.empty:
            st.info(
                _("No image of this split activates this filter."),
                icon=":material/volume_off:",
            )
        else:
            with guarded():
                activations = _activations(
                    model.clf.fingerprint,
                    tuple(rows["path"]),
                    tuple(map(modified, rows["path"])),
                    layer,
                    index,
                    _model=model,
                )
            _tiles(rows, activations, index)
        if result.skipped:
            n = len(result.skipped)
            st.caption(
                n_(
                    "{n} image could not be read and was skipped.",
                    "{n} images could not be read and were skipped.",
                    n,
                ).format(n=n)
            )
    with st.container(horizontal=True, gap="xsmall"):
        download(
            _("Figure"),
            lambda: _figure(rows, activations, f"{model.name} · {layer} · {index}"),
            file_name=f"{model.name}--{layer.replace('/', '_')}--{index}.png",
            disabled=not activations,
            help=_("The images overlaid with the filter's activations as one PNG file"),
        )
        download(
            _("Numbers"),
            lambda: to_csv(result.table.drop(columns="path")).encode(),
            file_name=f"{model.name}--{layer.replace('/', '_')}--top-images.csv",
            icon=":material/table:",
            help=_("The top images of each filter of the layer, with activation and position, as a CSV file"),
        )


def _figure(rows: pd.DataFrame, activations: list[np.ndarray], title: str) -> bytes:
    from carvis.figures import figure_bytes, image_sheet

    images = [
        _overlaid(row.path, activation, activations)
        for row, activation in zip(rows.itertuples(), activations, strict=True)
    ]
    captions = [f"{row.label} {row.value:.2f}" for row in rows.itertuples()]
    return figure_bytes(image_sheet([("", images, captions)], title=title))


def _overlaid(path: str, activation: np.ndarray, activations: list[np.ndarray]) -> np.ndarray:
    """Overlay activations on their image, all images of a filter on one scale."""
    maximum = max(float(other.max()) for other in activations) or 1.0
    return overlay(shown(read_image(path), 360), activation / maximum, 0.6, "viridis")


def _encoded(path: str, activation: np.ndarray, activations: list[np.ndarray]) -> bytes:
    return encode_image(_overlaid(path, activation, activations))


def _tiles(rows: pd.DataFrame, activations: list[np.ndarray], index: int) -> None:
    with st.grid("auto", min_column_width=170, gap="small"):
        for row, activation in zip(rows.itertuples(), activations):
            with st.container(gap="xsmall"), guarded():
                alt = _(
                    "{name}: largest activation of filter {index} at {x} from the left and {y} from the top"
                ).format(name=row.id, index=index, x=f"{row.x:.0%}", y=f"{row.y:.0%}")
                draw = partial(_encoded, row.path, activation, activations)
                top = float(max(other.max() for other in activations))
                image = encoded_once(draw, "top image", row.path, modified(row.path), activation, top)
                st.image(image, width="stretch", alt=alt)
                st.markdown(plain(row.label))
                value = _("activation {value}").format(value=f"{row.value:.2f}")
                st.caption(f"{value} · {plain(str(row.id).rsplit('/', 1)[-1])}")


@st.cache_data(max_entries=64, show_spinner=False)
def _activations(
    fingerprint: str,
    paths: tuple[str, ...],
    times: tuple[int, ...],
    layer: str,
    index: int,
    *,
    _model: Opened,
) -> list[np.ndarray]:
    from carvis.explain import activation_maps

    with _model.lock:
        return activation_maps(_model.clf, list(paths), layer, index)
