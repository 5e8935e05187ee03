"""What is assumed of a model, checked against images whose classes are known."""

from carvis.evaluation.assumptions.check import check_assumptions, kept_check
from carvis.evaluation.assumptions.remarks import Remarks, assumption_remarks, card_remarks
from carvis.evaluation.assumptions.result import AssumptionCheck
from carvis.evaluation.assumptions.sample import sample_predictions

__all__ = [
    "AssumptionCheck",
    "Remarks",
    "assumption_remarks",
    "card_remarks",
    "check_assumptions",
    "kept_check",
    "sample_predictions",
]
