"""Which layer of each model is explained, and what a model without one offers."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from carvis.explain.methods import METHODS
from ui.state import selection
from ui.state.i18n import _, shown_as
from ui.state.models import Opened
from ui.state.widget_values import careful
from ui.widgets.text import plain

if TYPE_CHECKING:
    from carvis.classifier import Classifier


def choose_layers(opened: dict[str, Opened], convolutions: bool = False) -> tuple[dict[str, str | None], list[str]]:
    """Offer each model's layers; return the layer chosen for each model, and what cannot be done.

    Args:
        convolutions: offer the convolutions alone, whose filters can be drawn.
    """
    problems: list[str] = []
    layers = {}
    for name, model in opened.items():
        if (clf := model.classifier) is not None:
            convs = clf.conv_layers
            first = (convs[-1] if convs else None) if convolutions else clf.default_layer
            layers[name] = _choose_layer(model, convs if convolutions else _with_maps(clf), first, problems)
    return layers, problems


def _with_maps(clf: "Classifier") -> list[str]:
    """List all layers with a map, and those paths that stand for all calls of a layer."""
    joint = [path for path in clf.layer_graph.groups if clf.layer_graph.passes_all(path)]
    return [*(call.path for call in clf.layer_graph.maps()), *joint]


def _choose_layer(model: Opened, names: list[str], first: str | None, problems: list[str]) -> str | None:
    chosen = chosen_layer(model.name)
    if chosen in model.clf.layer_graph.by_path and chosen not in names:
        # Chosen on another page: its filters are drawn, too, if it has a map.
        names = [*names, chosen] if model.clf.layer_graph.by_path[chosen].map_shape else names
    if chosen in model.clf.layer_graph.groups and chosen not in names:
        chosen = None
    if chosen and chosen not in names:
        sentence = _("{model} has no layer {layer}; its default layer is used.")
        problems.append(sentence.format(model=model.name, layer=chosen))
        chosen = None
    shown = chosen or first
    if not names:
        return None
    key = selection.spoken(f"layer_{model.name}")
    selection.show(key, shown)
    graph = model.clf.layer_graph
    shown_names = {
        name: name if graph.passes_all(name) else f"{name} · {_('one of several branches')}" for name in names
    }
    st.selectbox(
        _("Layer of {model}").format(model=plain(model.name)),
        names,
        None if shown is None else names.index(shown),
        format_func=shown_as(shown_names),
        placeholder=_("Choose a layer"),
        key=key,
        on_change=selection.by_person(key, take_layer),
        args=(model.name, first, key),
    )
    return shown


def offer_methods(opened: dict[str, Opened], layers: dict[str, str | None], method: str) -> None:
    """Where a model has no layer to explain, offer a method that needs none."""
    if not METHODS[method].takes_layer:
        return
    bare = [name for name, model in opened.items() if model.classifier is not None and not layers.get(name)]
    if bare:
        with st.container(horizontal=True, vertical_alignment="center"):
            sentence = _("No default layer: {models}.").format(models=", ".join(map(plain, bare)))
            st.markdown(sentence, width="content")
            st.button(
                _("Explain by occlusion"),
                icon=":material/grid_on:",
                key="without_layers",
                on_click=careful(partial(selection.change, method="occlusion")),
                help=_("SmoothGrad and Integrated Gradients, under Settings, need no layer either."),
            )


def chosen_layer(model: str) -> str | None:
    """Return the layer chosen for a model, whose entry in the selection is ``model:layer``; None for the usual one."""
    return dict(entry.rsplit(":", 1) for entry in selection.get().layer if ":" in entry).get(model)


def take_layer(model: str, usual: str | None, key: str) -> None:
    """Choose for a model the layer that the widget with this key shows; the usual one needs no entry."""
    other_layers = tuple(entry for entry in selection.get().layer if not entry.startswith(f"{model}:"))
    layer = st.session_state[key]
    selection.change(layer=other_layers if layer in (None, usual) else (*other_layers, f"{model}:{layer}"))
