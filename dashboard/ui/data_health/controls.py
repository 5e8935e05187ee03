"""The control of page Data: which section is shown."""

from ui.data_health.selection import DataHealthSelection
from ui.state import selection
from ui.state.i18n import N_, _
from ui.widgets.pickers import segments

SECTIONS = {
    "copies": N_("Duplicates"),
    "classes": N_("Images per class"),
    "light": N_("Brightness and sharpness"),
    "shortcuts": N_("Shortcuts"),
    "problems": N_("Problems"),
}


def choose_section() -> str:
    """Offer the sections, and return the chosen one."""
    section = selection.get(DataHealthSelection).health
    segments("health", _("Show"), SECTIONS, section, label_visibility="collapsed")
    return section
