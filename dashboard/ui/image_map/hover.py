"""The image under the pointer on the map, drawn small beside it.

When the pointer rests on a point, the map says so; this component then asks the server for one thumbnail, and only this
fragment runs.
"""

import base64
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from ui.image_map.spaces import Space
from ui.state.i18n import _
from ui.state.thumbnails import thumbnails
from ui.state.widget_values import careful
from ui.widgets.layout import part
from ui.widgets.text import percent, verdict

_KEY, _HOVERED = "image_map_hover", "_image_map_hovered"
_SIDE = 200
_HTML = """<div class="card">
<figure><img hidden><figcaption></figcaption></figure>
</div>"""
_CSS = """
.card { container-type: inline-size }
figure { margin: 0; min-height: 260px }
img { max-width: 100%; max-height: 220px; border-radius: var(--st-base-radius) }
figcaption {
  color: var(--st-text-color); font-family: var(--st-font); font-size: 0.85rem; white-space: pre-line;
  overflow-wrap: anywhere;
}
/* Beside the map, its top is in line with that of the map, below the map's buttons. */
@container (max-width: 259px) {
  figure { margin-top: 38px }
  img[hidden] + figcaption.hint {
    display: grid; place-items: center; min-height: 160px; padding: 0.5rem; text-align: center; opacity: 0.8;
    border: 1px dashed var(--st-border-color); border-radius: var(--st-base-radius);
  }
}
/* Below the map, on a narrow screen: most have no pointer that rests. */
@container (min-width: 260px) { figure { min-height: 0 } }
"""
_SCRIPT = """
const states = new WeakMap()
export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const state = states.get(parentElement) ?? {}
  if (!state.listener) {
    state.listener = (event) => state.ask(event.detail)
    document.addEventListener("carvis-pointed-at", state.listener)
  }
  states.set(parentElement, state)
  state.ask = (key) => setTriggerValue("pointed", key)
  const image = parentElement.querySelector("img")
  image.hidden = !data.image
  if (data.image && image.src !== data.image) image.src = data.image
  image.alt = data.alt
  const caption = parentElement.querySelector("figcaption")
  caption.textContent = data.words
  caption.classList.toggle("hint", !data.alt)
  return () => {
    document.removeEventListener("carvis-pointed-at", state.listener)
    states.delete(parentElement)
  }
}
"""


@st.fragment
@part
def show(rows: pd.DataFrame, spaces: list[Space]) -> None:
    """Show the image that the pointer rests on.

    Args:
        rows: as ``spaces.rows`` returns them, of the first model.
        spaces: of each model on the map.
    """
    data: dict[str, Any] = {"image": "", "alt": "", "words": _("Point at an image to see it here.")}
    data |= _described(rows, spaces, st.session_state.get(_HOVERED))
    draw = st.components.v2.component("carvis_hovered_image", html=_HTML, css=_CSS, js=_SCRIPT)
    draw(key=_KEY, data=data, on_pointed_change=careful(_take))


def _take() -> None:
    st.session_state[_HOVERED] = st.session_state[_KEY].get("pointed")


def _described(rows: pd.DataFrame, spaces: list[Space], key: object) -> dict[str, str]:
    """Return the thumbnail as a data address, and what is known of the image; nothing where the key is no image's."""
    number = np.array([key if isinstance(key, int | float) else -1], np.float64)
    found = [sample for space in spaces for sample in space.ids_of(number)]
    here = rows[rows["id"] == found[0]] if found else rows.iloc[:0]
    if here.empty:
        return {}
    row: Any = next(here.itertuples())
    image = thumbnails([row.path if isinstance(row.path, str) else None], _SIDE)[0]
    words = [_("true: {label}").format(label=row.label)]
    if row.predicted is not None:
        outcome = verdict(row.predicted == row.label)
        words.append(_("{predicted}, {confidence}: {outcome}").format(
            predicted=row.predicted, confidence=percent(row.confidence), outcome=outcome
        ))  # fmt: skip
    words.append(row.id)
    source = f"data:image/jpeg;base64,{base64.b64encode(image).decode()}" if isinstance(image, bytes) else ""
    if not source and image:
        words.insert(0, str(image))
    return {"image": source, "alt": _("An image of {label}").format(label=row.label), "words": "\n".join(words)}
