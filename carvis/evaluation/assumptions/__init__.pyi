from .check import check_assumptions, stored_check
from .remarks import Remarks, assumption_remarks, card_remarks
from .result import AssumptionCheck
from .sample import sample_predictions

__all__ = [
    "AssumptionCheck",
    "Remarks",
    "assumption_remarks",
    "card_remarks",
    "check_assumptions",
    "sample_predictions",
    "stored_check",
]
