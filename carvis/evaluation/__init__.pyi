from .alignment import Joined, join, left_out_messages
from .assumptions import (
    AssumptionCheck,
    Remarks,
    assumption_remarks,
    card_remarks,
    check_assumptions,
    sample_predictions,
    stored_check,
)
from .comparison import Comparison, compare
from .confusion.choices import CELLS, CLASS_ORDERS, Cells, ClassOrder
from .confusion.matrix import (
    ConfusionPair,
    cell_finding,
    confused_pairs,
    confusion_shares,
    most_confused_classes,
    pair_confusion,
)
from .confusion.seriation import order_classes, seriate
from .confusion.super_classes import merge_classes, read_super_classes, super_classes
from .label_issues import corrected_list, label_errors
from .leakage import Leak
from .metrics import class_scores
from .misclassified import read_misclassified
from .predictions import evaluate
from .reader import load_evaluation
from .result import Evaluation
from .storage import check_folder, evaluation_folder

__all__ = [
    "CELLS",
    "CLASS_ORDERS",
    "AssumptionCheck",
    "Cells",
    "ClassOrder",
    "Comparison",
    "ConfusionPair",
    "Evaluation",
    "Joined",
    "Leak",
    "Remarks",
    "assumption_remarks",
    "card_remarks",
    "cell_finding",
    "check_assumptions",
    "check_folder",
    "class_scores",
    "compare",
    "confused_pairs",
    "confusion_shares",
    "corrected_list",
    "evaluate",
    "evaluation_folder",
    "join",
    "label_errors",
    "left_out_messages",
    "load_evaluation",
    "merge_classes",
    "most_confused_classes",
    "order_classes",
    "pair_confusion",
    "read_misclassified",
    "read_super_classes",
    "sample_predictions",
    "seriate",
    "stored_check",
    "super_classes",
]
