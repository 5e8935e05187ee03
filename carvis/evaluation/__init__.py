"""How good a classifier is: predictions, metrics, confusion, misclassified pictures. Loads no TensorFlow."""

from carvis.evaluation.doubting import corrected_list, label_errors
from carvis.evaluation.evaluating import evaluate
from carvis.evaluation.image_index import ImageIndex
from carvis.evaluation.misclassified import read_misclassified
from carvis.evaluation.result import Evaluation
from carvis.evaluation.storage import check_folder, evaluation_folder, load_evaluation
from carvis.evaluation.tag_exchange import export_tags, import_tags
from carvis.evaluation.tag_file import TagError
from carvis.evaluation.tagging import TAGS, NoteChangedError, Tags

__all__ = [
    "TAGS",
    "Evaluation",
    "ImageIndex",
    "NoteChangedError",
    "TagError",
    "Tags",
    "check_folder",
    "corrected_list",
    "evaluate",
    "evaluation_folder",
    "export_tags",
    "import_tags",
    "label_errors",
    "load_evaluation",
    "read_misclassified",
]
