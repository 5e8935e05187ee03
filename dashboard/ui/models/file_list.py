"""All model files with their sizes, and for one that cannot be opened the sentence why."""

import contextlib
from pathlib import Path

import streamlit as st

from ui.state import workspace
from ui.state.i18n import _, of_library
from ui.state.models import open_model
from ui.state.widget_values import careful
from ui.widgets.text import mark, plain

# Opening more than this at once would keep the page waiting.
_CHECKED_UNASKED = 150_000_000


def show(files: dict[str, Path], shown: str) -> None:
    """List every model file with its size, and for one that cannot be opened the sentence why."""
    sizes = {name: workspace.bytes_of(path) or 0 for name, path in files.items()}
    requested = bool(st.session_state.get("models_checked"))
    opens_all, has_untried = sum(sizes.values()) <= _CHECKED_UNASKED or requested, False
    for name, path in files.items():
        size = f"{sizes[name] / 1e6:.1f} MB"
        if opens_all or name == shown:
            opening = _("Opening {model} …").format(model=plain(name))
            with st.spinner(opening) if requested else contextlib.nullcontext():
                model = open_model(name, requested=requested)
            if model.untried:
                has_untried = True
                st.markdown(f"**{plain(path.name)}** · {size}  \n{plain(model.error)}")
            elif model.error:
                st.markdown(f"{mark(False)} **{plain(path.name)}** · {size}  \n{plain(of_library(model.error))}")
            else:
                st.markdown(f"{mark(True)} **{plain(path.name)}** · {size}")
        else:
            st.markdown(f"**{plain(path.name)}** · {size}")
    if has_untried or not opens_all:
        st.button(
            _("Check whether every file can be opened"),
            icon=":material/fact_check:",
            on_click=careful(lambda: st.session_state.update(models_checked=True)),
        )
