"""Image map: the images of a split in the plane, close together where the model finds them similar."""

import streamlit as st

from ui.image_map import chart, chosen, cluster_list, controls, layouts, map_view, movement, results, spaces
from ui.image_map.selection import ImageMapSelection
from ui.state import current, evaluations, selection, workspace
from ui.state.i18n import _, of_library
from ui.widgets import commands, image_sets, pickers, stale_warning
from ui.widgets.layout import empty, error, guarded, heading, stop
from ui.widgets.text import plain

heading(
    _("Image map"),
    _("Which images does the model find similar, and where do its mistakes lie among them?"),
    _(
        "Each point is an image. Points lie close together where the **features** of the images, the numbers that the "
        "model makes its scores from, are similar.\n\n"
        "A wrong image deep inside another class's group looks like that class to the model: the label may be wrong, "
        "or the two cars look alike. A group of its own may be a series of near-duplicates.\n\n"
        "Drag to move the map and scroll to zoom. With **lasso** or **box**, at the top of the map, draw around images "
        "to see them below; a double click chooses none. The sentence under the map says how far it can be trusted.\n\n"
        "Without a mouse, choose a class, a cluster or a search: the images are the same."
    ),
)
name, split = current.dataset_name(), current.split()
if not split or not evaluations.on(name, split):
    empty(
        _("No map to show yet"),
        _("Evaluate a model on this split: its features are saved along."),
        commands.evaluate(None),
    )
    stop()

offered = list(evaluations.on(name, split))
models = [model for model in selection.get().model if model in offered][: controls.MOST_MODELS]
models = models or current.by_accuracy(offered)[-1:]
left, right = st.columns(2)
with left:
    controls.choose_models(offered, models)
with right, st.container(horizontal=True):
    controls.choose_scope()
    controls.choose_colouring()
pickers.name_unevaluated(offered)
every = selection.get(ImageMapSelection).scope == "all"
splits = spaces.evaluated_splits(workspace.dataset(name)) if every else (split,)
found = spaces.spaces(models, splits)
for model in models:
    if model not in found:
        empty(
            _("No features of {model} are saved").format(model=model),
            _("It was evaluated without them, or has changed since: evaluate it again."),
            commands.evaluate(workspace.model_files().get(model), name, split),
        )
if not found:
    stop()
stale_warning.say([evaluations.on(name, split)[model] for model in found])
for replaced in dict.fromkeys(note for space in found.values() for note in space.notes):
    st.warning(plain(of_library(replaced)), icon=":material/image_not_supported:")
planes = None
with guarded():
    planes = layouts.planes(list(found.values()))
if planes is None:
    stop()
tables = [spaces.rows(plane.space) for plane in planes]
rows, first = tables[0], planes[0]
clouds = chart.clouds(planes)
moved = movement.between(clouds)
with st.container(horizontal=True, vertical_alignment="bottom"):
    controls.choose_images(rows)
    cluster_list.show(rows, first)
    image_sets.choose_set(image_sets.counts())
picked = chosen.images(rows, first, moved.ids if moved else ())
for sentence in picked.notes:
    error(sentence)
with guarded():
    map_view.show(clouds, tables, picked, moved)
cluster_list.show_table(rows, first)
results.show(rows, picked, first.space)
