"""How good each model is, and whether one is really better."""

from collections.abc import Iterable

import pandas as pd

from carvis.evaluation.alignment import left_out_messages
from carvis.evaluation.comparison import Comparison, cochran_finding, p_words, pattern_words, verdict
from carvis.figures import figure_bytes, reliability_diagrams
from carvis.language import N_, _, localised
from carvis.report.blocks import Block, Image, Paragraph, Section, Table, columns_table, interval, percent, table
from carvis.report.caveats import calibration_errors
from carvis.report.context import Context

_METHOD_NOTES = (
    N_("Confidence intervals of accuracies are Wilson's, 95 %."),
    N_("Top-3: the label is among the three most probable classes. Macro F1: the mean of the classes' F1."),
    N_(
        "Expected calibration error: 15 bins of equal width (Guo et al. 2017, On Calibration of Modern Neural "
        "Networks)."
    ),
)
_PAIR_NOTES = (
    N_("Models are compared on the images all of them were evaluated on, joined by sample id and content."),
    N_(
        "p: exact McNemar test of the images that one model alone gets right, corrected for the number of pairs (Holm)."
    ),
)
# Rows of a table that a reader still looks through.
_PAIRS, _NAMED = 15, 3
_VERDICTS = {
    "better": N_("real"),
    "unclear": N_("could be chance"),
    "even": N_("no gap"),
    "same": N_("no gap"),
}


def scores(context: Context) -> Section:
    """Return the section with the scoreboard, or one model's scores."""
    comparison = context.comparison
    if comparison is None:
        return _single_model(context)
    board = comparison.scoreboard.loc[context.ranked]
    columns: dict[str, Iterable[object]] = {
        _("model"): [context.keyed(name) for name in board.index],
        _("accuracy"): board["accuracy"].map(percent),
        _("95 % CI"): [interval(*pair) for pair in board[["low", "high"]].to_numpy()],
        _("without leakage"): [_clean(row) for row in board.to_dict("records")],
        _("top-3"): board["top3"].map(percent),
        _("macro F1"): board["macro_f1"].map("{:.3f}".format),
        _("log loss"): board["log_loss"].map("{:.3f}".format),
        _("calibration error"): board["ece"].map("{:.3f}".format),
    }
    if board["parameters"].notna().any():
        columns[_("parameters")] = board["parameters"].map(lambda n: "–" if n != n else f"{n:,.0f}")
        columns["MB"] = board["bytes"].map(lambda n: "–" if n != n else f"{n / 1e6:.1f}")
    caption = _("All models on the same {n} images").format(n=f"{comparison.n:,}")
    blocks: list[Block] = [columns_table(columns.items(), caption, strong=(0,))]
    blocks += [Paragraph(localised(message), True) for message in left_out_messages(comparison.left_out)]
    blocks.append(_pairs(context, comparison))
    if comparison.cochran:
        blocks.append(Paragraph(localised(cochran_finding(*comparison.cochran)), True))
    blocks.append(_patterns(context, comparison))
    errors = ", ".join(f"{context.keys[str(name)]} {error:.3f}" for name, error in calibration_errors(context).items())
    diagrams = figure_bytes(reliability_diagrams(comparison))
    blocks.append(
        Image(
            diagrams,
            _("Calibration errors: {models}.").format(models=errors),
            _("Can the confidence be believed? On the dashed line, confidence equals accuracy."),
        )
    )
    question = _("Which model is better, and is the gap real?")
    return Section("scores", _("Scoreboard"), question, tuple(blocks), tuple(map(_, _METHOD_NOTES + _PAIR_NOTES)))


def _pairs(context: Context, comparison: Comparison) -> Table:
    """Every pair of models, those with the best model first."""
    rows = []
    for pair in comparison.pairs.to_dict("records"):
        judged = verdict(pair)
        places = sorted((judged.better, judged.worse), key=context.ranked.index)
        rows.append(
            (
                tuple(map(context.ranked.index, places)),
                {
                    _("models"): f"{context.keys[judged.better]} – {context.keys[judged.worse]}",
                    _("gap"): _(_VERDICTS[judged.kind]),
                    _("only the first right"): f"{judged.only_better:,}",
                    _("only the second right"): f"{judged.only_worse:,}",
                    "p": p_words(judged.p).removeprefix("p = ").removeprefix("p "),
                    _("images needed"): f"{judged.needed:,}" if judged.needed else "–",
                },
            )
        )
    rows.sort(key=lambda row: row[0])
    caption = _("Pairs of models: is the gap real?")
    if len(rows) > _PAIRS:
        caption = _("Is the gap real? The first {n} of {all} pairs of models").format(n=_PAIRS, all=len(rows))
    return table(pd.DataFrame([row for _place, row in rows[:_PAIRS]]), caption, texts=2)


def _patterns(context: Context, comparison: Comparison) -> Table:
    """Which models are right on how many images; for many models, how many of them are."""
    patterns = comparison.lattice[comparison.lattice["count"] > 0]
    keys = [context.keys[name] for name in comparison.names]
    if len(keys) <= _NAMED:
        names = [localised(pattern_words(pattern, keys)) for pattern in patterns.index]
        rows, first = patterns, _("models that are right")
    else:
        right = patterns.index.str.count("1")
        rows = patterns[["count", "share"]].groupby(right).sum().sort_index(ascending=False)
        first = _("models that are right")
        names = [_("{n} of {all}").format(n=n, all=len(keys)) for n in rows.index]
    columns = {
        first: names,
        _("images"): [f"{n:,}" for n in rows["count"]],
        _("share"): [percent(share) for share in rows["share"]],
    }
    return table(pd.DataFrame(columns), _("On how many images the models agree"), beside=2 if len(rows) > 4 else 1)


def _single_model(context: Context) -> Section:
    name, evaluation = context.best, context.first
    metrics = evaluation.metrics
    rows = {
        _("model"): name,
        _("accuracy"): percent(metrics["accuracy"]),
        _("95 % CI"): interval(*metrics["accuracy_interval"]),
        _("top-3"): percent(metrics["top3"]),
        _("macro F1"): f"{metrics['macro_f1']:.3f}",
        _("log loss"): f"{metrics['log_loss']:.3f}",
        _("calibration error"): f"{calibration_errors(context)[name]:.3f}",
    }
    score_table = table(pd.DataFrame([rows]), _("{n} images").format(n=f"{metrics['n']:,}"))
    question = _("How good is {model}?").format(model=name)
    return Section("scores", _("Scoreboard"), question, (score_table,), tuple(map(_, _METHOD_NOTES)))


def _clean(row: dict) -> str:
    if row["clean_accuracy"] == row["clean_accuracy"]:
        return _("{share} of {n}").format(share=percent(row["clean_accuracy"]), n=f"{row['clean']:,.0f}")
    return "–" if row["copies"] != row["copies"] else _("not measurable")
