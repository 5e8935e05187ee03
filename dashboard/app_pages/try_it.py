"""Try it: what the models say of new images, how sure they are, and whether such images were in training."""

import pandas as pd
import streamlit as st

from carvis.prediction import predictions_table
from carvis.tables import to_csv
from ui.state import current, workspace
from ui.state.i18n import _, n_, of_library
from ui.state.models import open_model
from ui.try_it import card, controls, predictions, uploads
from ui.widgets import assumptions, pickers
from ui.widgets.download import download
from ui.widgets.layout import empty, error, guarded, heading, no_models, stop
from ui.widgets.paging import choose_page, on_page
from ui.widgets.text import plain

PER_PAGE = 6

heading(
    _("Try it"),
    _("What do the models say of your own images, and can that be trusted?"),
    _(
        "Each card is one image; beside it stands what each model predicts.\n\n"
        "- **Calibrated confidence**: the model's confidence after temperature scaling, which was fitted on "
        "validation images: of predictions with 80 %, about 80 % are correct, on images like those. Without an "
        "evaluation of the validation images it is **raw**, and usually too high.\n"
        "- **Unlike anything in training**: the image is farther from its nearest training images, in the features "
        "that the model computes, than nearly all validation images are. The prediction then says little: a "
        "classifier names one of its classes whatever it is shown. **Settings** has the rate of false alarms, the "
        "share of ordinary images that are called so by mistake.\n"
        "- **Energy score**: used where no embeddings of the training images are stored. It is low where the model "
        "finds strong evidence for some class.\n"
        "- **Nearest training images**: what the model takes to be most alike, with the cosine distance (0: the "
        "same direction).\n"
        "- **Heatmap**: where the evidence for the predicted class lies.\n\n"
        "The rate of false alarms holds for images that come about as the validation images did. Photos from another "
        "camera may be unlike them without showing anything new."
    ),
)
files = workspace.model_files()
if not files:
    no_models(current.dataset_name())
    stop()

models = current.models(2)
with st.container(horizontal=True, vertical_alignment="bottom"):
    pickers.choose_models(list(files), models)
    chosen = controls.settings()
samples, beyond = uploads.choose()
if beyond:
    words = n_(
        "The page takes {most} images at once: {n} is ignored. Predict a folder with:",
        "The page takes {most} images at once: {n} are ignored. Predict a folder with:",
        beyond,
    )
    st.warning(words.format(most=uploads.MOST, n=f"{beyond:,}"), icon=":material/filter_list:")
    st.code("python -m carvis predict MODEL FOLDER --out predictions.csv", language="bash")
problem_slot = st.container()
if not samples:
    empty(_("No image yet"), _("Drag your own images into the field above, or begin with images of the data set."))
    uploads.offer_examples()
    stop()

opened = {}
for name in models:
    with problem_slot, st.spinner(_("Opening {model} …").format(model=plain(name))):
        model = open_model(name)
    if model.classifier is None:
        with problem_slot:
            error(model.error)
    else:
        opened[name] = model
if not opened:
    stop()
with problem_slot:
    assumptions.beside(opened.values())
with guarded():
    known = predictions.references(opened, chosen.alarms / 100)
    predictions.offer_energies(opened, known)
    found = predictions.predict(samples, opened, known, chosen)
    if found:
        bad = [one for one in found if one.predictions[0].status == "unreadable"]
        with problem_slot:
            card.name_unreadable(bad)
        good = [one for one in found if one.predictions[0].status != "unreadable"]
        rows = [prediction for one in found for prediction in one.predictions]
        with st.container(horizontal=True, vertical_alignment="center"):
            novel = sum(any(prediction.novelty == "novel" for prediction in one.predictions) for one in good)
            counts = [n_("{n} image", "{n} images", len(good)).format(n=f"{len(good):,}")]
            if any(prediction.novelty_by for prediction in rows):
                words = _("{n} unlike anything in training")
                if len(known) > 1:
                    words = _("{n} unlike anything in training for at least one model")
                counts.append(words.format(n=f"{novel:,}"))
            st.markdown(" · ".join(counts), width="content")
            download(_("Table"), lambda: to_csv(predictions_table(rows)), "predictions.csv", key="try_it_table")
            uploads.offer_removal()
        for place in on_page(pd.DataFrame({"place": range(len(good))}), PER_PAGE)["place"]:
            with guarded():
                card.draw(good[place], opened, known, chosen)
        choose_page(len(good), PER_PAGE)
    # What several models share is said once; the rest in one paragraph a model.
    notes = {note: name for name, reference in reversed(known.items()) for note in reference.notes}
    for name in known:
        if own := [plain(of_library(note)) for note, model in notes.items() if model == name]:
            st.caption(f":material/info: {' '.join(own)}")
