"""How good each model is, and whether one is really better."""

import pandas as pd

from carvis.evaluation.comparison import cochran_words, left_out_words, pattern_words, sentence
from carvis.evaluation.comparison.calibration import expected_calibration_error
from carvis.figures import figure_bytes, model_scoreboard, reliability_diagrams
from carvis.language import N_, _
from carvis.report.blocks import Picture, Section, Words, interval, percent, table
from carvis.report.context import Context

_MADE = (
    N_("Intervals of accuracies are Wilson's, 95 %."),
    N_("Top-3: the true class is among the three most probable. Macro F1: the mean of the classes' F1."),
    N_(
        "Expected calibration error: 15 bins of equal width (Guo et al. 2017, On Calibration of Modern Neural "
        "Networks)."
    ),
)
_MADE_PAIRS = (
    N_("Models are compared on the pictures all of them were evaluated on, joined by sample id and content."),
    N_(
        "p: exact McNemar test of the pictures that one model alone gets right, corrected for the number of pairs "
        "(Holm)."
    ),
)


def scores(context: Context) -> Section:
    comparison = context.comparison
    if comparison is None:
        return _one(context)
    board = comparison.scoreboard
    blocks = [Words(sentence(verdict), verdict.kind == "better") for verdict in comparison.verdicts]
    if comparison.cochran:
        blocks.append(Words(cochran_words(*comparison.cochran)))
    blocks += [Words(words) for words in left_out_words(comparison.left_out)]
    said = ", ".join(f"{name} {percent(row['accuracy'])}" for name, row in board.iterrows())
    blocks.append(Picture(figure_bytes(model_scoreboard(comparison)), _("Accuracies: {models}.").format(models=said)))
    shown = pd.DataFrame(
        {
            _("accuracy"): board["accuracy"].map(percent),
            "95 %": [interval(*pair) for pair in board[["low", "high"]].to_numpy()],
            _("without copies"): [_clean(row) for _name, row in board.iterrows()],
            _("top-3"): board["top3"].map(percent),
            _("macro F1"): board["macro_f1"].map("{:.3f}".format),
            _("log loss"): board["log_loss"].map("{:.3f}".format),
            _("calibration error"): board["ece"].map("{:.3f}".format),
            _("parameters"): board["parameters"].map(lambda n: "–" if n != n else f"{n:,.0f}"),
            "MB": board["bytes"].map(lambda n: "–" if n != n else f"{n / 1e6:.1f}"),
        },
        index=board.index,
    )
    blocks.append(table(shown.rename_axis(_("model")), _("{n} pictures").format(n=f"{comparison.n:,}")))
    patterns = comparison.lattice[comparison.lattice["count"] > 0]
    rows = {
        _("who is right"): [pattern_words(pattern, comparison.names) for pattern in patterns.index],
        _("pictures"): [f"{n:,}" for n in patterns["count"]],
        _("share"): [percent(share) for share in patterns["share"]],
    }
    blocks.append(table(pd.DataFrame(rows), _("Every pattern of right and wrong that occurs")))
    errors = ", ".join(f"{name} {board.loc[name, 'ece']:.3f}" for name in comparison.names)
    blocks.append(
        Picture(
            figure_bytes(reliability_diagrams(comparison)), _("Calibration errors: {models}.").format(models=errors)
        )
    )
    answers = _("Which model is better, and is the gap real?")
    return Section("scores", _("Scoreboard"), answers, tuple(blocks), tuple(map(_, _MADE + _MADE_PAIRS)))


def _one(context: Context) -> Section:
    name, evaluation = next(iter(context.evaluations.items()))
    metrics, answers = evaluation.metrics, evaluation.predictions
    right = (answers["label"] == answers["predicted"]).to_numpy()
    ece = expected_calibration_error(answers["confidence"].to_numpy(), right)
    rows = {
        _("accuracy"): f"{percent(metrics['accuracy'])} ({interval(*metrics['accuracy_interval'])})",
        _("pictures"): f"{metrics['n']:,}",
        _("top-3"): percent(metrics["top3"]),
        _("macro F1"): f"{metrics['macro_f1']:.3f}",
        _("log loss"): f"{metrics['log_loss']:.3f}",
        _("calibration error"): f"{ece:.3f}",
    }
    shown = table(pd.DataFrame({_("measure"): list(rows), name: list(rows.values())}))
    answers = _("How good is {model}?").format(model=name)
    return Section("scores", _("Scoreboard"), answers, (shown,), tuple(map(_, _MADE)))


def _clean(row: pd.Series) -> str:
    if row["clean_accuracy"] == row["clean_accuracy"]:
        return _("{share} of {n}").format(share=percent(row["clean_accuracy"]), n=f"{row['clean']:,.0f}")
    return "–" if row["copies"] != row["copies"] else _("not measurable")
