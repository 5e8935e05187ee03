"""Heatmaps of several models side by side, one row per image."""

import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from carvis.errors import ImageError
from carvis.images import USUAL, colorize, encode_image, fitted, read_image, resize
from ui.heatmaps.explanation import explain
from ui.heatmaps.selection import HeatmapSelection
from ui.state.i18n import _, of_library
from ui.state.models import Opened, stamp_of
from ui.state.samples import Sample
from ui.state.widget_values import careful
from ui.widgets import error_message
from ui.widgets.download import download
from ui.widgets.images import encoded, encoded_once, overlaid, shown
from ui.widgets.text import mark, percent, plain, verdict

if TYPE_CHECKING:
    from carvis.explain import Heatmap

_HEATMAP_SIDE = 480
_CACHED_BYTES = 2_000_000


@st.cache_data(max_entries=64, show_spinner=False)
def _read(stamp: object, *, _source: Path | bytes) -> tuple[np.ndarray, np.ndarray | None]:
    """Return an image as it is shown, and as it is; a photograph only as shown, for a page of them fills the memory."""
    image = read_image(_source)
    return shown(image), image if image.nbytes <= _CACHED_BYTES else None


def row_of(sample: Sample, models: list[str], number: int) -> "list[HeatmapRow]":
    """Draw the frame of an image's row; no row where it is an upload that cannot be read, which is named instead."""
    try:
        return [HeatmapRow(sample, models, number)]
    except ImageError as problem:
        if isinstance(sample.source, Path):
            raise
        st.error(f"**{plain(sample.name)}**: {plain(of_library(problem))}", icon=":material/broken_image:")
        return []


class HeatmapRow:
    """One image and its heatmaps: the frame is drawn at once, the heatmaps as they are computed."""

    def __init__(self, sample: Sample, models: list[str], number: int):
        self.sample = sample
        self.stamp = stamp_of(sample)
        self.image, self.original = _read(self.stamp, _source=sample.source)
        self.heatmaps: dict[str, Heatmap] = {}
        self.correct: dict[str, bool | None] = {}
        grid = st.grid(len(models) + 1, min_column_width=210, gap="small")
        with grid.cell():
            title = _("Image")
            st.markdown(f"**{title}**  \n{_true_class(sample)}")
            st.image(
                encoded(self.image, self.stamp),
                width="stretch",
                alt=_("The image {name}").format(name=sample.name),
            )
            st.caption(plain(sample.id if isinstance(sample.source, Path) else sample.name))
            self.actions = st.container(horizontal=True, gap="xsmall")
        self.cells = {name: grid.cell() for name in models}
        self.slots = {}
        for name, cell in self.cells.items():
            with cell:
                self.slots[name] = st.container(gap="small")
        self.below = st.container()
        self.number = number

    def source_for(self, model: Opened) -> np.ndarray | Path | bytes:
        """Return the image in a form that the model reads with its own settings."""
        standard = model.clf.reading == USUAL and model.clf.channels == 3
        return self.original if standard and self.original is not None else self.sample.source

    def large(self) -> np.ndarray:
        """Return the image as it is drawn into figures."""
        return fitted(read_image(self.sample.source) if self.original is None else self.original)

    def compute(self, model: Opened, chosen: HeatmapSelection, layer: str | None) -> None:
        """Compute one model's heatmap, or say why there is none."""
        slot = self.slots[model.name]
        try:
            with slot.skeleton(height=260):
                heatmap = explain(model, self.sample, chosen, layer)
        # Whatever TensorFlow says to one model and image, the others are still shown.
        except Exception as problem:
            with slot:
                st.markdown(f"**{plain(model.name)}**")
                error_message.show(problem)
            return
        if isinstance(heatmap, str):
            slot.markdown(f"**{plain(model.name)}**")
            slot.error(plain(heatmap), icon=":material/error:")
        else:
            self.heatmaps[model.name] = heatmap
            # Neither right nor wrong where the label is not one of the model's classes.
            known = self.sample.label in model.clf.class_names
            self.correct[model.name] = heatmap.predicted_name == self.sample.label if known else None

    def draw(self, name: str, values: np.ndarray, chosen: HeatmapSelection) -> None:
        """Show one model's prediction and its heatmap, whose ``values`` are scaled to [0, 1]."""
        heatmap = self.heatmaps[name]
        with self.slots[name]:
            correct = self.correct[name]
            prediction = f"{plain(heatmap.predicted_name)} ({percent(heatmap.confidence)}) {mark(correct)}"
            st.markdown(f"**{plain(name)}**  \n{prediction}")
            alt = _("{model} predicts {predicted} ({verdict}); heatmap for {target}").format(
                model=name, predicted=heatmap.predicted_name, verdict=verdict(correct), target=_explained(heatmap)
            )
            if chosen.view in ("overlay", "both"):
                image = overlaid(self.image, self.stamp, values, chosen.strength, chosen.colours)
                st.image(image, width="stretch", alt=alt)
            if chosen.view in ("map", "both"):
                matrix = encoded_once(lambda: _matrix(values, chosen.colours), "matrix", values, chosen.colours)
                st.image(matrix, width="stretch", alt=alt)
            if heatmap.status != "ok":
                st.warning(of_library(heatmap.message), title=_("No evidence"), icon=":material/visibility_off:")
            for note in heatmap.notes:
                st.caption(f":material/info: {plain(of_library(note))}")
            st.caption(_facts(heatmap))

    def finish(self, chosen: HeatmapSelection, remove: Callable[[str], None] | None, verdicts: dict[str, str]) -> None:
        """Add what can be done with the whole row.

        Args:
            verdicts: of the tested heatmaps, by model.
        """
        with self.actions:
            if self.heatmaps:
                stem = Path(self.sample.name).stem
                download(
                    _("Figure"),
                    lambda: _figure(self, chosen, verdicts),
                    file_name=f"{stem}-heatmaps.png",
                    key=f"figure_{self.number}",
                    help=_("The image, the overlays and the heatmaps as one PNG file"),
                )
                download(
                    _("Numbers"),
                    lambda: _numbers(self.heatmaps),
                    file_name=f"{stem}-heatmaps.{'npz' if len(self.heatmaps) == 1 else 'zip'}",
                    key=f"numbers_{self.number}",
                    help=_("The raw heatmaps as NumPy files, one per model"),
                )
            if remove:
                st.button(
                    _("Remove"),
                    icon=":material/close:",
                    type="tertiary",
                    key=f"remove_{self.sample.id}",
                    on_click=careful(remove),
                    args=(self.sample.id,),
                )


def _true_class(sample: Sample) -> str:
    if sample.label is None:
        return _("label unknown")
    return _("true: {label}").format(label=f"**{plain(sample.label)}**")


def _facts(heatmap: "Heatmap") -> str:
    height, width = heatmap.raw.shape
    facts = [
        _("evidence for **{target}**").format(target=plain(_explained(heatmap))),
        f"{plain(heatmap.layer)} {height}×{width}",
        _("input: {preprocessing}").format(preprocessing=plain(heatmap.input_words)),
    ]
    return " · ".join(facts)


def _explained(heatmap: "Heatmap") -> str:
    if heatmap.against is None:
        return heatmap.target_name
    first, second = (heatmap.class_names[index] for index in (heatmap.target, heatmap.against))
    return _("{one} rather than {other}").format(one=first, other=second)


def _matrix(values: np.ndarray, colours: str) -> bytes:
    return encode_image(resize(colorize(values, colours), _cells(values), "nearest"), "PNG")


def _cells(values: np.ndarray) -> tuple[int, int]:
    """Return a size at which every cell of a heatmap is the same whole number of pixels."""
    factor = max(1, _HEATMAP_SIDE // max(values.shape))
    return values.shape[0] * factor, values.shape[1] * factor


def _figure(row: HeatmapRow, chosen: HeatmapSelection, verdicts: dict[str, str]) -> bytes:
    from carvis.figures import figure_bytes, heatmap_comparison

    figure = heatmap_comparison(
        row.large(),
        row.heatmaps,
        row.sample.label,
        alpha=chosen.strength / 100,
        colormap=chosen.colours,
        scale=chosen.scale,
        verdicts=verdicts,
    )
    return figure_bytes(figure)


def _numbers(heatmaps: "dict[str, Heatmap]") -> bytes:
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        files = [heatmap.save(Path(folder) / f"{name.replace('/', '_')}.npz") for name, heatmap in heatmaps.items()]
        if len(files) == 1:
            return files[0].read_bytes()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.name)
    return buffer.getvalue()
