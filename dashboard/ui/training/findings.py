"""What the curves of a training say, in sentences."""

import pandas as pd
import streamlit as st

from carvis.training.diagnosis import diagnose
from ui.state.i18n import of_library
from ui.widgets.text import plain


def show(name: str, history: pd.DataFrame, class_names: list[str] | None) -> None:
    """Say what stands out in a history; without class names under the name of its file."""
    for finding in diagnose(history, len(class_names) if class_names else None):
        prefix = "" if class_names else f"**{plain(name)}**: "
        icon = ":material/trending_up:" if finding.kind in ("improving", "settled") else ":material/lightbulb:"
        st.markdown(f"{icon} {prefix}{plain(of_library(finding.message))}")
