"""What evaluations and comparisons show of themselves in a notebook."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from carvis.display import beside, facts, html_unless_damaged, image, line, panel, percent, table
from carvis.evaluation.comparison.significance import holm, mcnemar
from carvis.evaluation.metrics import wilson_interval
from carvis.images import colorize
from carvis.language import _, localised

if TYPE_CHECKING:
    from carvis.evaluation.comparison import Comparison
    from carvis.evaluation.result import Evaluation

_SIDE, _PAIRS = 220, 10


@html_unless_damaged
def evaluation_html(evaluation: Evaluation) -> str:
    """The metrics, the confusion matrix as a small image, and the most confused pairs."""
    metrics, setup = evaluation.metrics, evaluation.setup
    low, high = metrics["accuracy_interval"]
    values = {
        _("accuracy"): f"{percent(metrics['accuracy'])} (95 %: {100 * low:.1f} – {high:.1%})",
        _("without leakage"): localised(evaluation.leak.finding) if evaluation.leak is not None else None,
        _("images"): f"{metrics['n']:,}",
        _("top-3"): percent(metrics["top3"]),
        _("macro F1"): f"{metrics['macro_f1']:.3f}",
        _("log loss"): f"{metrics['log_loss']:.3f}",
    }
    pairs = evaluation.most_confused(5)
    rows = [(row["label"], row["predicted"], f"{row['count']:,}") for row in pairs.to_dict("records")]
    confused = table((_("label"), _("predicted"), _("images")), rows) if rows else ""
    title = f"{setup['model']['name']} · {setup['dataset']['name']}, {evaluation.split}"
    notes = [line(f"⚠ {localised(note)}") for note in setup.get("notes", ())]
    return panel(title, beside(facts(values), _matrix(evaluation)), confused, *notes)


def _matrix(evaluation: Evaluation) -> str:
    """The shares of each label's row, a cell a square of pixels."""
    counts = evaluation.confusion.to_numpy(float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    pixels = colorize(shares, "cividis")
    step = max(1, -(-len(pixels) // _SIDE))
    return image(
        pixels[::step, ::step], _("Confusion matrix: labels down, predictions across"), width=_SIDE, sharp=True
    )


@html_unless_damaged
def comparison_html(comparison: Comparison) -> str:
    """Accuracy of each model on the images they share, and whether the gaps between pairs are real."""
    right, n = comparison.joined.right, comparison.n
    rows, ranked = [], np.argsort(-right.mean(axis=0), kind="stable")
    for place in ranked:
        hits = int(right[:, place].sum())
        low, high = wilson_interval(hits, n)
        rows.append((comparison.names[place], percent(hits / n), f"{100 * low:.1f} – {high:.1%}"))
    board = table((_("model"), _("accuracy"), "95 %"), rows)
    pairs = list(combinations(ranked, 2))
    counts = [(int((right[:, a] & ~right[:, b]).sum()), int((right[:, b] & ~right[:, a]).sum())) for a, b in pairs]
    corrected = holm([mcnemar(*count) for count in counts])
    judged = [
        (f"{comparison.names[a]} – {comparison.names[b]}", f"{first:,}", f"{second:,}", f"{p:.2g}")
        for (a, b), (first, second), p in zip(pairs, counts, corrected, strict=True)
    ]
    columns = (_("models"), _("only the first right"), _("only the second right"), "p")
    title = _("Comparison on {n} images").format(n=f"{n:,}")
    return panel(title, board, table(columns, judged, _PAIRS), line(_("p: exact McNemar test with Holm's correction.")))
