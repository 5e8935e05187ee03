"""What page Filters shows: patterns side by side, and spectra; the other two views have files of their own."""

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd
import streamlit as st

from carvis.errors import CarvisError
from carvis.tables import to_csv
from ui.filters import controls, fine_tuning, pattern_grid, top_images
from ui.state import classifiers, current, data, jobs, selection
from ui.state.i18n import _, n_
from ui.widgets import layer_picker
from ui.widgets.download import download
from ui.widgets.layout import error, guarded
from ui.widgets.text import plain

if TYPE_CHECKING:
    from carvis.explain import Spectrum

Models = dict[str, classifiers.Opened]
# A layer costs a second before its first pattern: a few of many layers show the course.
_MOST_LAYERS, _FILTERS_A_LAYER, _PICTURES = 10, 16, 60


def patterns(opened: Models, models: list[str], settings) -> None:
    """Show the first filters of one layer of each model."""
    with settings:
        layers, problems = layer_picker.choose_layers(opened, convolutions=True)
    for sentence in problems:
        error(sentence)
    how = controls.filter_settings()
    wanted = {
        name: list(range(min(selection.get().count, pattern_grid.depth(opened[name], layer))))
        for name, layer in layers.items()
        if layer
    }
    for name in opened.keys() - wanted.keys():
        error(_("{model} has no convolution, so it has no filters to draw.").format(model=name))
    drawn = {name: pattern_grid.known(opened[name], layers[name], wanted[name], how) for name in wanted}
    total = sum(len(filters) for filters in wanted.values())
    missing = total - sum(len(one.filters) for one in drawn.values())

    def make(watch) -> dict:
        made, done = {}, 0
        for name, filters in wanted.items():
            before = done
            made[name] = pattern_grid.draw(
                opened[name],
                layers[name],
                filters,
                how,
                lambda share, _total, before=before: watch(before + share, total),
            )
            done += len(filters)
        return made

    if missing:
        label = n_("Draw {n} pattern", "Draw {n} patterns", missing).format(n=missing)
        key = repr(
            ("patterns", [(opened[name].classifier.fingerprint, layers[name], wanted[name]) for name in wanted], how)
        )
        with guarded():
            drawn = jobs.on_request(key, label, make, _("What is drawn is kept, also when you stop."), drawn) or drawn
    if not any(one.filters for one in drawn.values()):
        return
    columns = st.columns(len(drawn), gap="medium")
    for number, (column, (name, one)) in enumerate(zip(columns, drawn.items())):
        with column:
            st.markdown(f"**{plain(name)}**")
            pattern_grid.facts(one)
            pattern_grid.tiles(one)
            pattern_grid.problems(one)
            pattern_grid.downloads(one, number)


def spectrum(opened: Models, models: list[str], settings) -> None:
    """Show how fine the patterns, or the activations, of each layer are."""
    controls.segments("of", _("Spectrum"), controls.OF, label_visibility="collapsed")
    of = selection.get().of
    make = _of_patterns(opened) if of == "patterns" else _of_activations(opened)
    if make is None:
        return
    key, label, note, work_out = make
    found = None
    with guarded():
        found = jobs.on_request(key, label, work_out, note)
    if found:
        _show_spectra(found, noise_side=selection.get().size if of == "patterns" else 0)


def _of_patterns(opened: Models):
    how, count = controls.filter_settings(), min(selection.get().count, _FILTERS_A_LAYER)
    plan = [
        (name, layer, list(range(min(count, pattern_grid.depth(model, layer)))))
        for name, model in opened.items()
        for layer in _some(model.classifier.conv_layers)
    ]
    total = sum(len(filters) for _name, _layer, filters in plan)

    def make(watch) -> "dict[str, dict[str, Spectrum]]":
        from carvis.explain import pattern_spectrum

        found, done = {name: {} for name in opened}, 0
        for name, layer, filters in plan:
            before = done
            one = pattern_grid.draw(
                opened[name], layer, filters, how, lambda share, _total, before=before: watch(before + share, total)
            )
            found[name][layer] = pattern_spectrum(one)
            done += len(filters)
        return found

    key = repr(("pattern spectra", [model.classifier.fingerprint for model in opened.values()], plan, how))
    note = _("{n} patterns: up to {filters} filters of up to {layers} layers of each model.")
    return key, _("Measure the patterns"), note.format(n=total, filters=count, layers=_MOST_LAYERS), make


def _of_activations(opened: Models):
    name, split = current.dataset_name(), current.split()
    if not split:
        st.info(
            _("Add a data set below `data/`: its images show what each layer passes on."), icon=":material/explore:"
        )
        return None
    try:
        samples = data.dataset(name).samples(split)
    except CarvisError as problem:
        error(problem)
        return None
    # Evenly through the split, whose images lie class by class.
    paths = samples["path"].iloc[:: max(1, -(-len(samples) // _PICTURES))].tolist()

    def make(watch) -> "dict[str, dict[str, Spectrum]]":
        from carvis.explain import activation_spectra

        found = {}
        for place, (model_name, model) in enumerate(opened.items()):
            with model.lock:
                found[model_name] = activation_spectra(
                    model.classifier,
                    paths,
                    progress=lambda done, total, place=place: watch(place + done / total, len(opened)),
                )
        return found

    key = repr(("activation spectra", [model.classifier.fingerprint for model in opened.values()], name, split, paths))
    note = _("{n} images of the split, spread evenly over it.").format(n=len(paths))
    return key, _("Measure the activations"), note, make


def _some(layers: list[str]) -> list[str]:
    """Return at most so many layers, evenly from the first to the last."""
    most = min(_MOST_LAYERS, len(layers))
    return [layers[round(i * (len(layers) - 1) / max(1, most - 1))] for i in range(most)]


def _show_spectra(found: "dict[str, dict[str, Spectrum]]", noise_side: int) -> None:
    from carvis.explain import white_noise

    noise = white_noise(noise_side) if noise_side else None
    rows = [
        (name, place, layer, one.centroid_per_image, one.centroid, one.side, one.count)
        for name, layers in found.items()
        for place, (layer, one) in enumerate(layers.items(), 1)
    ]
    table = pd.DataFrame(rows, columns=["model", "place", "layer", "per_image", "per_pixel", "side", "count"])
    words = _finding(table, noise)
    st.markdown(words)
    st.altair_chart(_means(table, noise), width="stretch", height=320, alt=words)
    st.dataframe(
        table.drop(columns="place"),
        hide_index=True,
        alt=words,
        column_config={
            "model": st.column_config.TextColumn(_("Model")),
            "layer": st.column_config.TextColumn(_("Layer")),
            "per_image": st.column_config.NumberColumn(_("Cycles per image"), format="%.1f"),
            "per_pixel": st.column_config.NumberColumn(_("Cycles a pixel of the map"), format="%.3f"),
            "side": st.column_config.NumberColumn(_("Side in pixels")),
            "count": st.column_config.NumberColumn(_("Maps measured")),
        },
    )
    with st.container(horizontal=True, gap="xsmall"):
        download(
            _("Figure"),
            lambda: _figure(found, noise),
            file_name="spectra.png",
            help=_("The spectrum of every layer and the mean frequencies as one PNG file"),
        )
        download(
            _("Numbers"),
            lambda: to_csv(_shares(found)).encode(),
            file_name="spectra.csv",
            icon=":material/table:",
            help=_("The share of power of every ring as a CSV file"),
        )


def _finding(table: pd.DataFrame, noise: "Spectrum | None") -> str:
    """Say for each model whether later layers hold higher frequencies, and whether any differs from noise."""
    sentences = []
    for name, rows in table.dropna().groupby("model", sort=False):
        first, last = rows["per_image"].iloc[0], rows["per_image"].iloc[-1]
        if len(rows) < 2 or abs(last - first) < 0.1 * first:
            words = _("**{model}**: first and last layer hold about the same frequencies, {first} and {last} cycles.")
        elif last > first:
            words = _("**{model}**: the last layer holds higher frequencies than the first, {last} to {first} cycles.")
        else:
            words = _("**{model}**: the last layer holds lower frequencies than the first, {last} to {first} cycles.")
        sentences.append(words.format(model=plain(name), first=f"{first:.1f}", last=f"{last:.1f}"))
    measured = table["per_image"].dropna()
    if (
        noise is not None
        and len(measured)
        and (abs(measured - noise.centroid_per_image) < 0.1 * noise.centroid_per_image).all()
    ):
        words = _("No layer's patterns are far from noise ({noise} cycles): these patterns hardly tell layers apart.")
        sentences.append(words.format(noise=f"{noise.centroid_per_image:.1f}"))
    return "  \n".join(sentences)


def _means(table: pd.DataFrame, noise: "Spectrum | None") -> alt.LayerChart:
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
        rule = pd.DataFrame({"mean": [noise.centroid_per_image], "words": [_("noise")]})
        layers.append(alt.Chart(rule).mark_rule(strokeDash=[4, 4], color="#8a8f98").encode(y="mean:Q"))
        text = alt.Chart(rule).mark_text(align="left", dy=-7, color="#8a8f98")
        layers.append(text.encode(y="mean:Q", x=alt.value(4), text="words:N"))
    return alt.layer(*layers)


def _figure(found: "dict[str, dict[str, Spectrum]]", noise: "Spectrum | None") -> bytes:
    from carvis.figures import figure_bytes, layer_spectra

    return figure_bytes(layer_spectra(found, noise=noise))


def _shares(found: "dict[str, dict[str, Spectrum]]") -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "model": name,
                "layer": layer,
                "cycles_per_image": one.per_image,
                "cycles_per_pixel": one.per_pixel,
                "share_of_power": one.share,
            }
        )
        for name, layers in found.items()
        for layer, one in layers.items()
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


VIEWS = {"patterns": patterns, "spectrum": spectrum, "tuning": fine_tuning.show, "pictures": top_images.show}
