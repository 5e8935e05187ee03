"""Fine-tuning on page Filters: what it changed, layer by layer and filter by filter."""

from functools import partial
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from carvis.errors import CarvisError
from carvis.images import encode_image
from carvis.progress import Progress, partial_progress
from carvis.tables import to_csv
from ui.filters import controls, pattern_grid
from ui.state import current, selection, workspace
from ui.state.i18n import _, n_
from ui.state.models import Opened
from ui.state.rates import Work
from ui.widgets import layer_picker
from ui.widgets.chart import cached_chart
from ui.widgets.download import download
from ui.widgets.images import encoded_once
from ui.widgets.job import on_request
from ui.widgets.layout import error, guarded
from ui.widgets.text import percent, plain

if TYPE_CHECKING:
    from carvis.explain import FilterPatterns
    from carvis.explain.units.fine_tuning import Pair

_MOST_FILTERS, _MOST_IMAGES = 6, 100


def show(opened: dict[str, Opened], models: list[str], settings: DeltaGenerator) -> None:
    """Show a model and one fine-tuned from it."""
    from carvis.explain import matching_layers

    base, tuned = (opened[name] for name in models)
    if base is tuned:
        st.info(_("Choose two different models: a base model, and one fine-tuned from it."), icon=":material/explore:")
        return
    try:
        pairs = matching_layers(base.clf, tuned.clf)
    except CarvisError as problem:
        error(problem)
        return
    _overview(pairs)
    pair = _choose_pair(pairs, tuned)
    if pair.same:
        sentence = _(
            "{layer} and all layers before it are identical in both models, as after freezing: so are its "
            "patterns and activations."
        )
        st.success(sentence.format(layer=plain(pair.after)), icon=":material/lock:")
    elif pair.same_weights:
        sentence = _("{layer} has the same weights in both models, but layers before it changed, so its input differs.")
        st.info(sentence.format(layer=plain(pair.after)), icon=":material/lock_open:")
    _filters(base, tuned, pair)


def _overview(pairs: "list[Pair]") -> None:
    table = pd.DataFrame(
        {
            "place": range(1, len(pairs) + 1),
            "layer": [pair.after for pair in pairs],
            "change": [pair.change for pair in pairs],
            "state": [_("identical") if pair.same_weights else _("changed") for pair in pairs],
        }
    )
    same = sum(pair.same for pair in pairs)
    sentence = n_(
        "{same} of {n} convolution is identical in both models.",
        "{same} of {n} convolutions are identical in both models, with all layers before them.",
        len(pairs),
    ).format(same=same, n=len(pairs))
    st.markdown(f"**{sentence}**")
    st.vega_lite_chart(_changes(table), width="stretch", height=240, alt=sentence)


@cached_chart
def _changes(table: pd.DataFrame) -> alt.LayerChart:
    states = [_("identical"), _("changed")]
    base_chart = alt.Chart(table).encode(
        x=alt.X(
            "layer:N",
            sort=None,
            title=None,
            axis=alt.Axis(labelAngle=-40, labelLimit=110, labelOverlap=len(table) > 24),
        ),
        y=alt.Y("change:Q", title=_("Weight change"), axis=alt.Axis(format="%")),
        color=alt.Color("state:N", title=None, scale=alt.Scale(domain=states, range=["#8a8f98", "#31688e"])),
        shape=alt.Shape("state:N", title=None, scale=alt.Scale(domain=states, range=["square", "circle"])),
        tooltip=[
            alt.Tooltip("layer:N", title=_("Layer")),
            alt.Tooltip("state:N", title=_("State")),
            alt.Tooltip("change:Q", title=_("Weight change"), format=".2%"),
        ],
    )
    rules = base_chart.mark_rule(strokeWidth=3).encode(y2=alt.datum(0))
    return rules + base_chart.mark_point(filled=True, size=80, opacity=1)


def _choose_pair(pairs: "list[Pair]", tuned: Opened) -> "Pair":
    by_path = {pair.after: pair for pair in pairs}
    path = layer_picker.chosen_layer(tuned.name)
    path = path if path in by_path else pairs[-1].after
    key = f"pair_{tuned.name}"
    selection.show(key, path)
    st.selectbox(
        _("Layer of {model}").format(model=plain(tuned.name)),
        list(by_path),
        key=key,
        width=320,
        on_change=selection.by_person(key, layer_picker.take_layer),
        args=(tuned.name, None, key),
    )
    return by_path[path]


def _filters(base: Opened, tuned: Opened, pair: "Pair") -> None:
    from carvis.explain import tuning_table

    name, split = current.dataset_name(), current.split()
    samples = None
    if split:
        with guarded():
            samples = workspace.dataset(name).samples(split)
    paths = [] if samples is None else samples["path"].iloc[:: max(1, -(-len(samples) // _MOST_IMAGES))].tolist()
    filter_settings = controls.filter_settings()
    changes = tuning_table(base.clf, tuned.clf, pair)
    filters = (
        changes.sort_values("weight_change", ascending=False, kind="stable")["filter"].head(_MOST_FILTERS).tolist()
    )
    steps = 2 * len(filters)

    def make(progress: Progress) -> "tuple[pd.DataFrame, list[FilterPatterns]]":
        with base.lock, tuned.lock:
            table = tuning_table(
                base.clf, tuned.clf, pair, paths, progress=partial_progress(progress, 0, 100 / (1 + steps))
            )
        patterns = []
        for place, (model, layer) in enumerate(((base, pair.before), (tuned, pair.after))):
            before = 1 + place * len(filters)
            patterns.append(
                pattern_grid.draw(
                    model,
                    layer,
                    filters,
                    filter_settings,
                    partial_progress(progress, 100 * before / (1 + steps), 100 * (before + len(filters)) / (1 + steps)),
                )
            )
        return table, patterns

    prints = base.clf.fingerprint, tuned.clf.fingerprint
    key = repr(("tuning", prints, pair, filters, filter_settings, name, split, paths))
    note_text = n_(
        "Patterns of {filters} filters, activations on {n} image.",
        "Patterns of {filters} filters, activations on {n} images.",
        len(paths),
    )
    note = note_text.format(filters=len(filters), n=len(paths))
    result = None
    with guarded():
        work = Work(("tuning", prints, pair.after, filter_settings), len(filters) + len(paths))
        result = on_request(key, _("Compare filters"), make, note, work=work)
    if not result:
        return
    table, (before, after) = result
    _side_by_side(base.name, tuned.name, before, after, table)
    st.dataframe(
        table.sort_values("weight_change", ascending=False, kind="stable"),
        hide_index=True,
        height=280,
        alt=_("Change of each filter of {layer}").format(layer=pair.after),
        column_config={
            "filter": st.column_config.NumberColumn(_("Filter")),
            "weight_change": st.column_config.NumberColumn(_("Weight change"), format="percent"),
            "activation_change": st.column_config.NumberColumn(
                _("Activation change"),
                format="percent",
                help=_("0 %: both respond alike. 100 %: one is 0 wherever the other responds."),
            ),
        },
    )
    with st.container(horizontal=True, gap="xsmall"):
        download(
            _("Figure"),
            lambda: _figure(base.name, tuned.name, before, after, pair.after),
            file_name=f"{tuned.name}--{pair.after.replace('/', '_')}--changes.png",
            help=_("The patterns of both models as one PNG file"),
        )
        download(
            _("Numbers"),
            lambda: to_csv(table).encode(),
            file_name=f"{tuned.name}--{pair.after.replace('/', '_')}--changes.csv",
            icon=":material/table:",
            help=_("The change of each filter as a CSV file"),
        )


def _figure(name_before: str, name_after: str, before: "FilterPatterns", after: "FilterPatterns", layer: str) -> bytes:
    from carvis.figures import figure_bytes, image_sheet

    captions = [str(index) for index in before.filters]
    rows = [(name_before, list(before.images), captions), (name_after, list(after.images), captions)]
    return figure_bytes(image_sheet(rows, title=layer))


def _side_by_side(
    name_before: str, name_after: str, before: "FilterPatterns", after: "FilterPatterns", table: pd.DataFrame
) -> None:
    st.markdown(
        _("**Filters with the largest weight change**: {before} above, {after} below").format(
            before=plain(name_before), after=plain(name_after)
        )
    )
    rows = table.set_index("filter")
    with st.grid("auto", min_column_width=130, gap="small"):
        for index, first, second in zip(before.filters, before.images, after.images):
            with st.container(gap="xsmall"):
                changes = rows.loc[index]
                for name, image in ((name_before, first), (name_after, second)):
                    alt = _("Pattern of filter {index} in {model}").format(index=index, model=name)
                    st.image(encoded_once(partial(encode_image, image, "PNG"), "PNG", image), width="stretch", alt=alt)
                facts = [
                    _("filter {index}").format(index=int(index)),
                    _("weights {change}").format(change=percent(changes["weight_change"])),
                ]
                if "activation_change" in changes:
                    facts.append(_("activation {change}").format(change=percent(changes["activation_change"])))
                st.caption(" · ".join(facts))
