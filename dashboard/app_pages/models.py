"""Models: what is each model, what does it take, and what can be explained in it?"""

import streamlit as st

from ui.models import closed_model, file_list, opened_model
from ui.state import current, selection, workspace
from ui.state.i18n import _
from ui.state.models import open_model
from ui.widgets.layout import guarded, heading, no_models, stop
from ui.widgets.text import plain

heading(
    _("Models"),
    _("Which layers does each model have, what input does it expect, and which layers can be explained?"),
    _(
        "A **model card** is a small file beside the model with what the model file does not "
        "say: class names, input size, and **preprocessing**, that is, how pixel values are "
        "scaled before they enter the model. With the wrong preprocessing even a good model "
        "predicts nonsense.\n\n"
        "The **layer table** runs from the input to the output. **Convolutions** detect local "
        "patterns; layers marked as explainable can be shown as a heatmap. **Trainable** layers "
        "are updated by training; frozen layers keep their weights, as in transfer learning."
    ),
)
files = workspace.model_files()
if not files:
    no_models(current.dataset_name())
    stop()


def first_of_all(name: str) -> tuple[str, ...]:
    """Put a model in front of those already chosen, so that page Heatmaps still compares it with them."""
    return (name, *(model for model in current.models() if model != name))


# The best of those compared, unless one was chosen: the first by name may be a file that cannot be opened.
shown = next((name for name in selection.get().model if name in files), current.models()[-1])
name = st.selectbox(
    _("Model"),
    list(files),
    width=420,
    **selection.control("model", shown, first_of_all),
)
path = files[name]
# An error with this model leaves the list of all models below.
with guarded():
    requested = st.session_state.get("model_asked") == name
    with st.spinner(_("Opening {model} …").format(model=plain(name))) if requested else st.skeleton(height=300):
        opened = open_model(name, requested=requested)
    if opened.classifier is None:
        closed_model.show(opened, path)
        st.page_link("app_pages/overview.py", label=_("Back to the overview"), query_params=selection.link())
    else:
        opened_model.show(opened, path)

st.subheader(_("All model files"), anchor=False)
file_list.show(files, name)
