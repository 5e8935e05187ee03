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
    _("What is each model made of, what pictures does it take, and which of its layers can be explained?"),
    _(
        "A **model card** is a small file beside the model that says what the model file does not: the names of its "
        "classes, the size of its pictures, and the **preprocessing**, that is, how pixel values are scaled before "
        "the model sees them. With the wrong preprocessing a good model answers nonsense.\n\n"
        "The **layer table** goes from the picture down to the answer. **Convolutions** look at small patches; those "
        "marked as explainable have a map that can be drawn as a heatmap. **Trainable** layers learn; frozen ones "
        "keep what they learnt before, as in transfer learning."
    ),
)
files = workspace.model_files()
if not files:
    no_models(current.dataset_name())
    stop()


def first_of_all(name: str) -> tuple[str, ...]:
    """Put a model in front of those already chosen, so that page Heatmaps still compares it with them."""
    return (name, *(other for other in current.models() if other != name))


# The best of those compared, unless one was chosen: the first by name may be a file that cannot be opened.
wanted = next((name for name in selection.get().model if name in files), current.models()[-1])
name = st.selectbox(
    _("Model"),
    list(files),
    width=420,
    **selection.control("model", wanted, first_of_all),
)
path = files[name]
# Whatever is wrong with this one, the list of all of them stands below.
with guarded():
    asked = st.session_state.get("model_asked") == name
    with st.spinner(_("Opening {model} …").format(model=plain(name))) if asked else st.skeleton(height=300):
        opened = open_model(name, asked=asked)
    if opened.classifier is None:
        closed_model.show(opened, path)
        st.page_link("app_pages/overview.py", label=_("Back to the overview"), query_params=selection.link())
    else:
        opened_model.show(opened, path)

st.subheader(_("All model files"), anchor=False)
file_list.show(files, name)
