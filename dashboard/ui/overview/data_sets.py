"""The data sets of the workspace: image counts, one image per class, skipped files."""

import pandas as pd
import streamlit as st

from carvis.dataset import Dataset
from carvis.images import depth_of
from ui.state import unreadable, workspace
from ui.state.i18n import _, n_, of_library
from ui.state.thumbnails import thumbnails
from ui.widgets.text import SPLIT, plain

_CLASSES_SHOWN = 8


def show() -> None:
    """Show each data set in a box."""
    for name in workspace.datasets():
        with unreadable.item("data set", name):
            dataset = workspace.dataset(name)
            counts, skipped, notes = dataset.counts(), dataset.other_files(), depth_of(dataset.root).notes()
            with st.container(border=True):
                parts = [
                    n_("{n} class", "{n} classes", len(counts)).format(n=f"{len(counts):,}"),
                    *(f"{_(SPLIT[str(split)])} {total:,}" for split, total in counts.sum().items()),
                ]
                st.markdown(f"**{plain(name)}** &nbsp; :gray[{plain(' · '.join(parts))}]")
                _one_of_each_class(dataset)
                with st.expander(_("Images per class"), type="compact"):
                    st.dataframe(
                        counts.rename_axis(_("Class")).rename(columns={key: _(text) for key, text in SPLIT.items()}),
                        alt=_("Number of images per class and split"),
                    )
                for note in notes:
                    st.caption(plain(of_library(note)))
                if len(skipped):
                    _skipped(skipped)


def _one_of_each_class(dataset: Dataset) -> None:
    samples = dataset.samples(list(dataset.splits)[-1])
    first = samples.drop_duplicates("label").head(_CLASSES_SHOWN)
    with st.grid(_CLASSES_SHOWN, min_column_width=84, gap="xsmall"):
        for label, small in zip(first["label"], thumbnails(first["path"].tolist(), 160), strict=True):
            # If the first image is unreadable, show another one of the class.
            others = [] if isinstance(small, bytes) else samples.loc[samples["label"] == label, "path"][1:4].tolist()
            readable = [image for image in (small, *thumbnails(others, 160)) if isinstance(image, bytes)]
            if readable:
                st.image(readable[0], caption=plain(label), width="stretch", alt=label)


def _skipped(files: pd.DataFrame) -> None:
    label = n_("{n} file skipped", "{n} files skipped", len(files)).format(n=len(files))
    with st.expander(label, type="compact"):
        st.dataframe(
            files.assign(reason=[of_library(reason) for reason in files["reason"]]),
            hide_index=True,
            alt=_("Skipped files, with the reason"),
        )
