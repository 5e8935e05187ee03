"""Boxes drawn by hand on page Where models look: one image after the other, kept at every change."""

import base64
import contextlib
from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from carvis.dataset import Dataset
from carvis.dataset.parts import DrawnParts, ImageParts, PartBox, Parts, part_name, part_names
from carvis.errors import CarvisError, TableError
from carvis.explain.attention import Proposal, carried_over
from carvis.images import image_size
from carvis.workspace import file_stamp
from ui.attention import box_canvas, box_file, box_numbers, progress, proposals
from ui.attention.box_canvas import Change
from ui.attention.selection import AttentionSelection
from ui.state import selection, workspace
from ui.state.i18n import _
from ui.state.thumbnails import thumbnails
from ui.state.widget_values import careful, shelf
from ui.widgets.layout import guarded
from ui.widgets.layout import part as fragment_part
from ui.widgets.stepper import steps
from ui.widgets.text import plain

_KEY, _NUMBERS, _SHOWN = "box_canvas", "_box_changes", "_boxes_shown"
_SIDE = 1280
FIRST_PART = "emblem"
# Colours that stand out on photographs and are told apart without red and green (Okabe and Ito, 2008).
_COLOURS = ("#f0e442", "#56b4e9", "#e69f00", "#cc79a7", "#00c08b", "#ff7f50", "#ffffff")


def store(dataset: Dataset) -> DrawnParts:
    """Return the boxes drawn on a data set."""
    return DrawnParts.of(dataset, workspace.get())


def show(dataset: Dataset, split: str, models: list[str], objects: Parts | None) -> None:
    """Offer to draw boxes.

    Args:
        dataset, split: whose images.
        models: whose predictions balance the order, and whose features say which images are alike.
        objects: masks of the data set that outline the object, None where there are none.
    """
    st.session_state[_SHOWN] = file_stamp(store(dataset).path)
    st.fragment(fragment_part(_editor))(dataset, split, models, objects)


def _editor(dataset: Dataset, split: str, models: list[str], objects: Parts | None) -> None:
    # A new part reruns only this.
    selection.write()
    kept = store(dataset)
    images = kept.images()
    stale = {sample for sample, drawn in images.items() if kept.is_stale(sample, drawn)}
    current = {sample: drawn for sample, drawn in images.items() if sample not in stale}
    part = _choose_part(images)
    order = progress.order(dataset, split, models)
    if not order.ids:
        return
    position = progress.place(dataset, split, part, order.ids, current)
    sample = order.ids[position]
    drawn = current.get(sample)
    with st.container(border=True, key="draw_boxes"):
        left, right = st.columns([5, 2], gap="medium")
        with right:
            progress.show(order, part, current)
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                steps(pd.Series(order.ids), position, "draw_step", partial(progress.go, dataset.name, split))
            st.caption(plain(sample))
        # An image that cannot be read is passed by with the buttons above.
        with left, guarded():
            size = image_size(dataset.resolve(sample))
            if progress.answered(drawn, part):
                offered = []
            elif sample in stale:
                offered = _of_before(sample, size, part, images[sample])
            else:
                similar = proposals.similarity(dataset, split, models)
                offered = proposals.of_image(sample, size, part, current, similar, objects)
            _canvas(dataset, sample, size, part, drawn, part_names(images), offered)
            with right:
                _answers(dataset, split, order.ids, position, part, drawn, offered)
                if sample in stale:
                    st.warning(_("The image was replaced since its boxes were drawn: check them."))
                box_numbers.show(kept, sample, size, part, drawn)
    with st.container(horizontal=True):
        box_file.show(kept)
        _count_below(kept)


def _count_below(kept: DrawnParts) -> None:
    """Offer to bring what stands below up to date: done by itself, it would move the image under the pointer."""
    if st.session_state.get(_SHOWN) != file_stamp(kept.path) and st.button(
        _("Use the new boxes below"), icon=":material/refresh:", key="use_boxes"
    ):
        st.rerun()


def _choose_part(images: Mapping[str, ImageParts]) -> str:
    """Offer the parts there are, and a new one; return the one that is drawn."""
    names, chosen = part_names(images) or [FIRST_PART], ""
    # A link may name what cannot be the name of a part.
    with contextlib.suppress(TableError):
        chosen = part_name(selection.get(AttentionSelection).draw_part)
    names = names if not chosen or chosen in names else [*names, chosen]
    part = chosen or names[0]
    with st.container(horizontal=True):
        st.pills(_("Part to draw"), names, format_func=plain, required=True, **selection.control("draw_part", part))
        st.text_input(
            _("Another part"), key="new_part", max_chars=40, width=180, on_change=careful(_new_part),
            placeholder=_("its name"),
        )  # fmt: skip
        goal = selection.get(AttentionSelection).draw_goal
        st.number_input(_("Images to draw on"), 1, 1_000, width=150, **selection.control("draw_goal", goal))
    return part


def _new_part() -> None:
    text, st.session_state["new_part"] = st.session_state["new_part"], ""
    if text.strip():
        selection.change(draw_part=part_name(text))


def _of_before(sample: str, size: tuple[int, int], part: str, before: ImageParts) -> list[Proposal]:
    """Propose the boxes that were drawn on the image that lay here before."""
    return [Proposal(part, carried_over(box, before.size, size), sample) for name, box in before.boxes if name == part]


def _canvas(
    dataset: Dataset,
    sample: str,
    size: tuple[int, int],
    part: str,
    drawn: ImageParts | None,
    names: list[str],
    offered: list[Proposal],
) -> None:
    [photo] = thumbnails([str(dataset.resolve(sample))], _SIDE)
    if not isinstance(photo, bytes):
        st.error(plain(photo), icon=":material/error:")
        return
    boxes = drawn.boxes if drawn else ()
    colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(dict.fromkeys([*names, part]))}
    content: dict[str, Any] = {
        "image": f"data:image/jpeg;base64,{base64.b64encode(photo).decode()}",
        "alt": _("{name}: drag to draw a box of {part}. The number fields beside it do the same.").format(
            name=sample, part=part
        ),
        "sample": sample,
        "width": size[1],
        "height": size[0],
        "part": part,
        "boxes": box_canvas.listed(boxes),
        "proposals": box_canvas.listed([PartBox(offer.part, offer.box) for offer in offered]),
        "colours": colours,
        "words": {
            "in": _("Zoom in"),
            "out": _("Zoom out"),
            "home": _("Show all"),
            "delete": _("Delete"),
            "hint": _("Drag to draw: {part}").format(part=part),
        },
        "number": st.session_state.get(_NUMBERS, 0),
    }
    box_canvas.draw(content, _KEY, partial(_take, dataset))


def _take(dataset: Dataset, changes: list[Change]) -> None:
    """Keep what a person changed on the canvas, each change once and in order."""
    kept = store(dataset)
    for change in changes:
        if change.number <= st.session_state.get(_NUMBERS, 0):
            continue
        st.session_state[_NUMBERS] = change.number
        try:
            now = kept.images().get(change.sample)
            absent = now.absent if now else frozenset()
            before = ImageParts(change.before, absent, now.size if now else (1, 1), now.sha256 if now else "")
            kept.save(change.sample, change.boxes, absent, before)
        # One change that cannot be kept does not hold up the others.
        except CarvisError as problem:
            shelf().append(problem)


def _answers(
    dataset: Dataset,
    split: str,
    ids: list[str],
    position: int,
    part: str,
    drawn: ImageParts | None,
    offered: list[Proposal],
) -> None:
    """Offer what can be answered by a click or a key."""
    sample = ids[position]
    following = ids[position + 1] if position + 1 < len(ids) else sample
    absent, visible = drawn is not None and part in drawn.absent, drawn is not None and part in drawn.visible
    with st.container(gap="xsmall"):
        if offered:
            st.button(
                _("Accept the proposal"), icon=":material/check:", key="accept_boxes", shortcut="A", type="primary",
                width="stretch", on_click=careful(_accept), args=(dataset, sample, drawn, offered),
            )  # fmt: skip
            if offered[0].sample != sample:
                st.caption(_("Carried over from {name}").format(name=plain(offered[0].sample)))
        if absent:
            st.button(
                _("{part} is visible after all").format(part=plain(part)), icon=":material/visibility:",
                key="part_visible", shortcut="N", width="stretch", on_click=careful(_mark),
                args=(dataset, sample, drawn, part, False),
            )  # fmt: skip
            st.caption(_(":material/visibility_off: Marked as not visible in this image."))
        else:
            st.button(
                _("Not visible in this image"), icon=":material/visibility_off:", key="part_absent", shortcut="N",
                width="stretch", disabled=visible, on_click=careful(_mark_and_go),
                args=(dataset, split, sample, drawn, part, following),
            )  # fmt: skip


def _accept(dataset: Dataset, sample: str, drawn: ImageParts | None, offered: list[Proposal]) -> None:
    boxes = [*(drawn.boxes if drawn else ()), *(PartBox(offer.part, offer.box) for offer in offered)]
    store(dataset).save(sample, boxes, drawn.absent if drawn else (), drawn)


def _mark(dataset: Dataset, sample: str, drawn: ImageParts | None, part: str, absent: bool) -> None:
    marks = (drawn.absent if drawn else frozenset()) - {part} | ({part} if absent else set())
    store(dataset).save(sample, drawn.boxes if drawn else (), marks, drawn)


def _mark_and_go(
    dataset: Dataset, split: str, sample: str, drawn: ImageParts | None, part: str, following: str
) -> None:
    _mark(dataset, sample, drawn, part, True)
    progress.go(dataset.name, split, following)
