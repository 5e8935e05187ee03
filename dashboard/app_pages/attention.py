"""Where models look: attention on the parts of the cars, over a whole split."""

import streamlit as st

from ui.attention import disagreement, parts
from ui.state import current, workspace
from ui.state.i18n import _
from ui.widgets import assumptions, pickers
from ui.widgets.layout import guarded, heading, no_models

heading(
    _("Where models look"),
    _("Which parts of the car do the models look at across all images, and which do they need?"),
    _(
        "One heatmap explains one image. This page averages the heatmaps of all annotated images, part by "
        "part.\n\n"
        "- **Share of the evidence**: how much of a model's evidence is on the part. The **line** is the "
        "part's share of the image, which randomly spread evidence would reach. **Share / area** is their "
        "ratio.\n"
        "- **Pointing game**: the share of images in which the heatmap's maximum is on the part.\n"
        "- **Fall when occluded**: the part is filled with the surrounding colours and the model predicts "
        "again; how far does the probability fall? Occlusion shows what the model **needs**, a heatmap only "
        "what it looks at.\n"
        "- The **diamond** is the control: the same shape occluded elsewhere. Only the difference is due to "
        "the part. The background's shape, moved, occludes much of the car, so its control is large.\n\n"
        "**What stands out** compares the classes. A model that relies on a part for one class only may have "
        "learnt a shortcut, such as a backdrop.\n\n"
        "**Where models disagree** lists images worth a look: the same prediction with different evidence, "
        "or only one model right."
    ),
)
files = workspace.model_files()
if files:
    models = current.models()
    pickers.choose_models(list(files), models)
    assumed = st.container()
    measured = False
    with guarded():
        measured = parts.show(models)
    with guarded():
        measured |= disagreement.show(models)
    if measured:
        with assumed:
            assumptions.of_models(models, current.dataset_name(), current.split())
else:
    no_models(current.dataset_name())
