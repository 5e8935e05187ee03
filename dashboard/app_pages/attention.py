"""Where models look: attention on the parts of the cars, over a whole split."""

import streamlit as st

from ui.attention import disagreement, parts
from ui.state import current, workspace
from ui.state.i18n import _
from ui.widgets import assumptions, pickers
from ui.widgets.layout import guarded, heading, no_models

heading(
    _("Where models look"),
    _("Which parts of the car do the models look at over all images, and which do they need?"),
    _(
        "One heatmap tells about one image. Here the heatmaps of all annotated images are summed up, part by part.\n\n"
        "- **Share of the evidence**: how much of a model's evidence lies on the part. The **line** beside it is the "
        "part's share of the image, which evidence spread at random would reach. **Times its area** is one divided by "
        "the other.\n"
        "- **Maximum lies on it** (the pointing game): in how many images the maximum of the heatmap lies on the "
        "part.\n"
        "- **Fall when occluded**: the part is filled with the colours around it and the model predicts again. How far "
        "does the probability fall? This shows what the model **needs**; a heatmap only shows what it looks at.\n"
        "- The **diamond** is the control: the same shape occluded elsewhere. Only what a fall has beyond it comes "
        "from the part itself. The background's shape, moved, occludes much of the car, so its control is large.\n\n"
        "**What stands out** compares the classes: where a model relies on a part for one class and not for the "
        "others, it may have learnt a shortcut, such as a backdrop.\n\n"
        "**Where models disagree**, below, finds the images to look at next: those with the same prediction for "
        "different reasons, and those on which only one model is right."
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
