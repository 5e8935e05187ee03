"""The first page: what was tested, which model is best and whether the gap is real, where models look, warnings."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

from carvis.evaluation.comparison import Verdict, verdict
from carvis.explain.attention import attention_finding
from carvis.language import _, localised, n_
from carvis.report.blocks import (
    Heading,
    Range,
    Row,
    Section,
    Table,
    columns_table,
    interval,
    percent,
    scale_start,
    shortened,
    split_name,
)
from carvis.report.caveats import Caution, cautions
from carvis.report.context import Context, shown_width

# What fits on the page.
_MODELS, _CAUTIONS, _ATTENTION_LINES, _EXAMPLE, _LONGEST = 8, 6, 3, 5, 200
# The same where names are wider than this, so that each takes more than a line.
_WIDE, _WIDE_MODELS, _WIDE_CAUTIONS, _WIDE_ATTENTION_LINES, _WIDE_LONGEST, _SMALL = 30, 4, 3, 2, 150, 6


@dataclass(frozen=True)
class Summary:
    """The first page.

    Attributes:
        headline: the finding, a sentence.
        reasons: the figures behind it, sentences.
        board: accuracy of each model, highest first.
        looking: sentences on where the models look.
        example: an image with each model's heatmap, or None; ``example_title`` why it was chosen.
        cautions: the warnings that fit; ``more`` how many others there are.
        facts: what was tested, as (name, value).
    """

    headline: str
    reasons: tuple[str, ...]
    board: Table
    looking: tuple[str, ...]
    example: Row | None
    example_title: str
    cautions: tuple[Caution, ...]
    more: int
    facts: tuple[tuple[str, str], ...]


def summary(context: Context, sections: list[Section]) -> Summary:
    """Sum up a report whose sections are made."""
    headline, reasons = _verdict(context)
    most, longest = (_WIDE_CAUTIONS, _WIDE_LONGEST) if _wide(context) else (_CAUTIONS, _LONGEST)
    warned = [Caution(_cut(caution.text, longest), caution.section) for caution in cautions(context)]
    heatmaps = next((section for section in sections if section.key == "heatmaps"), None)
    blocks = heatmaps.blocks if heatmaps else ()
    title, example = "", next((block for block in blocks if isinstance(block, Row)), None)
    # With many models an example would not fit beside the rest.
    if example is not None and len(example.images) > _EXAMPLE:
        example = None
    if example is not None:
        reason = next(block.text for block in blocks if isinstance(block, Heading))
        title = _("Example: {why}").format(why=reason)
        example = replace(example, across=_SMALL) if _wide(context) else example
    return Summary(
        headline,
        tuple(reasons),
        _board(context),
        tuple(_looking(context)),
        example,
        title,
        tuple(warned[:most]),
        max(0, len(warned) - most),
        tuple(_facts(context)),
    )


def _verdict(context: Context) -> tuple[str, list[str]]:
    best, comparison = context.best, context.comparison
    board = _figures(context)
    accuracy = _("{model} is right on {accuracy} of {n} images (95 % CI {interval}).").format(
        model=best,
        accuracy=percent(board["accuracy"][best]),
        n=f"{int(board['n'][best]):,}",
        interval=interval(board["low"][best], board["high"][best]),
    )
    if comparison is None:
        return accuracy, _main_error(context)
    of_best = {}
    for pair in comparison.pairs.to_dict("records"):
        if best in (pair["first"], pair["second"]):
            of_best[pair["second"] if pair["first"] == best else pair["first"]] = verdict(pair)
    level = [name for name in context.ranked[1:] if of_best[name].kind != "better"]
    rival = level[0] if level else context.ranked[1]
    against_rival = of_best[rival]
    if not level:
        headline = _("{model} is the best model, and the gap is real.")
    elif against_rival.kind == "unclear":
        headline = _("{model} has the highest accuracy, but its lead over {rival} could be chance.")
    else:
        headline = _("{model} and {rival} are equally accurate.")
    reasons = [accuracy, *_gap(against_rival, best, rival)]
    if len(level) > 1:
        sentence = _("The difference from {models} is not proven either.")
        reasons.append(sentence.format(models=", ".join(context.keys[name] for name in level[1:])))
    return headline.format(model=best, rival=rival), [*reasons, *_main_error(context)]


def _gap(against_rival: Verdict, best: str, rival: str) -> list[str]:
    if against_rival.kind == "same":
        return [_("Both are right on exactly the same images.")]
    # Models that are equally good stand in any order.
    against_rival = against_rival if against_rival.better == best else replace(against_rival, better=best, worse=rival)
    return [localised(message) for message in against_rival.evidence]


def _main_error(context: Context) -> list[str]:
    pairs = context.evaluations[context.best].most_confused(1).to_dict("records")
    if not pairs:
        return [_("{model} makes no error.").format(model=context.best)]
    sentence = n_(
        "Its most frequent error: {label} predicted as {predicted}, {n} image ({share} of the class).",
        "Its most frequent error: {label} predicted as {predicted}, {n} images ({share} of the class).",
        int(pairs[0]["count"]),
    )
    return [
        sentence.format(
            label=pairs[0]["label"],
            predicted=pairs[0]["predicted"],
            n=f"{pairs[0]['count']:,}",
            share=percent(pairs[0]["share"], 0),
        )
    ]


def _figures(context: Context) -> pd.DataFrame:
    """Accuracy of each model with its interval, highest first: n, accuracy, low, high, clean_accuracy."""
    if context.comparison is not None:
        return context.comparison.scoreboard.loc[context.ranked]
    metrics, leak = context.first.metrics, context.first.leak
    low, high = metrics["accuracy_interval"]
    clean = leak.accuracy if leak is not None and leak.measurable else float("nan")
    row = {"n": metrics["n"], "accuracy": metrics["accuracy"], "low": low, "high": high, "clean_accuracy": clean}
    return pd.DataFrame([row], index=[context.best])


def _board(context: Context) -> Table:
    board = _figures(context)
    most = _WIDE_MODELS if _wide(context) else _MODELS
    hidden, board = len(board) - most, board.head(most)
    start = scale_start(board["low"].tolist())
    ranges = []
    for row in board.to_dict("records"):
        text = f"{percent(row['accuracy'])} ({interval(row['low'], row['high'])})"
        ranges.append(Range(row["accuracy"], row["low"], row["high"], start, text))
    columns: dict[str, Iterable[object]] = {
        _("model"): [_short(context, name) for name in board.index],
        _("accuracy"): board["accuracy"].map(percent),
        _("scale {start} to 100 %").format(start=f"{start:.0%}"[:-1]): ranges,
        _("95 % CI"): [interval(*pair) for pair in board[["low", "high"]].to_numpy()],
    }
    if board["clean_accuracy"].notna().any():
        columns[_("without leakage")] = board["clean_accuracy"].map(percent)
    caption = _("The {n} most accurate of {all} models").format(n=most, all=hidden + most) if hidden > 0 else ""
    return columns_table(columns.items(), caption, strong=(0,) if len(board) > 1 else ())


def _looking(context: Context) -> list[str]:
    if not context.attention:
        if context.data is None or not context.files:
            return []
        return [_("No parts are annotated in this data set: attention is shown for single images, not measured.")]
    names = [name for name in context.ranked if name in context.attention]
    sentences = [
        localised(attention_finding(context.keys[name], context.attention[name].attention))
        for name in names[: _WIDE_ATTENTION_LINES if _wide(context) else _ATTENTION_LINES]
    ]
    if not all(measured.full for measured in context.attention.values()):
        sentences.append(_("Whether a model needs what it looks at was not measured."))
    return sentences


def _facts(context: Context) -> list[tuple[str, str]]:
    first = context.first
    n = context.comparison.n if context.comparison is not None else first.metrics["n"]
    facts = [
        (_("data set"), context.data_name),
        (_("split"), split_name(first.split)),
        (_("images"), f"{n:,}"),
        (_("classes"), f"{len(first.class_names):,}"),
        (_("models"), f"{len(context.evaluations):,}"),
    ]
    return facts


def _short(context: Context, name: str) -> str:
    """A model's name on one line; the scoreboard has it in full."""
    most = 24 if shown_width(name) < 1.2 * len(name) else 14
    return f"{context.keys[name]} · {shortened(name, most)}" if context.lettered else name


def _wide(context: Context) -> bool:
    return max(map(shown_width, context.ranked)) > _WIDE


def _cut(text: str, longest: int) -> str:
    """A text that takes no more room than so many Latin letters."""
    # Japanese letters are twice as wide.
    longest = longest if shown_width(text) < 1.5 * len(text) else longest // 2
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
