"""Which image is drawn on next, and how far the drawing is."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from carvis.dataset import Dataset
from carvis.dataset.parts import ImageParts, drawing_order
from ui.attention.selection import AttentionSelection
from ui.state import current, evaluations, selection
from ui.state.i18n import _
from ui.widgets.text import plain

_PLACES = "_drawing_places"


@dataclass(frozen=True)
class Order:
    """The images that are drawn on, in order.

    Attributes:
        ids: the first of the order, as many as the person set out to draw.
        total: how many images the split has.
        right: whether the prediction of each image is right, None without an evaluation.
        model: whose predictions.
    """

    ids: list[str]
    total: int
    right: Mapping[str, bool] | None
    model: str = ""


def order(dataset: Dataset, split: str, models: list[str]) -> Order:
    """Put the images of a split into the order in which they are drawn on."""
    samples = dataset.samples(split)["id"].tolist()
    model, right = predictions(dataset, split, models)
    ordered = drawing_order(samples, right)
    ids = ordered[: selection.get(AttentionSelection).draw_goal]
    # An image that a link names comes first.
    named = [sample for sample in selection.get().sample if sample in set(samples) and sample not in ids]
    return Order([*named[:1], *ids], len(samples), right, model)


def predictions(dataset: Dataset, split: str, models: list[str]) -> tuple[str, Mapping[str, bool] | None]:
    """Return whose predictions balance the order, and whether each is right; None where there is no evaluation."""
    tables = evaluations.on(dataset.name, split)
    for model in models:
        if model in tables and (evaluation := current.evaluation(tables[model])) is not None:
            table = evaluation.predictions
            return model, dict(zip(table["id"], (table["label"] == table["predicted"]).tolist()))
    return "", None


def place(dataset: Dataset, split: str, part: str, ids: list[str], images: Mapping[str, ImageParts]) -> int:
    """Return which image is drawn on: the one that is open, else the first without an answer for the part."""
    opened = st.session_state.get(_PLACES, {}).get((dataset.name, split))
    if opened not in ids:
        named = (sample for sample in selection.get().sample if sample in ids)
        waiting = (sample for sample in ids if not answered(images.get(sample), part))
        opened = next(named, None) or next(waiting, ids[0])
        # It stays open once it has its first box.
        go(dataset.name, split, opened)
    return ids.index(opened)


def go(dataset: str, split: str, sample: str) -> None:
    """Open an image."""
    st.session_state.setdefault(_PLACES, {})[dataset, split] = sample


def answered(drawn: ImageParts | None, part: str) -> bool:
    """Tell whether a part was drawn or marked as not visible."""
    return drawn is not None and part in drawn.annotated


def show(order: Order, part: str, images: Mapping[str, ImageParts]) -> None:
    """Say how many of the images are done, and in which order they come."""
    done = sum(answered(images.get(sample), part) for sample in order.ids)
    words = _("{done} of {goal}").format(done=f"{done:,}", goal=f"{len(order.ids):,}")
    st.progress(done / max(len(order.ids), 1), text=f"**{words}**")
    if order.right is None:
        st.caption(_("Random order (seed 0) over all {total} images.").format(total=f"{order.total:,}"))
    else:
        words = _(
            "Random order (seed 0) over all {total} images, a mistake of {model} and a correct prediction by turns. "
            "The intervals below weight both by how often they occur."
        )
        st.caption(words.format(total=f"{order.total:,}", model=plain(order.model)))
