"""The spectra of the patterns or the activations of each layer."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from carvis.errors import CarvisError
from carvis.progress import Progress, partial_progress
from carvis.tables import to_csv
from ui.filters import controls, pattern_grid
from ui.filters.selection import FilterSelection
from ui.state import current, selection, workspace
from ui.state.i18n import _
from ui.state.models import Opened
from ui.state.rates import Work
from ui.widgets.chart import Chart, cached_chart
from ui.widgets.download import download
from ui.widgets.job import on_request
from ui.widgets.layout import error, guarded
from ui.widgets.pickers import segments
from ui.widgets.text import plain

if TYPE_CHECKING:
    from carvis.explain import Spectrum

# A layer costs a second before its first pattern: a few of many layers show the course.
_MOST_LAYERS, _FILTERS_A_LAYER, _MOST_IMAGES = 10, 16, 60
# The name of a work, its label and note, what does it, and how much it is.
_Task = tuple[str, str, str, Callable[[Progress], "dict[str, dict[str, Spectrum]]"], Work]


def show(opened: dict[str, Opened], models: list[str], settings: DeltaGenerator) -> None:
    """Show how fine the patterns, or the activations, of each layer are."""
    of = selection.get(FilterSelection).of
    segments("of", _("Spectrum"), controls.OF, of, wrap=True, label_visibility="collapsed")
    work = _of_patterns(opened) if of == "patterns" else _of_activations(opened)
    if work is None:
        return
    key, label, note, measure, size = work
    spectra = None
    with guarded():
        spectra = on_request(key, label, measure, note, work=size)
    if spectra:
        _show_spectra(spectra, noise_side=selection.get(FilterSelection).size if of == "patterns" else 0)


def _of_patterns(opened: dict[str, Opened]) -> _Task:
    filter_settings, count = controls.filter_settings(), min(selection.get(FilterSelection).count, _FILTERS_A_LAYER)
    plan = [
        (name, layer, list(range(min(count, pattern_grid.depth(model, layer)))))
        for name, model in opened.items()
        for layer in _evenly_spaced(model.clf.conv_layers)
    ]
    total = sum(len(filters) for _name, _layer, filters in plan)

    def make(progress: Progress) -> "dict[str, dict[str, Spectrum]]":
        from carvis.explain import pattern_spectrum

        spectra: dict[str, dict[str, Spectrum]] = {name: {} for name in opened}
        done = 0
        for name, layer, filters in plan:
            patterns = pattern_grid.draw(
                opened[name],
                layer,
                filters,
                filter_settings,
                partial_progress(progress, 100 * done / total, 100 * (done + len(filters)) / total),
            )
            spectra[name][layer] = pattern_spectrum(patterns)
            done += len(filters)
        return spectra

    key = repr(("pattern spectra", [model.clf.fingerprint for model in opened.values()], plan, filter_settings))
    note = _("{n} patterns: at most {filters} filters per layer and {layers} layers per model.")
    work = Work(("pattern spectra", [model.clf.fingerprint for model in opened.values()], filter_settings), total)
    return key, _("Measure patterns"), note.format(n=total, filters=count, layers=_MOST_LAYERS), make, work


def _of_activations(opened: dict[str, Opened]) -> "_Task | None":
    name, split = current.dataset_name(), current.split()
    if not split:
        st.info(
            _("Add a data set below `data/`: the activations are measured on its images."), icon=":material/explore:"
        )
        return None
    try:
        samples = workspace.dataset(name).samples(split)
    except CarvisError as problem:
        error(problem)
        return None
    # Evenly through the split, whose images lie class by class.
    paths = samples["path"].iloc[:: max(1, -(-len(samples) // _MOST_IMAGES))].tolist()

    def make(progress: Progress) -> "dict[str, dict[str, Spectrum]]":
        from carvis.explain import activation_spectra

        spectra: dict[str, dict[str, Spectrum]] = {}
        for number, (model_name, model) in enumerate(opened.items()):
            with model.lock:
                spectra[model_name] = activation_spectra(
                    model.clf,
                    paths,
                    progress=partial_progress(progress, 100 * number / len(opened), 100 * (number + 1) / len(opened)),
                )
        return spectra

    key = repr(("activation spectra", [model.clf.fingerprint for model in opened.values()], name, split, paths))
    note = _("{n} images, evenly spaced over the split.").format(n=len(paths))
    work = Work(("activation spectra", [model.clf.fingerprint for model in opened.values()]), len(paths))
    return key, _("Measure activations"), note, make, work


def _evenly_spaced(layers: list[str]) -> list[str]:
    """Return at most so many layers, evenly from the first to the last."""
    most = min(_MOST_LAYERS, len(layers))
    return [layers[round(i * (len(layers) - 1) / max(1, most - 1))] for i in range(most)]


def _show_spectra(spectra: "dict[str, dict[str, Spectrum]]", noise_side: int) -> None:
    from carvis.explain import white_noise

    noise = white_noise(noise_side) if noise_side else None
    rows = [
        (name, place, layer, spectrum.centroid_per_image, spectrum.centroid, spectrum.side, spectrum.count)
        for name, layers in spectra.items()
        for place, (layer, spectrum) in enumerate(layers.items(), 1)
    ]
    table = pd.DataFrame(rows, columns=["model", "place", "layer", "per_image", "per_pixel", "side", "count"])
    finding = _finding(table, noise)
    st.markdown(finding)
    chart = _means(table, None if noise is None else noise.centroid_per_image)
    st.vega_lite_chart(chart, width="stretch", height=320, alt=finding)
    st.dataframe(
        table.drop(columns="place"),
        hide_index=True,
        alt=finding,
        column_config={
            "model": st.column_config.TextColumn(_("Model")),
            "layer": st.column_config.TextColumn(_("Layer")),
            "per_image": st.column_config.NumberColumn(_("Cycles per image"), format="%.1f"),
            "per_pixel": st.column_config.NumberColumn(_("Cycles per pixel of the feature map"), format="%.3f"),
            "side": st.column_config.NumberColumn(_("Side in pixels")),
            "count": st.column_config.NumberColumn(_("Patterns or channels")),
        },
    )
    with st.container(horizontal=True, gap="xsmall"):
        download(
            _("Figure"),
            lambda: _figure(spectra, noise),
            file_name="spectra.png",
            help=_("The spectrum of each layer and the mean frequencies as one PNG file"),
        )
        download(
            _("Numbers"),
            lambda: to_csv(_shares(spectra)).encode(),
            file_name="spectra.csv",
            icon=":material/table:",
            help=_("The share of power at each frequency as a CSV file"),
        )


def _finding(table: pd.DataFrame, noise: "Spectrum | None") -> str:
    """Say for each model whether later layers hold higher frequencies, and whether any differs from noise."""
    sentences = []
    for name, rows in table.dropna().groupby("model", sort=False):
        first, last = rows["per_image"].iloc[0], rows["per_image"].iloc[-1]
        if len(rows) < 2 or abs(last - first) < 0.1 * first:
            sentence = _(
                "**{model}**: the mean frequency is about the same in the first and the last layer ({first} and "
                "{last} cycles per image)."
            )
        elif last > first:
            sentence = _(
                "**{model}**: the mean frequency is higher in the last layer than in the first ({last} and "
                "{first} cycles per image)."
            )
        else:
            sentence = _(
                "**{model}**: the mean frequency is lower in the last layer than in the first ({last} and "
                "{first} cycles per image)."
            )
        sentences.append(sentence.format(model=plain(name), first=f"{first:.1f}", last=f"{last:.1f}"))
    measured = table["per_image"].dropna()
    if (
        noise is not None
        and len(measured)
        and (abs(measured - noise.centroid_per_image) < 0.1 * noise.centroid_per_image).all()
    ):
        sentence = _(
            "The patterns of all layers are close to noise ({noise} cycles per image), so they hardly "
            "distinguish the layers."
        )
        sentences.append(sentence.format(noise=f"{noise.centroid_per_image:.1f}"))
    return "  \n".join(sentences)


@cached_chart
def _means(table: pd.DataFrame, noise: float | None) -> Chart:
    order = table["model"].unique().tolist()
    base = alt.Chart(table).encode(
        x=alt.X("place:Q", title=_("Layer, from input to output"), axis=alt.Axis(tickMinStep=1, format="d")),
        y=alt.Y("per_image:Q", title=_("Mean frequency (cycles per image)"), scale=alt.Scale(zero=True)),
        color=alt.Color("model:N", title=_("Model"), sort=order),
        shape=alt.Shape("model:N", title=_("Model"), sort=order),
        tooltip=[
            alt.Tooltip("model:N", title=_("Model")),
            alt.Tooltip("layer:N", title=_("Layer")),
            alt.Tooltip("per_image:Q", title=_("Cycles per image"), format=".1f"),
        ],
    )
    layers = [base.mark_line(), base.mark_point(filled=True, size=60)]
    if noise is not None:
        rule = pd.DataFrame({"mean": [noise], "words": [_("noise")]})
        layers.append(alt.Chart(rule).mark_rule(strokeDash=[4, 4], color="#8a8f98").encode(y="mean:Q"))
        text = alt.Chart(rule).mark_text(align="left", dy=-7, color="#8a8f98")
        layers.append(text.encode(y="mean:Q", x=alt.value(4), text="words:N"))
    return alt.layer(*layers)


def _figure(spectra: "dict[str, dict[str, Spectrum]]", noise: "Spectrum | None") -> bytes:
    from carvis.figures import figure_bytes, layer_spectra

    return figure_bytes(layer_spectra(spectra, noise=noise))


def _shares(spectra: "dict[str, dict[str, Spectrum]]") -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "model": name,
                "layer": layer,
                "cycles_per_image": spectrum.per_image,
                "cycles_per_pixel": spectrum.per_pixel,
                "share_of_power": spectrum.share,
            }
        )
        for name, layers in spectra.items()
        for layer, spectrum in layers.items()
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
