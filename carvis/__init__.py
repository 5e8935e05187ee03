"""carvis: train image classifiers with Keras and see where they look.

Names are resolved on first use, so that ``import carvis`` loads no TensorFlow.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME_OF = {
    "Workspace": "carvis.workspace",
    "Dataset": "carvis.dataset",
    "check_dataset": "carvis.dataset.health",
    "Health": "carvis.dataset.health",
    "Classifier": "carvis.classifier",
    "load_classifier": "carvis.classifier",
    "save_classifier": "carvis.classifier",
    "build_model": "carvis.architectures",
    "train": "carvis.training",
    "Run": "carvis.training",
    "evaluate": "carvis.evaluation",
    "Evaluation": "carvis.evaluation",
    "load_evaluation": "carvis.evaluation",
    "check_assumptions": "carvis.evaluation",
    "AssumptionCheck": "carvis.evaluation",
    "read_misclassified": "carvis.evaluation",
    "label_errors": "carvis.evaluation",
    "Tags": "carvis.evaluation",
    "compare": "carvis.evaluation",
    "Comparison": "carvis.evaluation",
    "heatmaps": "carvis.explain",
    "Heatmap": "carvis.explain",
    "Contrast": "carvis.explain",
    "filter_patterns": "carvis.explain",
    "activations": "carvis.explain",
    "read_parts": "carvis.explain",
    "box_parts": "carvis.explain",
    "attention_on_parts": "carvis.explain",
    "write_report": "carvis.report",
    "CarvisError": "carvis.errors",
}

__all__ = ["__version__", *_HOME_OF]


def __getattr__(name: str):
    if name in _HOME_OF:
        # In a script or notebook, too, TensorFlow's start-up lines look like errors.
        import_module("carvis.startup").quiet_tensorflow()
        return getattr(import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module 'carvis' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
