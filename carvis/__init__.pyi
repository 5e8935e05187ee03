__version__: str

from .architectures import build_model
from .classifier import Classifier, load_classifier, save_classifier
from .dataset import Dataset
from .dataset.health import Health, check_dataset
from .dataset.parts import box_parts, read_parts
from .errors import CarvisError
from .evaluation import (
    AssumptionCheck,
    Comparison,
    Evaluation,
    check_assumptions,
    compare,
    evaluate,
    label_errors,
    load_evaluation,
    read_misclassified,
)
from .explain import Contrast, Heatmap, activations, attention_on_parts, filter_patterns, heatmaps
from .explain.concepts import Concepts, concepts
from .feature_space import Embeddings, embeddings, neighbours
from .prediction import predict
from .report import write_report
from .subgroups import image_properties, shortcuts, slices
from .tags import Tags
from .training import Run, train
from .workspace import Workspace

__all__ = [
    "AssumptionCheck",
    "CarvisError",
    "Classifier",
    "Comparison",
    "Concepts",
    "Contrast",
    "Dataset",
    "Embeddings",
    "Evaluation",
    "Health",
    "Heatmap",
    "Run",
    "Tags",
    "Workspace",
    "__version__",
    "activations",
    "attention_on_parts",
    "box_parts",
    "build_model",
    "check_assumptions",
    "check_dataset",
    "compare",
    "concepts",
    "embeddings",
    "evaluate",
    "filter_patterns",
    "heatmaps",
    "image_properties",
    "label_errors",
    "load_classifier",
    "load_evaluation",
    "neighbours",
    "predict",
    "read_misclassified",
    "read_parts",
    "save_classifier",
    "shortcuts",
    "slices",
    "train",
    "write_report",
]
