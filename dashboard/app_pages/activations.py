"""Activations: the outputs of a model's layers for one image, channel by channel."""

import streamlit as st

from ui.activations import controls
from ui.activations.model_column import ModelColumn
from ui.state import current, workspace
from ui.state.i18n import _
from ui.state.models import open_model, stamp_of
from ui.widgets import assumptions, pickers, skipped_files
from ui.widgets.images import encoded, legend, shown_image
from ui.widgets.layout import empty, error, guarded, heading, no_models, stop
from ui.widgets.text import plain

heading(
    _("Activations"),
    _("What do the layers of a model respond to in an image, and which channels are dead?"),
    _(
        "The output of a convolution has many **channels**, one per filter. Each tile is one channel, with "
        "its number above: **yellow** where the activation is high, **dark violet** where it is low.\n\n"
        "- **Early layers** keep the shape of the car: their channels respond to edges and colours.\n"
        "- **Late layers** are coarse and respond to whole parts: they represent *what* is there rather than "
        "how it looks.\n"
        "- **A crossed tile** is a dead channel: constant over this image. It may respond to other images; "
        "many channels that never respond are wasted capacity.\n"
        "- **Largest first** sorts the channels by their largest activation.\n\n"
        "Below the tiles, one channel and the mean of all channels are overlaid on the image. The bars show "
        "the share of dead channels in each layer, from input to output.\n\n"
        "Neither values nor channel numbers are comparable between models: compare what the channels respond "
        "to, and where."
    ),
)
files = workspace.model_files()
if not files:
    no_models(current.dataset_name())
    stop()

models = current.models(2)
left, right = st.columns([3, 1], vertical_alignment="bottom")
with left:
    pickers.choose_models(list(files), models)
with right:
    uploads = pickers.add_images()
problem_slot = st.container()
samples, note = pickers.chosen_images(uploads)
if not samples:
    empty(
        _("No image chosen yet"),
        plain(skipped_files.why_nothing())
        or _("Add images with the button above, or select some on the page Misclassified."),
    )
    stop()

beside, controls_slot = st.columns([1, 3], gap="medium")
with controls_slot:
    sample = controls.choose_sample(samples)
    chosen = controls.choose_look()
    if note:
        st.caption(note)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(_("lowest value"), width="content")
        st.image(legend(chosen.colours), width=150, alt=_("Colour scale from the lowest value to the highest"))
        st.caption(_("highest value"), width="content")
        st.caption(controls.range_note(chosen), width="stretch")
image = None
with beside, guarded():
    image = shown_image(sample)
    st.image(encoded(image, stamp_of(sample)), width="stretch", alt=_("The image {name}").format(name=sample.name))
    st.caption(plain(sample.name))
if image is None:
    stop()

columns = []
grid = st.grid(max(1, len(models)), min_column_width=400, gap="medium")
cells = {name: grid.cell() for name in models}
for name in models:
    with problem_slot, st.spinner(_("Opening {model} …").format(model=plain(name))):
        model = open_model(name)
    with problem_slot:
        assumptions.beside([model])
    with cells[name]:
        with st.spinner(_("Computing the activations …")):
            outputs = controls.layer_activations(model, sample)
        if isinstance(outputs, str):
            st.markdown(f"**{plain(name)}**")
            error(outputs)
        else:
            columns.append(ModelColumn(model, sample, image, outputs, cells[name]))
top = max((column.most_dead for column in columns), default=0.0)
for column in columns:
    with guarded():
        column.draw(chosen, wide=len(models) == 1, top=top)
