"""How good a classifier is: predictions, metrics, confusion, misclassified pictures. Loads no TensorFlow."""

from carvis.evaluation.comparison import Comparison, compare
from carvis.evaluation.confusion import (
    ConfusionPair,
    confused_pairs,
    confusion_shares,
    most_confused_classes,
    pair_confusion,
)
from carvis.evaluation.evaluating import evaluate
from carvis.evaluation.grouping import merge_classes, read_super_classes, super_classes
from carvis.evaluation.image_index import ImageIndex
from carvis.evaluation.leaking import Leak
from carvis.evaluation.misclassified import read_misclassified
from carvis.evaluation.ordering import order_classes, seriate
from carvis.evaluation.result import Evaluation
from carvis.evaluation.scoring import class_scores
from carvis.evaluation.storage import check_folder, evaluation_folder, load_evaluation

__all__ = [
    "Comparison",
    "ConfusionPair",
    "Evaluation",
    "ImageIndex",
    "Leak",
    "check_folder",
    "class_scores",
    "compare",
    "confused_pairs",
    "confusion_shares",
    "evaluate",
    "evaluation_folder",
    "load_evaluation",
    "merge_classes",
    "most_confused_classes",
    "order_classes",
    "pair_confusion",
    "read_misclassified",
    "read_super_classes",
    "seriate",
    "super_classes",
]
