"""Heatmaps: where does each model look, side by side."""

import streamlit as st

from carvis.explain import scale_maps
from carvis.tables import to_csv
from ui.heatmaps import controls, faithfulness, model_pairs
from ui.heatmaps.heatmap_row import row_of
from ui.state import current, unreadable, workspace
from ui.state.i18n import _
from ui.state.models import open_model
from ui.widgets import assumptions, layer_picker, pickers, skipped_files, why
from ui.widgets.download import download
from ui.widgets.images import legend
from ui.widgets.layout import empty, error, guarded, heading, no_models, stop
from ui.widgets.text import plain

heading(
    _("Heatmaps"),
    _("Where does each model look when it predicts a class, and is that the right place?"),
    _(
        "Each column is one model. Above its heatmap are its **prediction**, the confidence, and whether the "
        "prediction is right (:green[:material/check_circle:]) or wrong (:red[:material/cancel:]).\n\n"
        "**Grad-CAM** shows which positions of the last layer that the whole signal passes through raise the "
        "score of the class. It weights each channel of that layer by the mean gradient of the score and "
        "adds the channels up.\n\n"
        "- **Yellow** (red in the tutorial look): strong evidence for the class. **Dark violet** (blue): "
        "weak evidence.\n"
        "- **The image unchanged**: no evidence there.\n"
        "- **A blank heatmap**: no evidence at all; the note below it says why.\n"
        "- A heatmap is coarse (for example 16 × 16) and enlarged to the size of the image: read it as a "
        "region, not as an outline.\n\n"
        "**Settings** has a contrast (**Rather than**: evidence for one class over another) and other "
        "methods. A heatmap on which several methods agree is more trustworthy.\n\n"
        "**Test these heatmaps** checks whether a heatmap is faithful to the model. The image is deleted "
        "step by step, the strongest evidence first; with a faithful heatmap the confidence falls quickly. "
        "The badge compares this with two baselines that ignore the model: a random map and a centred blob. "
        "A heatmap must also change when the model's weights are replaced by random ones.\n\n"
        "**Compare these heatmaps**, below an image, measures how similar the models' heatmaps are, shows "
        "where they differ, and tests whether one model needs what another looks at.\n\n"
        "A heatmap shows where the evidence is, not that the prediction is right. Evidence on the background "
        "means that the model has learnt something other than the car."
    ),
)
files = workspace.model_files()
if not files:
    no_models(current.dataset_name())
    stop()

models = current.models()
left, right = st.columns([11, 10], vertical_alignment="bottom")
with left:
    pickers.choose_models(list(files), models)
with right, st.container(horizontal=True, vertical_alignment="bottom"):
    values = controls.explainable_classes(models)
    chosen, unknown = controls.choose_target(values)
    uploads = pickers.add_images()
    settings, method_slot = controls.settings(values, chosen)
problem_slot = st.container()
legend_slot = st.container(horizontal=True, vertical_alignment="center", gap="small")
test_slot = st.container()

samples, note = pickers.chosen_images(uploads)
if note:
    st.caption(note)
if not samples:
    empty(
        _("No image chosen yet"),
        plain(skipped_files.why_nothing())
        or _("Add images with the button above, or select some on the page Misclassified."),
    )
rows = []
for number, sample in enumerate(samples):
    with guarded():
        rows += row_of(sample, models, number)

opened = {}
for name in models:
    with problem_slot, st.spinner(_("Opening {model} …").format(model=plain(name))):
        opened[name] = open_model(name)
with method_slot:
    pickers.choose_method(chosen.method, opened.values())
with settings:
    layers, problems = layer_picker.choose_layers(opened)
with problem_slot:
    for sentence in [*unknown, *problems]:
        error(sentence)
    layer_picker.offer_methods(opened, layers, chosen.method)
with legend_slot:
    st.caption(_("no evidence"), width="content")
    st.image(legend(chosen.colours), width=150, alt=_("Colour scale from no evidence to most evidence"))
    st.caption(_("most evidence"), width="content")
    st.caption(" ".join([controls.scale_note(chosen), *controls.score_notes(opened, chosen)]), width="stretch")
    results_slot = st.container(width="content")

with problem_slot:
    assumptions.beside(opened.values())
for row in rows:
    for name, model in opened.items():
        row.compute(model, chosen, layers.get(name))
        if chosen.scale == "map" and name in row.heatmaps:
            row.draw(name, row.heatmaps[name].normalised, chosen)
if chosen.scale != "map":
    computed = [(row, name) for row in rows for name in row.heatmaps]
    scaled = scale_maps([row.heatmaps[name] for row, name in computed], chosen.scale)
    for (row, name), scaled_map in zip(computed, scaled, strict=True):
        row.draw(name, scaled_map, chosen)
with test_slot, guarded():
    faithfulness.offer(rows, opened)
results = {}
for row in rows:
    for name in row.heatmaps:
        with unreadable.item("result", name):
            if result := faithfulness.load(row, opened[name]):
                results[row.number, name] = result
                faithfulness.show(row, name, result)
    verdicts = {name: result.verdict for (number, name), result in results.items() if number == row.number}
    row.finish(chosen, controls.remove if row.sample.id in chosen.sample else None, verdicts)
    with row.below, guarded():
        model_pairs.show(row, opened)
        targets = {name: heatmap.target_name for name, heatmap in row.heatmaps.items()}
        why.offer(current.dataset_name(), row.sample, opened, str(row.number), targets)
if results:
    with results_slot:
        download(
            _("Test results"),
            lambda: to_csv(faithfulness.table(rows, results)),
            file_name="faithfulness.csv",
        )
