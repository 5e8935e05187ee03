"""What is shown of a model file that is not open: what it says of itself, why it is not open, and a way to open it."""

from functools import partial
from pathlib import Path

import streamlit as st

from ui.state.i18n import _
from ui.state.models import Opened, can_be_retried, forget
from ui.state.widget_values import careful
from ui.widgets.layout import error
from ui.widgets.text import plain


def show(model: Opened, path: Path) -> None:
    """Show a model file without opening it."""
    if model.untried:
        st.info(plain(model.error), icon=":material/hourglass_empty:")
        help = _("First loads the file in a separate process, which takes seconds to minutes, once per file.")
        _button(_("Open this model"), model.name, help)
    else:
        error(model.error)
        if can_be_retried(model.name):
            _button(_("Try again"), model.name)
    st.subheader(_("Properties"), anchor=False)
    st.table(_facts(path), border="horizontal", alt=_("Properties of the model {model}").format(model=model.name))


def _button(label: str, name: str, help: str | None = None) -> None:
    st.button(label, icon=":material/play_arrow:", help=help, key="model_open", on_click=careful(partial(_open, name)))


def _open(name: str) -> None:
    forget(name)
    st.session_state["model_asked"] = name


def _facts(path: Path) -> dict[str, str]:
    stat = path.stat()
    described = _described(str(path), stat.st_mtime_ns, stat.st_size)
    sides = described["input_size"] and [*described["input_size"], described["channels"]]
    facts = {
        _("File"): f"{path.name} ({stat.st_size / 1e6:.1f} MB)",
        _("Keras"): described["keras_version"],
        _("Input"): sides and " × ".join("?" if side is None else str(side) for side in sides),
        _("Parameters"): described["parameters"] and f"{described['parameters']:,}",
        _("Number of layers"): described["layers"] and f"{described['layers']:,}",
    }
    return {label: plain(str(value)) for label, value in facts.items() if value}


@st.cache_data(max_entries=64, show_spinner=False)
def _described(path: str, time: int, size: int) -> dict:
    from carvis.classifier import describe_model_file

    return describe_model_file(path)
