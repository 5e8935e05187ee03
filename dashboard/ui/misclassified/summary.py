"""What page Misclassified says of a table above its images."""

import pandas as pd

from carvis.evaluation.provenance import misclassified_note, unreadable_note
from ui.state import evaluations
from ui.state.i18n import _, n_, of_library
from ui.widgets import skipped_files
from ui.widgets.layout import error


def of_evaluation(table: evaluations.Table, wrong: int) -> str:
    """Say how many images of an evaluation are misclassified, and which were not counted.

    Raises:
        TableError: the evaluation cannot be read.
    """
    evaluation = evaluations.load(table)
    sentences = [of_library(misclassified_note(wrong, evaluation.metrics["n"]))]
    if n := len(evaluation.metrics["unreadable"]):
        sentences.append(of_library(unreadable_note(n)))
    if skipped := skipped_files.note(evaluation):
        sentences.append(skipped)
    if evaluation.leak is not None and evaluation.leak.copies:
        sentences.append(of_library(evaluation.leak.warning(evaluation.setup["model"]["name"])))
    return " ".join(sentences)


def of_file(rows: pd.DataFrame) -> list[str]:
    """Say how many rows a file holds, how many images are missing and how it was read; show what is wrong with it."""
    missing = int((rows["status"] != "found").sum())
    sentences = [n_("{n} row in the table.", "{n} rows in the table.", len(rows)).format(n=f"{len(rows):,}")]
    if missing:
        sentences.append(n_("{n} image was not found.", "{n} images were not found.", missing).format(n=f"{missing:,}"))
    encoding = rows.attrs.get("encoding", "utf-8")
    if encoding != "utf-8":
        sentences.append(_("Detected encoding: {encoding}.").format(encoding=encoding))
    for problem in rows.attrs.get("problems", []):
        error(problem)
    return sentences
