"""What a reader must know before believing a report's figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from carvis.evaluation import Remarks, assumption_remarks
from carvis.evaluation.comparison.calibration import expected_calibration_error
from carvis.language import _, localised, n_
from carvis.report.blocks import percent, split_name
from carvis.report.context import Context

# Confidence that is off by more than this on average misleads whoever acts on it.
_MISLEADING = 0.1


@dataclass(frozen=True)
class Caution:
    """A warning.

    Attributes:
        text: a sentence or two.
        section: the key of the section that shows more, or empty.
    """

    text: str
    section: str = ""


def cautions(context: Context) -> list[Caution]:
    """Return the warnings, the gravest first: wrong assumptions, leakage, labels, data, confidence, what is missing."""
    remarks_by_model = _remarks(context)
    warnings = [*_on_remarks(context, remarks_by_model, grave=True), *_leakage(context), *_labels(context)]
    warnings += _on_remarks(context, remarks_by_model, grave=False)
    warnings += [*_assumptions(context), *_data(context), *_confidence(context)]
    warnings += [Caution(problem, "making") for problem in context.problems]
    return list(dict.fromkeys(warnings))


def _leakage(context: Context) -> Iterator[Caution]:
    leaks = {name: evaluation.leak for name, evaluation in context.evaluations.items() if evaluation.leak is not None}
    name = context.best if context.best in leaks else next(iter(leaks), None)
    split = split_name(context.split)
    if name is None:
        if context.split != "train":
            sentence = _("Leakage was not checked: there were no training images to compare with the {split} images.")
            yield Caution(sentence.format(split=split), "health")
    elif leaks[name].copies:
        yield Caution(localised(leaks[name].warning(name)), "health")


def _labels(context: Context) -> Iterator[Caution]:
    if n := len(context.label_issues):
        sentence = n_(
            "Label issues: the models contradict {n} label with confidence ({share} of the images). Check it first.",
            "Label issues: the models contradict {n} labels with confidence ({share} of the images). Check them first.",
            n,
        )
        yield Caution(sentence.format(n=f"{n:,}", share=percent(n / max(context.first.metrics["n"], 1))), "health")


def _remarks(context: Context) -> dict[str, Remarks]:
    """Return what speaks against the assumptions about each model, where anything does."""
    cache = context.cache_dir / "assumptions" if context.cache_dir else None
    by_model = {
        name: assumption_remarks(context.evaluations[name], context.files.get(name), cache) for name in context.ranked
    }
    return {name: remarks for name, remarks in by_model.items() if remarks}


def _on_remarks(context: Context, remarks_by_model: dict[str, Remarks], *, grave: bool) -> Iterator[Caution]:
    for name, remarks in remarks_by_model.items():
        if remarks.grave == grave:
            yield Caution(f"{context.keys[name]}: {remarks.localised()}", "making")


def _assumptions(context: Context) -> Iterator[Caution]:
    # What the check found is said once, with its remedy.
    checks = [evaluation.assumption_check for evaluation in context.evaluations.values()]
    checked = {localised(sentence) for check in checks if check for sentence in check.messages}
    for note, names in notes(context).items():
        if note in checked:
            continue
        yield Caution(f"{', '.join(names)}: {note}", "making")


def notes(context: Context) -> dict[str, list[str]]:
    """What was assumed and noted of the models: each sentence once, with the models' short names."""
    by_note: dict[str, list[str]] = {}
    for name in context.ranked:
        clf = context.classifiers.get(name)
        sentences = (*(clf.assumptions if clf else ()), *context.evaluations[name].setup.get("notes", ()))
        for note in dict.fromkeys(map(localised, sentences)):
            by_note.setdefault(note, []).append(context.keys[name])
    return by_note


def _data(context: Context) -> Iterator[Caution]:
    if context.health is None:
        yield Caution(_("The images of the data set are missing: this report shows only figures."), "")
    elif context.health.mixed_groups:
        sentence = n_(
            "{n} group of near-duplicates carries several labels.",
            "{n} groups of near-duplicates carry several labels.",
            context.health.mixed_groups,
        )
        yield Caution(sentence.format(n=f"{context.health.mixed_groups:,}"), "health")
    absent = [name for name in context.ranked if name not in context.files]
    if absent and context.data is not None:
        sentence = _("No heatmaps of {models}: the model files are missing.")
        yield Caution(sentence.format(models=", ".join(context.keys[name] for name in absent)), "")


def _confidence(context: Context) -> Iterator[Caution]:
    if (error := calibration_errors(context)[context.best]) > _MISLEADING:
        sentence = _("The confidence of {model} is off by {error} on average: do not act on it without a temperature.")
        yield Caution(sentence.format(model=context.best, error=percent(error)), "scores")


def calibration_errors(context: Context) -> pd.Series:
    """The expected calibration error of each model, on the images compared."""
    if context.comparison is not None:
        return context.comparison.scoreboard["ece"]
    rows = context.first.predictions
    right = (rows["label"] == rows["predicted"]).to_numpy()
    return pd.Series({context.best: expected_calibration_error(rows["confidence"].to_numpy(), right)})
