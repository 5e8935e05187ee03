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
from carvis.images import encode_image, overlay
from carvis.tables import to_csv
from ui.activations.selection import ActivationSelection
from ui.state import selection
from ui.state.i18n import _, n_, of_library
from ui.state.models import Opened
from ui.state.samples import Sample
from ui.state.widget_values import careful
from ui.widgets import layer_picker
from ui.widgets.download import download
from ui.widgets.layout import error
from ui.widgets.text import percent, plain

_SHOWN = 128
_WIDTHS = {True: 1100, False: 660}


class ModelColumn:
    """One model's column: its layer, the tiles, one channel and the mean over the picture, its dead channels."""

    def __init__(
        self, model: Opened, sample: Sample, image: np.ndarray, found: dict[str, np.ndarray], cell: DeltaGenerator
    ):
        self.model, self.sample, self.image, self.found, self.cell = model, sample, image, found, cell
        self.dead = {path: int(dead_channels(values).sum()) for path, values in found.items()}
        self.shares = {path: count / found[path].shape[2] for path, count in self.dead.items()}
        self.most_dead = max(self.shares.values())

    def draw(self, chosen: ActivationSelection, wide: bool, top: float) -> None:
        """Fill the column.

        Args:
            wide: the column has the page for itself.
            top: the largest share of dead channels of all models, where the bars end.
        """
        with self.cell:
            path = self._choose_layer()
            values = self.found[path]
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
        name, paths = self.model.name, list(self.found)
        stages, model_places = last_of_each_size(self.found), self.model.clf.layer_graph
        usual = stages[len(stages) // 2]
        wanted = layer_picker.chosen_layer(name)
        if wanted in model_places.by_path or wanted in model_places.groups:
            # Chosen on another page: it is a layer, if not one of those shown here.
            wanted = wanted if wanted in paths else None
        if wanted and wanted not in paths:
            words = _("{model} has no layer {layer} that can be shown: another layer is shown instead.")
            error(words.format(model=name, layer=wanted))
            wanted = None
        shown = wanted or usual
        key = f"activation_layer_{name}"
        selection.show(key, shown)
        st.selectbox(
            _("Layer of {model}").format(model=plain(name)),
            paths,
            key=key,
            on_change=selection.by_person(key, layer_picker.take_layer),
            args=(name, usual, key),
        )
        return shown

    def _tiles(self, path: str, chosen: ActivationSelection, wide: bool) -> None:
        values, every = self.found[path], f"all_channels_{self.model.name}"
        channels = values.shape[2]
        order = self._order(path, chosen)
        if not st.session_state.get(every):
            order = order[:_SHOWN]
        columns = min(int(chosen.columns), channels)
        side = min(_WIDTHS[wide] // columns - 4, 160)
        grid = channel_grid(
            values,
            columns,
            channels=order,
            scale=chosen.range,
            side=side,
            labels=True,
            colormap=chosen.colours,
        )
        words = _("{n} channels of {layer}; {dead} of {all} are dead").format(
            n=len(order), layer=path, dead=self.dead[path], all=channels
        )
        st.image(encode_image(grid, "PNG"), width="content", alt=words)
        if len(order) < channels:
            st.button(
                _("Show all {n} channels").format(n=channels),
                icon=":material/expand_more:",
                type="tertiary",
                key=f"{every}_button",
                on_click=careful(lambda: st.session_state.update({every: True})),
            )

    def _order(self, path: str, chosen: ActivationSelection) -> list[int]:
        values = self.found[path]
        return by_largest(values).tolist() if chosen.order == "largest" else list(range(values.shape[2]))

    def _choose_channel(self, path: str, chosen: ActivationSelection) -> int:
        name, values = self.model.name, self.found[path]
        usual = int(by_largest(values)[0])
        entries = [entry.rsplit(":", 2) for entry in chosen.channel]
        wanted = [entry[2] for entry in entries if len(entry) == 3 and entry[:2] == [name, path]]
        shown = int(wanted[0]) if wanted and wanted[0].isdecimal() and wanted[0].isascii() else usual
        shown = shown if shown < values.shape[2] else usual
        key = f"activation_channel_{name}"
        selection.show(key, shown)
        st.number_input(
            _("Channel"),
            0,
            values.shape[2] - 1,
            key=key,
            on_change=selection.by_person(key, _take_channel),
            args=(name, path, key, usual),
            width=160,
            help=_("The number above the tile. Default: the channel with the largest activation."),
        )
        return shown

    def _over_the_image(self, path: str, chosen: ActivationSelection) -> None:
        values = self.found[path]
        channel = self._choose_channel(path, chosen)
        one = values[..., channel]
        left, right = st.columns(2, gap="small")
        for place, name, shown in (
            (left, _("Channel {n} overlaid on the image").format(n=channel), one),
            (right, _("Mean of all channels"), mean_map(values)),
        ):
            laid = overlay(self.image, stretched(shown), chosen.strength / 100, chosen.colours)
            low, high = float(shown.min()), float(shown.max())
            with place:
                st.image(encode_image(laid), width="stretch", alt=f"{name}, {path}")
                st.caption(_("{name}: {low} to {high}").format(name=name, low=f"{low:.3g}", high=f"{high:.3g}"))

    def _bars(self, path: str, top: float) -> None:
        if not self.most_dead:
            n = len(self.found)
            words = n_(
                "No channel of the {n} layer is dead for this image.",
                "No channel of the {n} layers is dead for this image.",
                n,
            )
            st.caption(words.format(n=n))
            return
        table = pd.DataFrame(
            {
                "place": range(1, len(self.found) + 1),
                "layer": list(self.found),
                "share": list(self.shares.values()),
                "dead": list(self.dead.values()),
                "top": max(top, 0.1),
            }
        )
        x = alt.X("place:O", title=_("Layer, from input to output"), axis=alt.Axis(labelAngle=0, labelOverlap=True))
        y = {"title": None, "axis": alt.Axis(format=".0%", tickCount=3)}
        tooltip = [
            alt.Tooltip("layer:N", title=_("Layer")),
            alt.Tooltip("share:Q", title=_("Dead channels"), format=".1%"),
            alt.Tooltip("dead:Q", title=_("Number of dead channels")),
        ]
        here = table[table["layer"] == path]
        band = (
            alt.Chart(here).mark_bar(color="#8a8f98", opacity=0.3).encode(x=x, y=alt.Y("top:Q", **y), tooltip=tooltip)
        )
        bars = alt.Chart(table).mark_bar(color="#31688e").encode(x=x, y=alt.Y("share:Q", **y), tooltip=tooltip)
        chart = alt.layer(band, bars).properties(height=140)
        most = max(self.shares, key=lambda layer: self.shares[layer])
        words = _("Share of dead channels in each layer of {model}; maximum: {share} in {layer}").format(
            model=self.model.name, share=percent(self.most_dead), layer=most
        )
        st.caption(_("**Dead channels in each layer** (the layer shown above is shaded)"))
        st.altair_chart(chart, width="stretch", alt=words)

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
                lambda: self._numbers(path, chosen),
                file_name=f"{stem}.npz",
                key=f"numbers_{self.model.name}",
                help=_("The layer's activations as a NumPy file"),
            )
            download(
                _("Layers"),
                lambda: self._table(path, chosen),
                file_name=f"{stem}.csv",
                icon=":material/table:",
                key=f"table_{self.model.name}",
                help=_("Size and dead channels of each layer as a CSV file"),
            )

    def _figure(self, path: str, chosen: ActivationSelection) -> bytes:
        grid = channel_grid(
            self.found[path],
            channels=self._order(path, chosen),
            scale=chosen.range,
            colormap=chosen.colours,
            side=96,
            labels=True,
        )
        return encode_image(grid, "PNG")

    def _numbers(self, path: str, chosen: ActivationSelection) -> bytes:
        clf = self.model.clf
        facts = {"model": clf.name, "fingerprint": clf.fingerprint, "preprocessing": clf.input_words}
        return activation_file({path: self.found[path]}, **facts, image=self.sample.id)

    def _table(self, path: str, chosen: ActivationSelection) -> bytes:
        rows = ([layer, *values.shape, self.dead[layer]] for layer, values in self.found.items())
        return to_csv(rows, ["layer", "height", "width", "channels", "dead"], line_end="\r\n").encode()


def _take_channel(model: str, path: str, key: str, usual: int) -> None:
    """Choose for a model the channel that the widget with this key shows; the usual one needs no entry."""
    now = selection.get(ActivationSelection).channel
    others = tuple(entry for entry in now if not entry.startswith(f"{model}:"))
    value = st.session_state[key]
    selection.change(channel=others if value in (None, usual) else (*others, f"{model}:{path}:{value}"))
