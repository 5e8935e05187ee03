"""What page Misclassified says of a table above its images."""

import pandas as pd

from carvis.evaluation.provenance import unreadable_note
from ui.state import evaluations
from ui.state.i18n import _, n_, of_library
from ui.widgets import skipped_files
from ui.widgets.layout import error
from ui.widgets.text import percent


def of_evaluation(table: evaluations.Table, wrong: int) -> str:
    """Say how many images of an evaluation are misclassified, and which were not counted.

    Raises:
        TableError: the evaluation cannot be read.
    """
    evaluation = evaluations.load(table)
    words = [
        _("{wrong} of {n} images are misclassified (accuracy {accuracy}).").format(
            wrong=f"{wrong:,}", n=f"{evaluation.metrics['n']:,}", accuracy=percent(evaluation.accuracy)
        )
    ]
    if n := len(evaluation.metrics["unreadable"]):
        words.append(of_library(unreadable_note(n)))
    if skipped := skipped_files.words(evaluation):
        words.append(skipped)
    if evaluation.leak is not None and evaluation.leak.copies:
        words.append(of_library(evaluation.leak.warning(evaluation.setup["model"]["name"])))
    return " ".join(words)


def of_file(rows: pd.DataFrame) -> list[str]:
    """Say how many rows a file holds, how many images are missing and how it was read; show what is wrong with it."""
    lost = int((rows["status"] != "found").sum())
    words = [n_("{n} row in the table.", "{n} rows in the table.", len(rows)).format(n=f"{len(rows):,}")]
    if lost:
        words.append(n_("{n} image was not found.", "{n} images were not found.", lost).format(n=f"{lost:,}"))
    encoding = rows.attrs.get("encoding", "utf-8")
    if encoding != "utf-8":
        words.append(_("Detected encoding: {encoding}.").format(encoding=encoding))
    for problem in rows.attrs.get("problems", []):
        error(problem)
    return words
