"""Errors in words: one sentence each, and the number of its entry in the log where the sentence does not explain it."""

import os
import sys
import traceback
from dataclasses import dataclass

from carvis.classifier.runtime_errors import is_memory, sentence_of
from carvis.errors import CarvisError
from carvis.workspace import os_sentence
from ui.state import error_log
from ui.state.i18n import _, of_library

_THEIRS = ("keras", "tensorflow")


@dataclass(frozen=True)
class Problem:
    """A sentence on an error, and its number in the log, empty where the sentence says it all."""

    sentence: str
    number: str = ""


def described(problem: BaseException, *, of_item: bool = False) -> Problem:
    """Put an error into words; one that no file explains is written into the log. This never raises.

    Args:
        problem: what was raised.
        of_item: it was met in one item of several, which the others do without.
    """
    try:
        if isinstance(problem, CarvisError):
            return Problem(str(of_library(problem)))
        if isinstance(problem, OSError) and problem.filename:
            return Problem(str(of_library(os_sentence(problem))))
        return _of_fault(problem, of_item)
    except Exception:
        return Problem("Internal error in carvis: reload the page.")


def _of_model(problem: BaseException) -> str | None:
    """Say what TensorFlow or Keras cannot compute; nothing where they have nothing to do with it."""
    if not isinstance(problem, Exception) or not any(name in sys.modules for name in _THEIRS):
        return None
    frames = traceback.extract_tb(problem.__traceback__)
    from_backend = any(f"/{package}/" in frame.filename.replace(os.sep, "/") for frame in frames for package in _THEIRS)
    return sentence_of(problem, computing=True) if from_backend else None


def _of_fault(problem: BaseException, of_item: bool) -> Problem:
    entry = error_log.record(problem)
    if is_memory(problem):
        finding = _("Out of memory (error {number}): choose fewer or smaller images and models.")
    elif (sentence := _of_model(problem)) is not None:
        return Problem(str(of_library(sentence)), entry.number)
    elif of_item:
        finding = _("Cannot be read for an unknown reason (error {number}): create it again, or move it away.")
    else:
        finding = _("Internal error in carvis (error {number}): quote this number when you report it.")
    location = _("For details see {file}.")
    if not entry.written:
        location = _("For details see the terminal where the dashboard was started.")
    sentence = _("{finding} {where}").format(finding=finding, where=location)
    return Problem(sentence.format(number=entry.number, file=error_log.NAME), entry.number)
