"""How good each model is, and whether one is really better."""

import pandas as pd

from carvis.evaluation.comparison import cochran_words, left_out_words, pattern_words, sentence
from carvis.evaluation.comparison.calibration import expected_calibration_error
from carvis.figures import figure_bytes, model_scoreboard, reliability_diagrams
from carvis.report.blocks import Picture, Section, Words, interval, percent, table
from carvis.report.context import Context

_MADE = (
    "Intervals of accuracies are Wilson's, 95 %.",
    "Top-3: the true class is among the three most probable. Macro F1: the mean of the classes' F1.",
    "Expected calibration error: 15 bins of equal width (Guo et al. 2017, On Calibration of Modern Neural Networks).",
)
_MADE_PAIRS = (
    "Models are compared on the pictures all of them were evaluated on, joined by sample id and content.",
    "p: exact McNemar test of the pictures that one model alone gets right, corrected for the number of pairs (Holm).",
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
    blocks.append(Picture(figure_bytes(model_scoreboard(comparison)), f"Accuracies: {said}."))
    shown = pd.DataFrame(
        {
            "accuracy": board["accuracy"].map(percent),
            "95 %": [interval(*pair) for pair in board[["low", "high"]].to_numpy()],
            "without copies": [_clean(row) for _, row in board.iterrows()],
            "top-3": board["top3"].map(percent),
            "macro F1": board["macro_f1"].map("{:.3f}".format),
            "log loss": board["log_loss"].map("{:.3f}".format),
            "calibration error": board["ece"].map("{:.3f}".format),
            "parameters": board["parameters"].map(lambda n: "–" if n != n else f"{n:,.0f}"),
            "MB": board["bytes"].map(lambda n: "–" if n != n else f"{n / 1e6:.1f}"),
        },
        index=board.index,
    )
    blocks.append(table(shown, f"{comparison.n:,} pictures"))
    patterns = comparison.lattice[comparison.lattice["count"] > 0]
    rows = {
        "who is right": [pattern_words(pattern, comparison.names) for pattern in patterns.index],
        "pictures": [f"{n:,}" for n in patterns["count"]],
        "share": [percent(share) for share in patterns["share"]],
    }
    blocks.append(table(pd.DataFrame(rows), "Every pattern of right and wrong that occurs"))
    errors = ", ".join(f"{name} {board.loc[name, 'ece']:.3f}" for name in comparison.names)
    blocks.append(Picture(figure_bytes(reliability_diagrams(comparison)), f"Calibration errors: {errors}."))
    return Section(
        "scores", "Scoreboard", "Which model is better, and is the gap real?", tuple(blocks), _MADE + _MADE_PAIRS
    )


def _one(context: Context) -> Section:
    name, evaluation = next(iter(context.evaluations.items()))
    metrics, answers = evaluation.metrics, evaluation.predictions
    right = (answers["label"] == answers["predicted"]).to_numpy()
    ece = expected_calibration_error(answers["confidence"].to_numpy(), right)
    rows = {
        "accuracy": f"{percent(metrics['accuracy'])} ({interval(*metrics['accuracy_interval'])})",
        "pictures": f"{metrics['n']:,}",
        "top-3": percent(metrics["top3"]),
        "macro F1": f"{metrics['macro_f1']:.3f}",
        "log loss": f"{metrics['log_loss']:.3f}",
        "calibration error": f"{ece:.3f}",
    }
    shown = table(pd.DataFrame({"measure": list(rows), name: list(rows.values())}))
    return Section("scores", "Scoreboard", f"How good is {name}?", (shown,), _MADE)


def _clean(row: pd.Series) -> str:
    if row["clean_accuracy"] == row["clean_accuracy"]:
        return f"{percent(row['clean_accuracy'])} of {row['clean']:,.0f}"
    return "–" if row["copies"] != row["copies"] else "not measurable"
