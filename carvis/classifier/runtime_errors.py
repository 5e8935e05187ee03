"""Errors of TensorFlow, Keras and numpy while a model computes, as one sentence with the remedy."""

import contextlib
import functools
import re
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from carvis.errors import CarvisError, ModelError
from carvis.language import Message

if TYPE_CHECKING:
    import keras

P = ParamSpec("P")
T = TypeVar("T")
_MEMORY = "ResourceExhaustedError"
# Of TensorFlow's errors, those that a person has caused or can do nothing about but stop.
_NOT_OURS = ("CancelledError", "AbortedError")
# What Keras says, in a ValueError or TypeError, of an input that a layer cannot take.
_OF_KERAS = re.compile(
    r"incompatible with the layer|Exception encountered when calling|in user code:"
    r"|expected (axis|shape|min_ndim|max_ndim)|Input \d+ of layer|Invalid input shape|must be the same"
    r"|output size would be|valid scope name",
    re.IGNORECASE,
)
_OUT_OF_MEMORY = re.compile(r"OOM when allocating|out of memory|failed to allocate|unable to allocate", re.IGNORECASE)
_TAIL = re.compile(r"Arguments received by|\[Op:|\n\s*\[\[|Detected at node|Stack trace for op|Call arguments")
_LONGEST = 200


def sentence_of(error: BaseException, name: object = None, *, computing: bool = False) -> Message | None:
    """Return the remedy for an error raised while a model computes; None for any other error.

    Args:
        name: of the model, its file where there is one.
        computing: whether it came out of a model's computing for certain: then whatever Keras and TensorFlow say of a
            value or its type counts.
    """
    kind = _kind(error)
    if kind is None and computing and isinstance(error, (ValueError, TypeError)) and _raised_by_them(error):
        kind = "shapes"
    if kind is None:
        return None
    about = name or Message("The model")
    if kind == "memory":
        return Message(
            "{name}: out of memory: choose a smaller batch (--batch-size) or smaller images (--input-size),"
            " or close other programs.",
            name=about,
        )
    if kind == "unknown":
        return Message(
            "{name}: TensorFlow cannot run this model here ({reason}): try it on the CPU"
            " (CUDA_VISIBLE_DEVICES=-1), or save it again with the Keras that wrote it.",
            name=about,
            reason=reason_of(error),
        )
    return Message(
        "{name} cannot process this input ({reason}): check the image size (--input-size), or save the"
        " model again with the input size that it takes.",
        name=about,
        reason=reason_of(error),
    )


def is_memory(error: BaseException) -> bool:
    """Tell whether an error says that there is not enough memory."""
    return _kind(error) == "memory"


def _kind(error: BaseException) -> str | None:
    if isinstance(error, CarvisError):
        return None
    text = str(error)
    if isinstance(error, MemoryError) or type(error).__name__ == _MEMORY:
        return "memory"
    of_tensorflow = _is_of_tensorflow(error)
    # A failed allocation inside an operation may be reported as a fault of that operation.
    if (of_tensorflow or isinstance(error, (RuntimeError, ValueError))) and _OUT_OF_MEMORY.search(text):
        return "memory"
    if of_tensorflow and type(error).__name__ not in _NOT_OURS:
        return "shapes" if type(error).__name__ in ("InvalidArgumentError", "FailedPreconditionError") else "unknown"
    if isinstance(error, (ValueError, TypeError)) and _OF_KERAS.search(text):
        return "shapes"
    return None


def _raised_by_them(error: BaseException) -> bool:
    if isinstance(error, CarvisError):
        return False
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    file = frame.tb_frame.f_code.co_filename.replace("\\", "/") if frame else ""
    return any(f"/{package}/" in file for package in ("keras/src", "tensorflow/python"))


def _is_of_tensorflow(error: BaseException) -> bool:
    # A package that was never imported has raised nothing.
    errors = getattr(sys.modules.get("tensorflow"), "errors", None)
    return errors is not None and isinstance(error, errors.OpError)


def reason_of(error: BaseException) -> str:
    """Return what an error says, in one short line, without TensorFlow's frames and Keras's lists of arguments."""
    text = re.sub(r"\x1b\[\d*m", "", getattr(error, "message", None) or str(error))
    text = text.rpartition("Exception encountered when calling")[2] if "Exception encountered" in text else text
    text = _TAIL.split(text)[0]
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("File ")]
    line = next((line for line in reversed(lines) if ": " in line or line.endswith(".")), lines[-1] if lines else "")
    line = re.sub(r"\{\{.*?\}\}\s*", "", line)
    return " ".join(line.split())[:_LONGEST].rstrip(".:") or type(error).__name__


@contextlib.contextmanager
def model_failures(name: object = None) -> Iterator[None]:
    """Turn what a model's computing raises within the block into a ``ModelError`` with the remedy.

    Args:
        name: of the model, its file where there is one.

    Raises:
        ModelError: not enough memory, shapes do not fit, or TensorFlow cannot compute it.
    """
    try:
        yield
    except CarvisError as error:
        # While tracing, TensorFlow raises a copy of the error with its source lines.
        if isinstance(error.__context__, CarvisError) and str(error).startswith("in user code"):
            raise error.__context__ from None
        raise
    except Exception as error:
        sentence = sentence_of(error, name, computing=True)
        if sentence is None:
            raise
        raise ModelError(sentence) from error


def with_model_failures(function: Callable[P, T], name: object = None) -> Callable[P, T]:
    """Return a function whose failures ``model_failures`` turns into a ``ModelError``."""

    @functools.wraps(function, assigned=())
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        with model_failures(name):
            return function(*args, **kwargs)

    return wrapped


def name_of(model: "keras.Model") -> str:
    """Return the file that a model was opened from, else its name."""
    return getattr(model, "_carvis_path", None) or model.name
