"""Errors that a person can cause and fix: each message is one sentence naming the file and the remedy."""


class CarvisError(Exception):
    """Base of every error whose message is meant for the person using carvis."""


class PathError(CarvisError):
    """A path leads outside the allowed folders."""


class FileKindError(PathError, OSError):
    """A pipe, a device or a socket stands where an ordinary file is needed."""

    def __init__(self, sentence: str, kind: str):
        super().__init__(sentence)
        # Shown as the reason by callers that report any ``OSError``.
        self.strerror = kind


class ImageError(CarvisError):
    """A file is not a readable image."""


class DatasetError(CarvisError):
    """A folder is not laid out as a data set."""


class ModelError(CarvisError):
    """A model file cannot be opened or does not fit its use."""


class UntrustedModelError(ModelError):
    """A model file holds code, which runs only when that file is trusted by name."""


class TableError(CarvisError):
    """A table such as ``df2.csv`` or a saved evaluation cannot be read."""


class TrainingError(CarvisError):
    """A training run cannot start or resume."""


class NetworkError(CarvisError):
    """A request needs a network, and there is none."""


class StoppedError(CarvisError):
    """Work was stopped by whoever follows its progress."""
