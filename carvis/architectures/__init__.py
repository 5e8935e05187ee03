"""Architectures: the own CNN, and bases of keras.applications built flat with a dense head."""

from importlib import import_module

_HOME_OF = {
    "build_model": "building",
    "check_request": "building",
    "RECIPES": "building",
    "fold_batch_norm": "vgg",
    "open_last_block": "freezing",
    "freeze_base": "freezing",
    "BACKBONES": "backbones",
    "Backbone": "backbones",
    "backbone_of": "backbones",
    "preprocessing_for": "backbones",
    "read_weights": "weights",
    "take_weights": "weights",
}

__all__ = list(_HOME_OF)


def __getattr__(name: str):
    if name in _HOME_OF:
        return getattr(import_module(f"carvis.architectures.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module 'carvis.architectures' has no attribute {name!r}")
