"""How new images are predicted: average, augmentation, rate of false alarms, heatmaps."""

import streamlit as st

from carvis.prediction.augmentation import AUGMENTATIONS, augmentation_cost
from ui.state import selection
from ui.state.i18n import N_, _, of_library, shown_as, translated
from ui.try_it.selection import TryItSelection
from ui.widgets.pickers import segments

_AVERAGE = {"no": N_("Off"), "yes": N_("On")}
_MAPS = {"show": N_("Show"), "hide": N_("Hide")}
_AUGMENT = {
    "none": N_("None"), "mirror": N_("Mirror"), "crops": N_("Crops"), "mirror+crops": N_("Mirror and crops"),
}  # fmt: skip


def settings() -> TryItSelection:
    """Offer the settings in a window and return those in use."""
    chosen = selection.get(TryItSelection)
    with st.popover(_("Settings"), icon=":material/tune:"):
        segments("maps", _("Heatmaps"), _MAPS, chosen.maps)
        segments("average", _("Average of the models"), _AVERAGE, chosen.average)
        st.selectbox(
            _("Test-time augmentation"),
            list(AUGMENTATIONS),
            AUGMENTATIONS.index(chosen.augment),
            format_func=shown_as(translated(_AUGMENT)),
            **selection.control("augment", chosen.augment),
        )
        st.caption(of_library(augmentation_cost(chosen.augment)))
        st.slider(
            _("Rate of false alarms"),
            1,
            50,
            chosen.alarms,
            format="%d %%",
            help=_("At most this share of ordinary images is called unlike anything in training."),
            **selection.control("alarms", chosen.alarms),
        )
    return chosen
