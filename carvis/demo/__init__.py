"""Drawn cars whose truth is known: the embedded demo data set with a mask for every part."""

from importlib import import_module

_HOME_OF = {
    "PARTS": "carvis.demo.atlas",
    "MAKES": "carvis.demo.makes",
    "OTHER_MAKES": "carvis.demo.makes",
    "BODIES": "carvis.demo.plan",
    "PER_CLASS": "carvis.demo.plan",
    "class_names": "carvis.demo.plan",
    "plan_split": "carvis.demo.plan",
    "draw_car": "carvis.demo.scene",
    "draw_dataset": "carvis.demo.dataset",
    "draw_pretraining": "carvis.demo.dataset",
    "draw_split": "carvis.demo.dataset",
    "MissingImages": "carvis.demo.missing",
    "draw_missing": "carvis.demo.missing",
    "missing_images": "carvis.demo.missing",
    "training_defaults": "carvis.demo.defaults",
    "is_demo": "carvis.workspace",
    "rebuild": "carvis.demo.rebuilding",
    "restore_demo": "carvis.demo.rebuilding",
}

__all__ = [*_HOME_OF]


def __getattr__(name: str):
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module 'carvis.demo' has no attribute {name!r}")
