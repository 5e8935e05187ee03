"""The leakage between test and training images, in one sentence, and the main numbers."""

import streamlit as st

from carvis.dataset.health import Health
from ui.state.i18n import _, of_library


def show(health: Health) -> bool:
    """Show the leakage from training into test; return whether any two splits share images."""
    severity, consequence = health.leakage()
    sentence = of_library(consequence)
    if severity == "unknown":
        st.info(sentence, icon=":material/help:")
    elif severity == "none":
        st.success(sentence, icon=":material/verified:")
    else:
        box = st.error if severity == "severe" else st.warning
        box(f"{sentence} {of_library(health.shared().finding())}", icon=":material/warning:")
    return any(shared.copies for shared in health.crossing().values())


def figures(health: Health) -> None:
    """Show the main numbers."""
    conflicts = len(health.copies[health.copies["label"] != health.copies["twin_label"]])
    numbers = (
        (_("Images"), len(health.images), None),
        (_("Distinct images"), health.distinct, _("Exact duplicates (same bytes or same pixels) count once.")),
        (
            _("Distinct photos"),
            health.groups,
            _("Near-duplicates (re-encoded, resized, cropped, mirrored, recoloured or cut out) count once, too."),
        ),
        (_("Label conflicts"), conflicts, _("The same photo has two labels: at least one is wrong.")),
        (_("Broken files"), len(health.broken), None),
    )
    with st.grid(5, min_column_width=150, gap="small"):
        for label, number, help in numbers:
            st.metric(label, f"{number:,}", help=help, border=True)
