"""One model's column of page Activations."""

from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from carvis.explain import STATUS_MESSAGES
from carvis.explain.units.channels import (
    activation_file,
    by_largest,
    channel_grid,
    dead_channels,
    last_of_each_size,
    mean_map,
    stretched,
)
from carvis.images import encode_image
from carvis.tables import to_csv
from ui.activations.selection import ActivationSelection
from ui.state import selection
from ui.state.i18n import _, n_, of_library
from ui.state.models import Opened, stamp_of
from ui.state.samples import Sample
from ui.state.widget_values import careful
from ui.widgets import layer_picker
from ui.widgets.chart import Chart, cached_chart
from ui.widgets.download import download
from ui.widgets.images import encoded_once, overlaid
from ui.widgets.layout import error
from ui.widgets.text import percent, plain

_SHOWN = 128
_WIDTHS = {True: 1100, False: 660}


class ModelColumn:
    """One model's column: its layer, the tiles, one channel and the mean over the image, its dead channels."""

    def __init__(
        self, model: Opened, sample: Sample, image: np.ndarray, outputs: dict[str, np.ndarray], cell: DeltaGenerator
    ):
        self.model, self.sample, self.image, self.outputs, self.cell = model, sample, image, outputs, cell
        self.stamp = (model.clf.fingerprint, stamp_of(sample))
        self.dead = _dead_counts(*self.stamp, _outputs=outputs)
        self.shares = {path: count / outputs[path].shape[2] for path, count in self.dead.items()}
        self.most_dead = max(self.shares.values())

    def draw(self, chosen: ActivationSelection, wide: bool, top: float) -> None:
        """Fill the column.

        Args:
            wide: the column has the page for itself.
            top: the largest share of dead channels of all models, where the bars end.
        """
        with self.cell:
            path = self._choose_layer()
            values = self.outputs[path]
            height, width, channels = values.shape
            count = n_("{n} channel", "{n} channels", channels).format(n=channels)
            dead = _("{n} dead ({share})").format(n=self.dead[path], share=percent(self.shares[path]))
            st.caption(f"{height}×{width} · {count} · {dead}")
            if not np.isfinite(values).all():
                st.warning(of_library(STATUS_MESSAGES["non-finite"]), icon=":material/warning:")
            self._tiles(path, chosen, wide)
            self._over_the_image(path, chosen)
            self._bars(path, top)
            self._downloads(path, chosen)

    def _choose_layer(self) -> str:
        name, paths = self.model.name, list(self.outputs)
        stages, graph = last_of_each_size(self.outputs), self.model.clf.layer_graph
        default = stages[len(stages) // 2]
        requested = layer_picker.chosen_layer(name)
        if requested in graph.by_path or requested in graph.groups:
            # Chosen on another page: it is a layer, if not one of those shown here.
            requested = requested if requested in paths else None
        if requested and requested not in paths:
            sentence = _("{model} has no layer {layer} that can be shown: another layer is shown instead.")
            error(sentence.format(model=name, layer=requested))
            requested = None
        path = requested or default
        key = f"activation_layer_{name}"
        selection.show(key, path)
        st.selectbox(
            _("Layer of {model}").format(model=plain(name)),
            paths,
            key=key,
            on_change=selection.by_person(key, layer_picker.take_layer),
            args=(name, default, key),
        )
        return path

    def _tiles(self, path: str, chosen: ActivationSelection, wide: bool) -> None:
        values, all_key = self.outputs[path], f"all_channels_{self.model.name}"
        channels = values.shape[2]
        order = self._order(path, chosen)
        if not st.session_state.get(all_key):
            order = order[:_SHOWN]
        columns = min(int(chosen.columns), channels)
        side = min(_WIDTHS[wide] // columns - 4, 160)
        options = {"columns": columns, "scale": chosen.range, "side": side, "labels": True, "colormap": chosen.colours}
        grid = encoded_once(
            lambda: encode_image(channel_grid(values, channels=order, **options), "PNG"),
            "channels", self.stamp, path, order, options,
        )  # fmt: skip
        alt = _("{n} channels of {layer}; {dead} of {all} are dead").format(
            n=len(order), layer=path, dead=self.dead[path], all=channels
        )
        st.image(grid, width="content", alt=alt)
        if len(order) < channels:
            st.button(
                _("Show all {n} channels").format(n=channels),
                icon=":material/expand_more:",
                type="tertiary",
                key=f"{all_key}_button",
                on_click=careful(lambda: st.session_state.update({all_key: True})),
            )

    def _order(self, path: str, chosen: ActivationSelection) -> list[int]:
        values = self.outputs[path]
        return by_largest(values).tolist() if chosen.order == "largest" else list(range(values.shape[2]))

    def _choose_channel(self, path: str, chosen: ActivationSelection) -> int:
        name, values = self.model.name, self.outputs[path]
        default = int(by_largest(values)[0])
        entries = [entry.rsplit(":", 2) for entry in chosen.channel]
        requested = [entry[2] for entry in entries if len(entry) == 3 and entry[:2] == [name, path]]
        channel = int(requested[0]) if requested and requested[0].isdecimal() and requested[0].isascii() else default
        channel = channel if channel < values.shape[2] else default
        key = f"activation_channel_{name}"
        selection.show(key, channel)
        st.number_input(
            _("Channel"),
            0,
            values.shape[2] - 1,
            key=key,
            on_change=selection.by_person(key, _take_channel),
            args=(name, path, key, default),
            width=160,
            help=_("The number above the tile. Default: the channel with the largest activation."),
        )
        return channel

    def _over_the_image(self, path: str, chosen: ActivationSelection) -> None:
        values = self.outputs[path]
        channel = self._choose_channel(path, chosen)
        activation = values[..., channel]
        left, right = st.columns(2, gap="small")
        for column, name, values_shown in (
            (left, _("Channel {n} overlaid on the image").format(n=channel), activation),
            (right, _("Mean of all channels"), mean_map(values)),
        ):
            image = overlaid(self.image, self.stamp, stretched(values_shown), chosen.strength, chosen.colours)
            low, high = float(values_shown.min()), float(values_shown.max())
            with column:
                st.image(image, width="stretch", alt=f"{name}, {path}")
                st.caption(_("{name}: {low} to {high}").format(name=name, low=f"{low:.3g}", high=f"{high:.3g}"))

    def _bars(self, path: str, top: float) -> None:
        if not self.most_dead:
            n = len(self.outputs)
            text = n_(
                "No channel of the {n} layer is dead for this image.",
                "No channel of the {n} layers is dead for this image.",
                n,
            )
            st.caption(text.format(n=n))
            return
        table = pd.DataFrame(
            {
                "place": range(1, len(self.outputs) + 1),
                "layer": list(self.outputs),
                "share": list(self.shares.values()),
                "dead": list(self.dead.values()),
                "top": max(top, 0.1),
            }
        )
        layer_of_most = max(self.shares, key=lambda layer: self.shares[layer])
        text = _("Share of dead channels in each layer of {model}; maximum: {share} in {layer}").format(
            model=self.model.name, share=percent(self.most_dead), layer=layer_of_most
        )
        st.caption(_("**Dead channels in each layer** (the layer shown above is shaded)"))
        st.vega_lite_chart(_dead(table, path), width="stretch", alt=text)

    def _downloads(self, path: str, chosen: ActivationSelection) -> None:
        stem = f"{Path(self.sample.name).stem}-{self.model.name}-{path}".replace("/", "_")
        with st.container(horizontal=True, gap="small"):
            download(
                _("Figure"),
                lambda: self._figure(path, chosen),
                file_name=f"{stem}.png",
                key=f"figure_{self.model.name}",
                help=_("All channels as one PNG file"),
            )
            download(
                _("Numbers"),
                lambda: self._numbers(path),
                file_name=f"{stem}.npz",
                key=f"numbers_{self.model.name}",
                help=_("The layer's activations as a NumPy file"),
            )
            download(
                _("Layers"),
                self._table,
                file_name=f"{stem}.csv",
                icon=":material/table:",
                key=f"table_{self.model.name}",
                help=_("Size and dead channels of each layer as a CSV file"),
            )

    def _figure(self, path: str, chosen: ActivationSelection) -> bytes:
        grid = channel_grid(
            self.outputs[path],
            channels=self._order(path, chosen),
            scale=chosen.range,
            colormap=chosen.colours,
            side=96,
            labels=True,
        )
        return encode_image(grid, "PNG")

    def _numbers(self, path: str) -> bytes:
        clf = self.model.clf
        facts = {"model": clf.name, "fingerprint": clf.fingerprint, "preprocessing": clf.input_words}
        return activation_file({path: self.outputs[path]}, **facts, image=self.sample.id)

    def _table(self) -> bytes:
        rows = ([layer, *values.shape, self.dead[layer]] for layer, values in self.outputs.items())
        return to_csv(rows, ["layer", "height", "width", "channels", "dead"], line_end="\r\n").encode()


def _take_channel(model: str, path: str, key: str, default: int) -> None:
    """Choose for a model the channel that the widget with this key shows; the usual one needs no entry."""
    channels = selection.get(ActivationSelection).channel
    others = tuple(entry for entry in channels if not entry.startswith(f"{model}:"))
    value = st.session_state[key]
    selection.change(channel=others if value in (None, default) else (*others, f"{model}:{path}:{value}"))


@st.cache_data(max_entries=64, show_spinner=False)
def _dead_counts(fingerprint: str, stamp: object, *, _outputs: dict[str, np.ndarray]) -> dict[str, int]:
    return {path: int(dead_channels(values).sum()) for path, values in _outputs.items()}


@cached_chart
def _dead(table: pd.DataFrame, path: str) -> Chart:
    x = alt.X("place:O", title=_("Layer, from input to output"), axis=alt.Axis(labelAngle=0, labelOverlap=True))
    y = {"title": None, "axis": alt.Axis(format=".0%", tickCount=3)}
    tooltip = [
        alt.Tooltip("layer:N", title=_("Layer")),
        alt.Tooltip("share:Q", title=_("Dead channels"), format=".1%"),
        alt.Tooltip("dead:Q", title=_("Number of dead channels")),
    ]
    selected_row = table[table["layer"] == path]
    band = (
        alt.Chart(selected_row)
        .mark_bar(color="#8a8f98", opacity=0.3)
        .encode(x=x, y=alt.Y("top:Q", **y), tooltip=tooltip)
    )
    bars = alt.Chart(table).mark_bar(color="#31688e").encode(x=x, y=alt.Y("share:Q", **y), tooltip=tooltip)
    return alt.layer(band, bars).properties(height=140)
