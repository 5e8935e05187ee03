"""A few images with the names that a model predicts for them, for a person to compare before a card is saved."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from carvis.dataset import Dataset
from carvis.errors import CarvisError
from carvis.evaluation import sample_predictions
from ui.state import current, workspace
from ui.state.i18n import _
from ui.state.thumbnails import thumbnails
from ui.widgets.text import mark, percent, plain, verdict

if TYPE_CHECKING:
    from carvis.classifier import Classifier

_IMAGES = 8


def show(clf: "Classifier", lock: AbstractContextManager) -> bool:
    """Show images of the chosen data set, each with its predicted name and its label; whether there were any."""
    name = current.dataset_name()
    try:
        dataset = workspace.dataset(name) if name else None
    except CarvisError:
        dataset = None
    predictions = None
    if dataset is not None:
        key = (clf.fingerprint, tuple(clf.class_names))
        predictions = _predictions(key, dataset.fingerprint, _classifier=clf, _data=dataset, _lock=lock)
    if dataset is None or predictions is None or predictions.empty:
        st.caption(_("No data set to compare the class names with: save only names that you know to be correct."))
        return False
    sentence = _("Predictions with these class names on images of {data}. Do they match?")
    st.markdown(sentence.format(data=plain(dataset.name)))
    grid = st.grid(4, min_column_width=130, gap="small")
    small = thumbnails(predictions["path"].tolist())
    for row, image in zip(predictions.to_dict("records"), small, strict=True):
        right = row["predicted"] == row["label"]
        with grid.cell(), st.container(gap="xsmall"):
            if isinstance(image, bytes):
                alt = _("{label}, predicted {predicted}: {verdict}")
                st.image(image, width="stretch", alt=alt.format(**row, verdict=verdict(right)))
            st.markdown(f"{mark(right)} **{plain(row['predicted'])}** {percent(row['confidence'])}")
            st.caption(_("label: {label}").format(label=plain(row["label"])))
    return True


@st.cache_data(max_entries=64, show_spinner=False)
def _predictions(
    key: tuple, fingerprint: str, *, _classifier: "Classifier", _data: Dataset, _lock: AbstractContextManager
) -> pd.DataFrame:
    with _lock:
        return sample_predictions(_classifier, _data, _IMAGES)
