"""The controls of page Compare models: which images are counted."""

from ui.compare import comparison
from ui.compare.selection import CompareSelection
from ui.state import evaluations, selection
from ui.state.i18n import N_, _
from ui.widgets.pickers import segments

COPIES = {"with": N_("All pictures"), "without": N_("Without copies of training pictures")}


def choose_copies(tables: dict[str, evaluations.Table]) -> None:
    """Offer to leave out pictures with a copy in training, where it is known which have one."""
    if comparison.knows_copies(tables):
        segments("copies", _("Pictures"), COPIES, selection.get(CompareSelection).copies)
