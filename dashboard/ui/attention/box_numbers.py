"""The boxes of an image as number fields: what the canvas does by mouse and finger, by keyboard alone."""

import streamlit as st

from carvis.dataset.parts import Box, DrawnParts, ImageParts, PartBox
from ui.state import selection
from ui.state.i18n import N_, _
from ui.state.widget_values import careful
from ui.widgets.text import plain

_EDGES = {"left": N_("Left"), "top": N_("Top"), "right": N_("Right"), "bottom": N_("Bottom")}
# More are changed on the canvas.
_MOST = 12


def show(kept: DrawnParts, sample: str, size: tuple[int, int], part: str, drawn: ImageParts | None) -> None:
    """Offer the edges of each box as numbers, and a button for one more box.

    Args:
        kept: where they are kept.
        sample, size: the image's id and (height, width).
        part: of a new box.
        drawn: what is kept of the image.
    """
    boxes = drawn.boxes if drawn else ()
    with st.expander(_("Boxes as numbers"), type="compact"):
        for number, (name, box) in enumerate(boxes[:_MOST]):
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.markdown(f"**{plain(name)}**", width="stretch")
                st.button(
                    _("Delete"), icon=":material/delete:", key=f"delete_box_{number}", type="tertiary",
                    on_click=careful(_delete), args=(kept, sample, drawn, number),
                )  # fmt: skip
            with st.grid(2, min_column_width=90, gap="xsmall"):
                for edge, label in _EDGES.items():
                    key = f"box_{edge}_{number}_{sample}"
                    selection.show(key, int(getattr(box, edge)))
                    st.number_input(
                        _(label), 0, size[1] if edge in ("left", "right") else size[0], step=1, key=key,
                        on_change=selection.by_person(key, _take), args=(kept, sample, drawn, number, edge, key),
                    )  # fmt: skip
        if len(boxes) > _MOST:
            st.caption(_("Further boxes are changed on the image."))
        st.button(
            _("Add a box"), icon=":material/add:", key="add_box", on_click=careful(_add),
            args=(kept, sample, size, part, drawn),
        )  # fmt: skip


def _take(kept: DrawnParts, sample: str, drawn: ImageParts, number: int, edge: str, key: str) -> None:
    name, box = drawn.boxes[number]
    edges = {side: getattr(box, side) for side in _EDGES} | {edge: st.session_state[key]}
    # An edge that passes the opposite one pushes it along, so that the box stays one.
    if edges["left"] >= edges["right"]:
        edges["left" if edge == "right" else "right"] = edges[edge] + (-1 if edge == "right" else 1)
    if edges["top"] >= edges["bottom"]:
        edges["top" if edge == "bottom" else "bottom"] = edges[edge] + (-1 if edge == "bottom" else 1)
    changed = (*drawn.boxes[:number], PartBox(name, Box(**edges)), *drawn.boxes[number + 1 :])
    kept.save(sample, changed, drawn.absent, drawn)


def _delete(kept: DrawnParts, sample: str, drawn: ImageParts, number: int) -> None:
    kept.save(sample, (*drawn.boxes[:number], *drawn.boxes[number + 1 :]), drawn.absent, drawn)


def _add(kept: DrawnParts, sample: str, size: tuple[int, int], part: str, drawn: ImageParts | None) -> None:
    height, width = size
    box = Box(width // 3, height // 3, -(-2 * width // 3), -(-2 * height // 3))
    boxes = drawn.boxes if drawn else ()
    kept.save(sample, (*boxes, PartBox(part, box)), drawn.absent if drawn else (), drawn)
