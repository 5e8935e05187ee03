"""What the curves of a training say, in sentences."""

import pandas as pd
import streamlit as st

from carvis.training.diagnosis import diagnose
from ui.state.i18n import N_, _
from ui.widgets.text import plain

FINDINGS = {
    "broken": N_("The loss is no longer a number after epoch {epoch}: try a lower learning rate."),
    "overfitting": N_(
        "Overfitting from epoch {epoch}: since then the validation loss rose from {low} to {high}, while the training "
        "loss fell from {before} to {after}. More pictures or augmentation, or fewer open layers, would help."
    ),
    "rate-too-high": N_("The learning rate may be too high: the training loss rose in {rises} of {epochs} epochs."),
    "hardly-learning": N_(
        "It hardly learns: after {epochs} epochs the training accuracy is {accuracy}, where guessing gives {chance}. "
        "Try a higher learning rate, a pre-trained backbone, or check the pictures."
    ),
    "improving": N_(
        "Still improving: over the last {epochs} epochs the validation loss fell from {before} to {after}. More epochs "
        "may help."
    ),
    "settled": N_("Settled: the validation loss has moved by less than {share} over the last {epochs} epochs."),
}


def show(name: str, history: pd.DataFrame, class_names: list[str] | None) -> None:
    """Say what stands out in a history; without class names under the name of its file."""
    for finding in diagnose(history, len(class_names) if class_names else None):
        words = _(FINDINGS[finding.kind]).format(**finding.facts)
        prefix = "" if class_names else f"**{plain(name)}**: "
        icon = ":material/trending_up:" if finding.kind in ("improving", "settled") else ":material/lightbulb:"
        st.markdown(f"{icon} {prefix}{plain(words)}")
