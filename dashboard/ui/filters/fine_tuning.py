"""The fine-tuning lens on page Filters: what training on changed, layer by layer and filter by filter."""

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
from ui.widgets import layer_picker
from ui.widgets.download import download
from ui.widgets.job import on_request
from ui.widgets.layout import error, guarded
from ui.widgets.text import percent, plain

if TYPE_CHECKING:
    from carvis.explain import FilterPatterns
    from carvis.explain.units.fine_tuning import Pair

_SHOWN, _PICTURES = 6, 100


def show(opened: dict[str, Opened], models: list[str], settings: DeltaGenerator) -> None:
    """Show a model and one that was trained on from it."""
    from carvis.explain import matching_layers

    one, two = (opened[name] for name in models)
    if one is two:
        st.info(_("Choose two different models: a base model, and one fine-tuned from it."), icon=":material/explore:")
        return
    try:
        pairs = matching_layers(one.clf, two.clf)
    except CarvisError as problem:
        error(problem)
        return
    _overview(pairs)
    pair = _choose_pair(pairs, two)
    if pair.same:
        words = _(
            "{layer} and all layers before it are identical in both models, as after freezing: so are its "
            "patterns and activations."
        )
        st.success(words.format(layer=plain(pair.after)), icon=":material/lock:")
    elif pair.same_weights:
        words = _("{layer} has the same weights in both models, but layers before it changed, so its input differs.")
        st.info(words.format(layer=plain(pair.after)), icon=":material/lock_open:")
    _filters(one, two, pair)


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
    words = n_(
        "{same} of {n} convolution is identical in both models.",
        "{same} of {n} convolutions are identical in both models, with all layers before them.",
        len(pairs),
    ).format(same=same, n=len(pairs))
    st.markdown(f"**{words}**")
    states = [_("identical"), _("changed")]
    base = alt.Chart(table).encode(
        x=alt.X(
            "layer:N",
            sort=None,
            title=None,
            axis=alt.Axis(labelAngle=-40, labelLimit=110, labelOverlap=len(pairs) > 24),
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
    chart = base.mark_rule(strokeWidth=3).encode(y2=alt.datum(0)) + base.mark_point(filled=True, size=80, opacity=1)
    st.altair_chart(chart, width="stretch", height=240, alt=words)


def _choose_pair(pairs: "list[Pair]", two: Opened) -> "Pair":
    by_path = {pair.after: pair for pair in pairs}
    shown = layer_picker.chosen_layer(two.name)
    shown = shown if shown in by_path else pairs[-1].after
    key = f"pair_{two.name}"
    selection.show(key, shown)
    st.selectbox(
        _("Layer of {model}").format(model=plain(two.name)),
        list(by_path),
        key=key,
        width=320,
        on_change=selection.by_person(key, layer_picker.take_layer),
        args=(two.name, None, key),
    )
    return by_path[shown]


def _filters(one: Opened, two: Opened, pair: "Pair") -> None:
    from carvis.explain import tuning_table

    name, split = current.dataset_name(), current.split()
    samples = None
    if split:
        with guarded():
            samples = workspace.dataset(name).samples(split)
    paths = [] if samples is None else samples["path"].iloc[:: max(1, -(-len(samples) // _PICTURES))].tolist()
    how = controls.filter_settings()
    changes = tuning_table(one.clf, two.clf, pair)
    most = changes.sort_values("weight_change", ascending=False, kind="stable")["filter"].head(_SHOWN).tolist()
    steps = 2 * len(most)

    def make(progress: Progress) -> "tuple[pd.DataFrame, list[FilterPatterns]]":
        with one.lock, two.lock:
            table = tuning_table(
                one.clf, two.clf, pair, paths, progress=partial_progress(progress, 0, 100 / (1 + steps))
            )
        drawn = []
        for place, (model, layer) in enumerate(((one, pair.before), (two, pair.after))):
            before = 1 + place * len(most)
            drawn.append(
                pattern_grid.draw(
                    model,
                    layer,
                    most,
                    how,
                    partial_progress(progress, 100 * before / (1 + steps), 100 * (before + len(most)) / (1 + steps)),
                )
            )
        return table, drawn

    prints = one.clf.fingerprint, two.clf.fingerprint
    key = repr(("tuning", prints, pair, most, how, name, split, paths))
    words = n_(
        "Patterns of {filters} filters, activations on {n} image.",
        "Patterns of {filters} filters, activations on {n} images.",
        len(paths),
    )
    note = words.format(filters=len(most), n=len(paths))
    found = None
    with guarded():
        found = on_request(key, _("Compare filters"), make, note)
    if not found:
        return
    table, (before, after) = found
    _side_by_side(one.name, two.name, before, after, table)
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
            lambda: _figure(one.name, two.name, before, after, pair.after),
            file_name=f"{two.name}--{pair.after.replace('/', '_')}--changes.png",
            help=_("The patterns of both models as one PNG file"),
        )
        download(
            _("Numbers"),
            lambda: to_csv(table).encode(),
            file_name=f"{two.name}--{pair.after.replace('/', '_')}--changes.csv",
            icon=":material/table:",
            help=_("The change of each filter as a CSV file"),
        )


def _figure(name_before: str, name_after: str, before: "FilterPatterns", after: "FilterPatterns", layer: str) -> bytes:
    from carvis.figures import figure_bytes, image_sheet

    words = [str(index) for index in before.filters]
    rows = [(name_before, list(before.images), words), (name_after, list(after.images), words)]
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
                for name, picture in ((name_before, first), (name_after, second)):
                    words = _("Pattern of filter {index} in {model}").format(index=index, model=name)
                    st.image(encode_image(picture, "PNG"), width="stretch", alt=words)
                facts = [
                    _("filter {index}").format(index=int(index)),
                    _("weights {change}").format(change=percent(changes["weight_change"])),
                ]
                if "activation_change" in changes:
                    facts.append(_("activation {change}").format(change=percent(changes["activation_change"])))
                st.caption(" · ".join(facts))
