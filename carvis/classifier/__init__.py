"""Classifiers: Keras models with class names, input size and preprocessing bound to them."""

from importlib import import_module

_HOME_OF = {
    "Classifier": "classifier",
    "load_classifier": "loading",
    "save_classifier": "saving",
    "describe_model_file": "describing",
    "PREPROCESSING": "preprocessing",
    "ModelCard": "card",
    "card_path": "card",
    "read_card": "card",
    "update_card": "card",
    "write_card": "card",
}

__all__ = list(_HOME_OF)


def __getattr__(name: str):
    if name in _HOME_OF:
        return getattr(import_module(f"carvis.classifier.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module 'carvis.classifier' has no attribute {name!r}")
