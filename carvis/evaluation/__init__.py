"""How good a classifier is: predictions, metrics, confusion, misclassified pictures. Loads no TensorFlow."""

from carvis.evaluation.comparison import Comparison, compare
from carvis.evaluation.evaluating import evaluate
from carvis.evaluation.image_index import ImageIndex
from carvis.evaluation.leaking import Leak
from carvis.evaluation.misclassified import read_misclassified
from carvis.evaluation.result import Evaluation
from carvis.evaluation.storage import check_folder, evaluation_folder, load_evaluation

__all__ = [
    "Comparison",
    "Evaluation",
    "ImageIndex",
    "Leak",
    "check_folder",
    "compare",
    "evaluate",
    "evaluation_folder",
    "load_evaluation",
    "read_misclassified",
]
