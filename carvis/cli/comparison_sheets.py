"""What ``compare`` prints and writes."""

import math
import sys
from pathlib import Path

from carvis.cli.outputs import check_outputs
from carvis.cli.terminal import new_console
from carvis.language import N_, _
from carvis.workspace import clear_leftovers

FILES = (
    "scoreboard.csv", "pairs.csv", "lattice.csv", "classes.csv", "pictures.csv", "comparison.json",
    "scoreboard.png", "reliability.png",
)  # fmt: skip


def check(out: Path, overwrite: bool) -> None:
    """Refuse a folder in which an earlier run wrote, unless it may be replaced."""
    clear_leftovers(out)
    check_outputs([out / name for name in FILES], overwrite)


def print_comparison(comparison, effects: dict[str, dict]) -> None:
    """Print the scoreboard, who is right where, and what can be said of each pair."""
    from rich.table import Table

    from carvis.evaluation.comparison import cochran_words, left_out_words, pattern_words, sentence

    console = new_console()
    if not sys.stdout.isatty():
        console.width = max(console.width, 130)
    table = Table(title=_("{n:,} pictures").format(n=comparison.n), title_justify="left", header_style="bold")
    headings = [
        N_("model"),
        N_("accuracy"),
        "(95 %)",
        N_("without copies"),
        "top-3",
        "F1",
        N_("log loss"),
        "ECE",
        N_("parameters"),
        "MB",
        "ms",
    ]
    for heading in headings:
        table.add_column(_(heading), justify="left" if heading == "model" else "right", overflow="fold")
    for name, row in comparison.scoreboard.iterrows():
        table.add_row(str(name), *_cells(row))
    console.print(table)
    for name in comparison.changed:
        console.print(
            _(
                "{name}: the model file was changed since it was evaluated, so its size and speed are "
                "not told: evaluate it again."
            ).format(name=name),
            soft_wrap=True,
        )
    for words in left_out_words(comparison.left_out):
        console.print(words, soft_wrap=True)
    patterns = Table(title=_("Who is right"), title_justify="left", show_header=False)
    patterns.add_column(justify="left", overflow="fold")
    patterns.add_column(justify="right")
    for pattern, row in comparison.lattice.iterrows():
        if row["count"]:
            patterns.add_row(pattern_words(pattern, comparison.names), f"{row['count']:,}")
    console.print(patterns)
    for verdict in comparison.verdicts:
        console.print(sentence(verdict), soft_wrap=True)
    if comparison.cochran:
        console.print(cochran_words(*comparison.cochran), soft_wrap=True)
    for name, effect in effects.items():
        if effect["bounded"]:
            console.print(
                _("{name}: the validation pictures name no temperature between 0.05 and 20.").format(name=name),
                soft_wrap=True,
            )
            continue
        console.print(
            _(
                "{name}: temperature {temperature:.2f} (fitted on {n} validation pictures) takes the "
                "calibration error from {ece:.3f} to {ece_after:.3f} and the log loss from "
                "{log_loss:.3f} to {log_loss_after:.3f}."
            ).format(
                name=name,
                temperature=effect["temperature"],
                n=effect["n"],
                ece=effect["ece"],
                ece_after=effect["ece_after"],
                log_loss=effect["log_loss"],
                log_loss_after=effect["log_loss_after"],
            ),
            soft_wrap=True,
        )


def _cells(row) -> list[str]:
    def known(value: float, words: str) -> str:
        return "–" if math.isnan(value) else words

    return [
        f"{row['accuracy']:.1%}",
        f"{row['low']:.1%} – {row['high']:.1%}",
        known(row["clean_accuracy"], f"{row['clean_accuracy']:.1%}"),
        f"{row['top3']:.1%}",
        f"{row['macro_f1']:.3f}",
        f"{row['log_loss']:.3f}",
        f"{row['ece']:.3f}",
        known(row["parameters"], f"{row['parameters']:,.0f}"),
        known(row["bytes"], f"{row['bytes'] / 1e6:.1f}"),
        known(row["milliseconds"], f"{row['milliseconds']:.1f}"),
    ]


def write(out: Path, comparison, effects: dict[str, dict]) -> None:
    """Write everything that was compared."""
    from carvis.evaluation.comparison import comparison_document, comparison_tables
    from carvis.figures import model_scoreboard, reliability_diagrams, write_figure
    from carvis.tables import to_csv
    from carvis.workspace import atomic_write, staged_folder, write_json

    document = comparison_document(comparison, effects)
    with staged_folder(out, replace=True) as made:
        for name, table in comparison_tables(comparison).items():
            atomic_write(made / f"{name}.csv", to_csv(table))
        write_json(made / "comparison.json", document, indent=1)
        write_figure(made / "scoreboard.png", model_scoreboard(comparison))
        write_figure(made / "reliability.png", reliability_diagrams(comparison, effects))
    print(_("Written to {out}: {FILES}").format(out=out, FILES=", ".join(FILES)))
