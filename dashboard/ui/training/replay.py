"""A run as it was after each epoch: its validation confusion and one image's heatmap, along a slider."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from carvis.images import encode_image, overlay, read_image
from carvis.training.replay import Replay
from carvis.training.run import Run
from carvis.workspace import content_hash
from ui.state import workspace
from ui.state.i18n import _, of_library
from ui.state.samples import find_sample
from ui.widgets.chart import cached_chart
from ui.widgets.images import shown
from ui.widgets.layout import guarded
from ui.widgets.text import mark, percent, plain

if TYPE_CHECKING:
    from carvis.classifier import Classifier

_MODELS, _MAPS = 6, 200


def show(runs: dict[str, Run]) -> None:
    """Offer the replay of one of the runs shown; nothing is read until it is opened."""
    if not runs:
        return
    box = st.expander(
        _("Replay: the model after each epoch"), icon=":material/history:", key="replay", on_change="rerun",
        type="compact",
    )  # fmt: skip
    if not box.open:
        return
    with box, guarded():
        name = next(iter(runs))
        if len(runs) > 1:
            name = st.selectbox(_("Run"), list(runs), key="replay_run")
        run = runs[name]
        replay = Replay(run)
        epochs = replay.epochs
        if not epochs:
            st.caption(_("No epoch of this run is saved yet."))
            return
        epoch = epochs[0]
        if len(epochs) > 1:
            epoch = st.select_slider(_("Epoch"), epochs, value=epochs[-1], key=f"epoch_{name}")
        left, right = st.columns([3, 2], gap="large")
        with left:
            _confusion(replay, epoch)
        with right:
            _sample(name, replay, epoch)


def _confusion(replay: Replay, epoch: int) -> None:
    counts = replay.confusion(epoch)
    right, n = int(counts.to_numpy().trace()), int(counts.to_numpy().sum())
    sentence = _("Validation after epoch {epoch}: {right} of {n} correct ({accuracy})")
    st.markdown(sentence.format(epoch=epoch, right=f"{right:,}", n=f"{n:,}", accuracy=percent(right / max(n, 1))))
    table = counts.rename_axis("true").reset_index().melt("true", var_name="predicted", value_name="count")
    st.vega_lite_chart(_matrix(table, list(counts.index), _most(replay)), width="stretch")


@cached_chart
def _matrix(table: pd.DataFrame, names: list[str], most: int) -> alt.Chart:
    axis = alt.Axis(labelLimit=110, labelOverlap=False, labelFlush=False)
    return (
        alt.Chart(table, height=max(180, 17 * len(names) + 110))
        .mark_rect()
        .encode(
            x=alt.X("predicted:N", title=_("predicted class"), sort=names, axis=axis),
            y=alt.Y("true:N", title=_("label"), sort=names, axis=axis),
            color=alt.Color("count:Q", title=_("Images"), scale=alt.Scale(scheme="viridis", domain=[0, most])),
            tooltip=[
                alt.Tooltip("true:N", title=_("label")),
                alt.Tooltip("predicted:N", title=_("predicted class")),
                alt.Tooltip("count:Q", title=_("Images")),
            ],
        )
    )


def _most(replay: Replay) -> int:
    """Return one end of the colour scale for all epochs, or the eye could not follow a cell along the slider."""
    return max(1, int(replay.images["label"].value_counts().max()))


def _sample(name: str, replay: Replay, epoch: int) -> None:
    images = replay.images
    sample = st.selectbox(_("Image"), images["id"].tolist(), key=f"replay_picture_{name}")
    row = images.index[images["id"] == sample][0]
    label, predicted = images.loc[row, "label"], replay.predictions(epoch)[row]
    st.markdown(
        f"{mark(predicted == label)} **{plain(predicted)}**  \n{_('label: {label}').format(label=plain(label))}"
    )
    dataset = replay.run.config.get("dataset", "")
    source = find_sample(dataset, sample) if dataset in workspace.datasets() else None
    if source is None:
        st.caption(_("The data set {name} is not in this workspace.").format(name=plain(dataset)))
        return
    image = shown(read_image(source.source), 480)
    if not replay.has_weights(epoch):
        st.image(encode_image(image), width="stretch", alt=plain(sample))
        st.caption(_("Heatmaps need the weights of every epoch: train with **Save every epoch** or `--replay`."))
        return
    with st.spinner(_("Loading the model of epoch {epoch} …").format(epoch=epoch)):
        key = content_hash(str(replay.folder), epoch, (replay.folder / f"epoch-{epoch:04d}.npz").stat().st_mtime_ns)
        heat, target, notes = _heat(key, sample, label, _replay=replay, _epoch=epoch, _source=source.source)
    caption = _("Evidence for {label} after epoch {epoch}").format(epoch=epoch, label=target)
    st.image(encode_image(overlay(image, heat, 0.55)), width="stretch", alt=caption)
    st.caption(plain(caption))
    for note in notes:
        st.caption(f":material/info: {plain(of_library(note))}")


@st.cache_resource(max_entries=_MAPS, show_spinner=False)
def _heat(
    key: str, sample: str, label: str, *, _replay: Replay, _epoch: int, _source: Path | bytes
) -> tuple[np.ndarray, str, Sequence[str]]:
    from carvis.explain import heatmaps

    model = _model(key, _replay=_replay, _epoch=_epoch)
    heatmap = next(iter(heatmaps(model, [_source], target="true", labels=[label])))
    return heatmap.normalised, heatmap.target_name, heatmap.notes


@st.cache_resource(max_entries=_MODELS, show_spinner=False)
def _model(key: str, *, _replay: Replay, _epoch: int) -> "Classifier":
    return _replay.classifier(_epoch)
