"""Heatmaps: where does each model look, side by side."""

import streamlit as st

from carvis.explain import scale_maps
from carvis.tables import to_csv
from ui.heatmaps import controls, faithfulness, model_pairs
from ui.heatmaps.heatmap_row import HeatmapRow
from ui.state import current, unreadable, workspace
from ui.state.i18n import _
from ui.state.models import open_model
from ui.widgets import assumptions, layer_picker, pickers, skipped_files
from ui.widgets.download import download
from ui.widgets.images import legend
from ui.widgets.layout import empty, error, guarded, heading, no_models, stop
from ui.widgets.text import plain

heading(
    _("Heatmaps"),
    _("Where does each model look when it names a car, and is it looking at the right thing?"),
    _(
        "Each column is one model. Above its map stands what it **predicted**, how confident it is, and whether that "
        "is right (:green[:material/check_circle:]) or wrong (:red[:material/cancel:]).\n\n"
        "**Grad-CAM** asks: which places in the picture, seen through the last layer that all of the signal passes, "
        "push the answer towards the class? It weighs each channel of that layer by how much the class's score "
        "would rise with it, and adds the channels up.\n\n"
        "- **Yellow** (red in the tutorial look): much evidence for the class. **Dark violet** (blue): little.\n"
        "- **The picture as it is**: no evidence at this place.\n"
        "- **The whole map blank**: there is no evidence to show, and a sentence below says why.\n"
        "- The map has few cells (16 × 16, say) and is stretched over the picture: take it as an area, not as an "
        "outline.\n\n"
        "Under **Settings**, **Rather than** shows a contrast, what speaks for one class and not for another; and "
        "there are other methods: where they agree, a map can be trusted more.\n\n"
        "**Test these maps** asks whether a map is worth believing. The picture is erased, the places with most "
        "evidence first: a good map makes the confidence fall at once. The badge says whether it does so better than "
        "two maps that know nothing of the model, a random one and a blob in the middle. And a map must change when "
        "the model's weights are replaced by random ones.\n\n"
        "**Compare these maps**, below a picture, says how alike two models look, shows where they differ, and whether "
        "one needs what the other looks at.\n\n"
        "A map shows where the evidence lies, not that the answer is right. If it lies on the background, the model "
        "has learnt something else than the car."
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
    settings = controls.settings(values, chosen)
problem_slot = st.container()
legend_slot = st.container(horizontal=True, vertical_alignment="center", gap="small")
test_slot = st.container()

samples, note = pickers.chosen_images(uploads)
if note:
    st.caption(note)
if not samples:
    empty(
        _("No picture chosen yet"),
        plain(skipped_files.why_nothing()) or _("Add one with the button above, or select some on page Misclassified."),
    )
rows = []
for number, sample in enumerate(samples):
    with guarded():
        rows.append(HeatmapRow(sample, models, number))

opened = {}
for name in models:
    with problem_slot, st.spinner(_("Opening {model} …").format(model=plain(name))):
        opened[name] = open_model(name)
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
        if chosen.scale == "map" and name in row.maps:
            row.draw(name, row.maps[name].normalised, chosen)
if chosen.scale != "map":
    made = [(row, name) for row in rows for name in row.maps]
    scaled = scale_maps([row.maps[name] for row, name in made], chosen.scale)
    for (row, name), scaled_map in zip(made, scaled, strict=True):
        row.draw(name, scaled_map, chosen)
with test_slot, guarded():
    faithfulness.offer(rows, opened)
tested = {}
for row in rows:
    for name in row.maps:
        with unreadable.item("result", name):
            if found := faithfulness.kept(row, opened[name]):
                tested[row.number, name] = found
                faithfulness.show(row, name, found)
    verdicts = {name: found.verdict for (number, name), found in tested.items() if number == row.number}
    row.finish(chosen, controls.remove if row.sample.id in chosen.sample else None, verdicts)
    with row.below, guarded():
        model_pairs.show(row, opened)
if tested:
    with results_slot:
        download(
            _("Test results"),
            lambda: to_csv(faithfulness.table(rows, tested)),
            file_name="faithfulness.csv",
        )
