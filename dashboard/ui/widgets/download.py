"""Offering a file to download; it is made only when somebody asks for it."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from carvis.errors import CarvisError
from ui.state import error_log
from ui.state.widget_values import shelf

_FAILED = "download_failed"
# Streamlit's own message at the button is English and gives no reason: the page reruns and shows it instead.
_SCRIPT = """
export default function ({ setTriggerValue }) {
  const line = "[data-testid=stDownloadButtonError]"
  const told = new WeakSet()
  const look = () => {
    for (const one of document.querySelectorAll(line)) {
      one.style.display = "none"
      if (!told.has(one)) setTriggerValue("failed", Date.now())
      told.add(one)
    }
  }
  const observer = new MutationObserver(look)
  observer.observe(document.body, { childList: true, subtree: true })
  return () => observer.disconnect()
}
"""
_MIME = {"png": "image/png", "csv": "text/csv", "zip": "application/zip", "npz": "application/octet-stream"}
_MIME |= {"json": "application/json", "html": "text/html"}


def download(label: str, make: Callable[[], bytes | str], file_name: str, **more: Any) -> None:
    """Offer a file whose kind its name ends in.

    Args:
        make: returns the file's content.
        more: further arguments of the button.
    """
    suffix = file_name.rsplit(".", 1)[-1]
    icon = {"png": ":material/image:", "html": ":material/description:"}.get(suffix, ":material/data_array:")
    options = {"icon": icon, "type": "tertiary", "on_click": "ignore", "mime": _MIME[suffix]}
    st.download_button(label, _recorded(make), file_name, **(options | more))


def tell_failures() -> None:
    """Rerun the page, with the reason, whenever a download fails."""
    teller = st.components.v2.component("carvis_download_failed", html="<span></span>", js=_SCRIPT)
    teller(key=_FAILED, height=1, on_failed_change=lambda: None)


def _recorded(make: Callable[[], bytes | str]) -> Callable[[], bytes | str]:
    """Return ``make`` for another thread: the next drawing of the page says why it failed."""
    failures = shelf()

    def content() -> bytes | str:
        try:
            return make()
        except Exception as problem:
            if not isinstance(problem, CarvisError):
                error_log.record(problem)
            failures.append(problem)
            raise

    return content
