"""Filters: what does each filter of a layer respond to?"""

import streamlit as st

from ui.filters import controls, fine_tuning, patterns, spectrum, top_images
from ui.filters.selection import FilterSelection
from ui.state import current, selection, workspace
from ui.state.i18n import _
from ui.state.models import open_model
from ui.widgets import assumptions, pickers
from ui.widgets.layout import error, heading, no_models, stop
from ui.widgets.text import plain

heading(
    _("Filters"),
    _("What does each filter of a layer respond to, and how did training change it?"),
    _(
        "A convolution is a set of **filters**, each detecting one feature everywhere in the image. A "
        "**filter pattern** is an image to which one filter responds as strongly as possible (activation "
        "maximisation): gradient ascent on the pixels, starting from noise.\n\n"
        "- **Patterns**: filters of early layers respond to colours and edges, filters of later layers to "
        "textures and parts. A filter whose pattern still looks like noise has learnt little. ✕ marks a dead "
        "filter (no gradient from any noise), * one with a gradient only from wider noise.\n"
        "- **Spectrum**: how fine are the patterns, or the activations, of each layer? Few cycles per image "
        "are coarse shapes, many are fine texture. The dashed line is white noise, a pattern without "
        "structure.\n"
        "- **Fine-tuning**: a model and one fine-tuned from it, filter by filter. Frozen layers are "
        "identical.\n"
        "- **Top images**: the real images that activate a filter most, and where. They test what a pattern "
        "suggests.\n\n"
        "**Settings** offers patterns as in the tutorial, or regularised: smoother and more colourful. A "
        "pattern shows what a filter responds to most, not everything it responds to."
    ),
)
files = workspace.model_files()
if not files:
    no_models(current.dataset_name())
    stop()

lens = selection.get(FilterSelection).lens
pickers.segments("lens", _("Show"), controls.LENS, lens, wrap=True, label_visibility="collapsed", width="stretch")
models = current.models()
with st.container(horizontal=True, vertical_alignment="bottom"):
    if lens == "tuning":
        before, after = controls.tuned_pair(list(files))
        before = controls.choose_model(list(files), _("Base model"), "before", before)
        after = controls.choose_model(list(files), _("Fine-tuned model"), "one", after)
        models = [before, after]
    elif lens == "pictures":
        models = [controls.choose_model(list(files), _("Model"), "one", models[-1])]
    else:
        pickers.choose_models(list(files), models)
        if lens == "patterns":
            with st.container(width=190):
                controls.choose_layers()
        if lens == "patterns" or selection.get(FilterSelection).of == "patterns":
            with st.container(width=130):
                controls.count()
    settings = controls.settings()

opened = {}
for name in dict.fromkeys(models):
    with st.spinner(_("Opening {model} …").format(model=plain(name))):
        model = open_model(name)
    if model.classifier is None:
        error(model.error)
    else:
        opened[name] = model
assumptions.beside(opened.values())
if all(name in opened for name in models) if lens == "tuning" else opened:
    view = {"patterns": patterns, "spectrum": spectrum, "tuning": fine_tuning, "pictures": top_images}[lens]
    view.show(opened, models, settings)
