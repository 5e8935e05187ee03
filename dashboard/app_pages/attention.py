"""Where models look: attention on the parts of the cars, over a whole split."""

import streamlit as st

from ui.attention import disagreement, parts
from ui.state import current, workspace
from ui.state.i18n import _
from ui.widgets import assumptions, pickers
from ui.widgets.layout import guarded, heading, no_models

heading(
    _("Where models look"),
    _("On which parts of the car do the models look over all pictures, and which do they need?"),
    _(
        "One heatmap tells about one picture. Here the heatmaps of all annotated pictures are summed up, part by "
        "part.\n\n"
        "- **Share of the map**: how much of a model's evidence lies on the part. The **line** beside it is the part's "
        "share of the picture: a map that knows nothing would reach just that. **Times its area** is one divided by "
        "the other.\n"
        "- **Maximum lies on it** (the pointing game): in how many pictures the strongest place of the map is on the "
        "part.\n"
        "- **Fall when covered**: the part is painted over with the colours around it and the model asked again. How "
        "far does the probability fall? This shows what the model **needs**, where a map only shows what it looks at.\n"
        "- The **diamond** is the control: the same shape covered elsewhere. Only what a fall has beyond it comes from "
        "the part itself. The background's shape, moved, covers much of the car, so its control is large.\n\n"
        "**What stands out** compares the classes: a class for which a model rests on a part that it does not use for "
        "the others has perhaps been learnt by a shortcut, such as a backdrop.\n\n"
        "**Where models disagree**, below, finds the pictures to look at next: those on which the models give the same "
        "answer for different reasons, and those on which one alone is right."
    ),
)
files = workspace.model_files()
if files:
    shown = current.models()
    pickers.choose_models(list(files), shown)
    assumed = st.container()
    measured = False
    with guarded():
        measured = parts.show(shown)
    with guarded():
        measured |= disagreement.show(shown)
    if measured:
        with assumed:
            assumptions.of_models(shown, current.dataset_name(), current.split())
else:
    no_models(current.dataset_name())
