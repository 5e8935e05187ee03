"""Training: recipes, augmentation, the loop, and the run directory that says everything about a run."""

from importlib import import_module

_HOME_OF = {
    "train": "execution",
    "prepare": "preparation",
    "execute": "execution",
    "estimate": "cost_estimate",
    "start": "processes",
    "resume": "processes",
    "Run": "run",
    "RunConfig": "config",
    "read_events": "event_log",
}

__all__ = list(_HOME_OF)


def __getattr__(name: str):
    if name in _HOME_OF:
        return getattr(import_module(f"carvis.training.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module 'carvis.training' has no attribute {name!r}")
