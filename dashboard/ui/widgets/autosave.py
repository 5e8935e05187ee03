"""A text field that is saved while somebody types, so that a reload loses nothing."""

import streamlit as st

# Streamlit hands a text over when the field is left or Ctrl+Enter is pressed: this presses it after a short pause.
_SCRIPT = """
export default function (component) {
  const { data } = component
  const area = () => document.querySelector(`.st-key-${data.container} textarea`)
  let timer
  const hand_over = () => {
    const field = area()
    if (!field) return
    const enter = { key: "Enter", code: "Enter", keyCode: 13, ctrlKey: true, bubbles: true, cancelable: true }
    field.dispatchEvent(new KeyboardEvent("keydown", enter))
  }
  const typed = (event) => {
    if (event.target !== area()) return
    clearTimeout(timer)
    // Japanese is written in steps: an unfinished word is not handed over.
    if (!event.isComposing) timer = setTimeout(hand_over, 500)
  }
  document.addEventListener("input", typed)
  document.addEventListener("compositionend", typed)
  return () => {
    clearTimeout(timer)
    document.removeEventListener("input", typed)
    document.removeEventListener("compositionend", typed)
  }
}
"""


def keep_while_typing(container: str, key: str) -> None:
    """Hand over the text area in the container with this key whenever its typing pauses.

    Args:
        container: key of the container that holds the text area.
        key: of the text area.
    """
    keeper = st.components.v2.component("carvis_keep_while_typing", html="<span></span>", js=_SCRIPT)
    keeper(data={"container": container}, key=f"keeper_{key}", height=1)
