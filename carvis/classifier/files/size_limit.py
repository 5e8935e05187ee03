"""How far a model file may grow when it is opened: one rule, of its own size and of the free memory."""

from pathlib import Path

from carvis.classifier.memory_estimate import free_memory
from carvis.errors import ModelError
from carvis.language import Message

# Weights hardly shrink. What does: zeros of a fresh model or its optimizer, pruned and quantised weights, to a
# hundredth at most. A small file may grow to what costs no machine anything.
MOST_TIMES, ALWAYS = 100, 128 << 20
_SHARE_OF_MEMORY = 0.5
REMEDY = Message("save the model again with Keras")


def allowed(file_bytes: int) -> int:
    """Return how many bytes a file of a size may unpack to, all of its parts and all steps of unpacking together."""
    return max(ALWAYS, MOST_TIMES * file_bytes)


def check_growth(path: Path, file_bytes: int, unpacked: int) -> None:
    """Refuse a file that declares or unpacks to more than a model of its size can.

    Args:
        path: the file.
        file_bytes: its size on the disk.
        unpacked: bytes that its parts declare, those of nested compressions added up.

    Raises:
        ModelError: it is more than ``allowed``.
    """
    if unpacked > allowed(file_bytes):
        raise ModelError(
            Message(
                "{path} would expand from {held} to {unpacked}, far more than any model: {remedy}, without"
                " compression.",
                path=path,
                held=_size(file_bytes),
                unpacked=_size(unpacked),
                remedy=REMEDY,
            )
        )


def check_memory(path: Path, needed: int) -> None:
    """Refuse what would take more than half of the memory that is free now.

    Raises:
        ModelError: it says how much is needed and how much is free.
    """
    free = free_memory()
    if needed > _SHARE_OF_MEMORY * free:
        raise ModelError(
            Message(
                "{path} needs {needed} of memory, more than half of the {free} that are free: close other"
                " programs, or use a machine with more memory.",
                path=path,
                needed=_size(needed),
                free=_size(free),
            )
        )


def _size(n: int) -> str:
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if n >= unit:
            return f"{n / unit:,.1f} {name}"
    return f"{n / 1e3:,.1f} KB"
