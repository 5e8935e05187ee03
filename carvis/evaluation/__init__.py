"""How good a classifier is: predictions, metrics, confusion, misclassified pictures. Loads no TensorFlow."""

from carvis.evaluation.assumptions import (
    AssumptionCheck,
    Remarks,
    assumption_remarks,
    card_remarks,
    check_assumptions,
    kept_check,
    sample_predictions,
)
from carvis.evaluation.comparison import Comparison, compare
from carvis.evaluation.confusion import (
    ConfusionPair,
    confused_pairs,
    confusion_shares,
    most_confused_classes,
    pair_confusion,
)
from carvis.evaluation.doubting import corrected_list, label_errors
from carvis.evaluation.evaluating import evaluate
from carvis.evaluation.grouping import merge_classes, read_super_classes, super_classes
from carvis.evaluation.image_index import ImageIndex
from carvis.evaluation.leaking import Leak
from carvis.evaluation.misclassified import read_misclassified
from carvis.evaluation.ordering import order_classes, seriate
from carvis.evaluation.result import Evaluation
from carvis.evaluation.scoring import class_scores
from carvis.evaluation.storage import check_folder, evaluation_folder, load_evaluation, read_accuracy
from carvis.evaluation.tag_exchange import export_tags, import_tags
from carvis.evaluation.tag_file import TagError
from carvis.evaluation.tagging import TAGS, NoteChangedError, Tags

__all__ = [
    "TAGS",
    "AssumptionCheck",
    "Comparison",
    "ConfusionPair",
    "Evaluation",
    "ImageIndex",
    "Leak",
    "NoteChangedError",
    "Remarks",
    "TagError",
    "Tags",
    "assumption_remarks",
    "card_remarks",
    "check_assumptions",
    "check_folder",
    "class_scores",
    "compare",
    "confused_pairs",
    "confusion_shares",
    "corrected_list",
    "evaluate",
    "evaluation_folder",
    "export_tags",
    "import_tags",
    "kept_check",
    "label_errors",
    "load_evaluation",
    "merge_classes",
    "most_confused_classes",
    "order_classes",
    "pair_confusion",
    "read_accuracy",
    "read_misclassified",
    "read_super_classes",
    "sample_predictions",
    "seriate",
    "super_classes",
]
