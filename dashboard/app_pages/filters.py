"""Filters: what does each filter of a layer answer to?"""

import streamlit as st

from ui.filters import controls, sections
from ui.state import classifiers, current, data, selection
from ui.state.i18n import _
from ui.widgets import assumptions, pickers
from ui.widgets.layout import error, heading, no_models, stop
from ui.widgets.text import plain

heading(
    _("Filters"),
    _("What does each filter of a layer answer to, and what did training make of it?"),
    _(
        "A convolution is a set of **filters**; each looks for one thing everywhere in the picture. A **pattern** is a "
        "picture made so that one filter answers as strongly as it can: it starts as noise, and each step changes the "
        "pixels a little in the direction that the filter likes.\n\n"
        "- **Patterns**: early layers like colours and edges, later ones textures and parts. A pattern that still "
        "looks like noise says that the filter has learnt little. ✕ marks a filter that answered to no noise at all, "
        "* one that answered only to other noise than the first.\n"
        "- **Spectrum**: how fine are the patterns, or what a layer passes on? Few cycles a picture are broad shapes, "
        "many are fine texture. The line for noise shows what a pattern without any structure would have.\n"
        "- **Fine-tuning lens**: two models, one trained on from the other, filter by filter. Frozen layers are "
        "identical.\n"
        "- **Filter to pictures**: the real pictures that excite a filter most, and where. This is the test of what a "
        "pattern seems to say.\n\n"
        "Under **Settings**: the tutorial's form, or the regularised one, smoother and in fuller colour. A pattern "
        "shows what a filter likes best, not all that it answers to."
    ),
)
files = data.model_files()
if not files:
    no_models(current.dataset_name())
    stop()

lens = selection.get().lens
controls.segments("lens", _("Show"), controls.LENS, label_visibility="collapsed", width="stretch")
models = current.models()
with st.container(horizontal=True, vertical_alignment="bottom"):
    if lens == "tuning":
        before, after = controls.tuned_pair(list(files))
        before = controls.choose_one(list(files), _("Model before"), "before", before)
        after = controls.choose_one(list(files), _("Model after"), "one", after)
        models = [before, after]
    elif lens == "pictures":
        models = [controls.choose_one(list(files), _("Model"), "one", models[-1])]
    else:
        pickers.choose_models(list(files), models)
        if lens == "patterns" or selection.get().of == "patterns":
            with st.container(width=130):
                controls.count()
    settings = controls.settings()

opened = {}
for name in dict.fromkeys(models):
    with st.spinner(_("Opening {model} …").format(model=plain(name))):
        model = classifiers.open_model(name)
    if model.classifier is None:
        error(model.error)
    else:
        opened[name] = model
assumptions.beside(opened.values())
if all(name in opened for name in models) if lens == "tuning" else opened:
    sections.VIEWS[lens](opened, models, settings)
