"""Concepts: what a model looks for in the images that it predicts as a class."""

from ui.concepts import cards, controls, findings, search
from ui.state import current, workspace
from ui.state.i18n import _
from ui.widgets.layout import empty, guarded, heading, no_models, stop

heading(
    _("Concepts"),
    _("What does the model look for in the images that it predicts as a class?"),
    _(
        "A heatmap says **where** a model looks, a concept says **what** it looks for. No annotations are needed.\n\n"
        "Crops of the images predicted as the class run through the model. A factorisation of their activations finds "
        "what recurs in them: the **concepts**. Each is shown by the crops that hold most of it (CRAFT, Fel et al. "
        "2023).\n\n"
        "- **Importance**: the share of the variance of the class's score that depends on the concept (total-order "
        "Sobol index). The shares may sum to more than 1, because concepts act together.\n"
        "- **Removed**: the concept is taken out of the activations and the rest of the model predicts again. An "
        "importance whose removal changes nothing is not confirmed.\n"
        "- **Stability**: 1 where every start of the factorisation finds the same concept; a low one is chance.\n"
        "- **Reconstruction error**: what the concepts do not account for. Where it is large, they are not all that "
        "the model uses.\n\n"
        "What a concept is, only a person can say: look at its crops and **name** it. It may mix several things. If "
        "the crops of an important one show a backdrop, a plate or a watermark, the model may have learnt a shortcut."
    ),
)
name, split = current.dataset_name(), current.split()
files = workspace.model_files()
if not files:
    no_models(name)
    stop()
dataset = None
with guarded():
    dataset = workspace.dataset(name) if name and split else None
if dataset is None or not dataset.class_names:
    empty(_("No images yet"), _("Choose a data set with a split: concepts are found in its images."))
    stop()
order = list(reversed(current.by_accuracy(list(files))))
choice = controls.choose(order, list(dataset.class_names))
found = None
with guarded():
    found = search.searched(choice, dataset, split)
if found is None:
    stop()
samples = dataset.samples(split)
paths = dict(zip(samples["id"].tolist(), map(str, samples["path"]), strict=True))
with guarded():
    findings.show_agreement(found)
with guarded():
    findings.show_basis(found)
with guarded():
    cards.show(found, paths)
with guarded():
    findings.show_image(found, paths)
with guarded():
    findings.show_parts(found, dataset, split)
