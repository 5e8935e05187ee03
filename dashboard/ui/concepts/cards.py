"""A card a concept: its best crops, its importance, what removing it costs, and its name."""

import streamlit as st

from carvis.errors import CarvisError
from carvis.explain.concepts import LONGEST_NAME, Concepts, save_names, with_names
from carvis.explain.concepts.crops import cut
from carvis.images import encode_image, read_image, resize
from carvis.workspace import modified
from ui.state import workspace
from ui.state.i18n import _
from ui.state.widget_values import careful
from ui.widgets.text import percent, plain

_CROPS, _SIDE = 6, 112


def title(found: Concepts, concept: int) -> str:
    """Return the name of a concept as the page shows it."""
    name = found.names[concept] if concept < len(found.names) else ""
    return name or _("Concept {n}").format(n=concept + 1)


def show(found: Concepts, paths: dict[str, str]) -> None:
    """Show all concepts, the most important one first.

    Args:
        paths: the file of each image by its id.
    """
    before = float(found.images["right"].mean())
    with st.grid("auto", min_column_width=380, gap="small"):
        for concept, row in enumerate(found.table.to_dict("records")):
            with st.container(border=True, height="stretch", gap="xsmall", key=f"concept_{concept}"):
                st.markdown(f"**{plain(title(found, concept))}**")
                _crops(found, concept, paths)
                importance = max(0.0, float(row["importance"]))
                st.progress(
                    min(1.0, importance),
                    text=_("Importance {value} (95 % CI {low} to {high})").format(
                        value=f"{importance:.2f}",
                        low=f"{max(0.0, row['importance low']):.2f}",
                        high=f"{row['importance high']:.2f}",
                    ),
                )
                fall = f"{-row['fall']:+.2f}".replace("-", "−")
                st.caption(
                    _("Removed: score {fall}, accuracy {after} instead of {before}. Stability {stability}.").format(
                        fall=fall,
                        after=percent(row["accuracy"]),
                        before=percent(before),
                        stability=f"{row['stability']:.2f}",
                    )
                )
                _name(found, concept)


def _crops(found: Concepts, concept: int, paths: dict[str, str]) -> None:
    rows = found.crops[found.crops["concept"] == concept].sort_values("rank").head(_CROPS)
    with st.grid(_CROPS, min_column_width=48, gap="xxsmall"):
        for row in rows.to_dict("records"):
            path = paths.get(row["id"])
            if path is None:
                continue
            box = (row["left"], row["top"], row["right"], row["bottom"])
            if data := _crop(path, modified(path), box):
                st.image(data, width="stretch", alt=_("Crop of {image}").format(image=row["id"]))


@st.cache_data(max_entries=2000, show_spinner=False)
def _crop(path: str, time: int, box: tuple[float, float, float, float]) -> bytes | None:
    try:
        return encode_image(resize(cut(read_image(path), box), (_SIDE, _SIDE)))
    # An image that is gone since: the others are shown.
    except CarvisError:
        return None


def _name(found: Concepts, concept: int) -> None:
    key = f"name_{found.key[:12]}_{concept}"
    if key not in st.session_state:
        st.session_state[key] = found.names[concept] if concept < len(found.names) else ""
    st.text_input(
        _("Name"),
        key=key,
        max_chars=LONGEST_NAME,
        placeholder=_("What is it? For example: emblem"),
        label_visibility="collapsed",
        on_change=careful(_keep),
        args=(found, concept, key),
    )


def _keep(found: Concepts, concept: int, key: str) -> None:
    # Another window may have named other concepts since this one was drawn.
    save_names(workspace.get(), with_names(workspace.get(), found).named({concept: st.session_state[key]}))
