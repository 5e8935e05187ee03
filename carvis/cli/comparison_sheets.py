"""What ``compare`` prints and writes."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from carvis.cli.outputs import check_outputs
from carvis.cli.terminal import new_console
from carvis.errors import ModelError
from carvis.evaluation.provenance import first_names
from carvis.language import N_, Message, _, localised, message_of
from carvis.workspace import clear_leftovers

if TYPE_CHECKING:
    import pandas as pd

    from carvis.evaluation import Comparison
    from carvis.evaluation.comparison import Effect

FILES = (
    "scoreboard.csv", "pairs.csv", "lattice.csv", "classes.csv", "images.csv", "comparison.json",
    "scoreboard.png", "reliability.png",
)  # fmt: skip


def check(out: Path, overwrite: bool) -> None:
    """Refuse a folder in which an earlier run wrote, unless it may be replaced."""
    clear_leftovers(out)
    check_outputs([out / name for name in FILES], overwrite)


def print_comparison(comparison: "Comparison", effects: Mapping[str, "Effect"]) -> None:
    """Print the scoreboard, who is right where, and what can be said of each pair."""
    from rich.table import Table

    from carvis.evaluation.alignment import left_out_messages
    from carvis.evaluation.comparison import cochran_finding, pattern_words, temperature_finding

    console = new_console(130)
    table = Table(title=_("{n:,} images").format(n=comparison.n), title_justify="left", header_style="bold")
    headings = [
        N_("model"),
        N_("accuracy"),
        N_("95 % CI"),
        N_("without leakage"),
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
                "{name}: the model file changed since it was evaluated, so its size and speed are not shown: evaluate "
                "it again."
            ).format(name=name),
            soft_wrap=True,
        )
    for message in left_out_messages(comparison.left_out):
        console.print(localised(message), soft_wrap=True)
    patterns = Table(title=_("Which models are right"), title_justify="left", show_header=False)
    patterns.add_column(justify="left", overflow="fold")
    patterns.add_column(justify="right")
    for pattern, row in comparison.lattice.iterrows():
        if row["count"]:
            patterns.add_row(localised(pattern_words(str(pattern), comparison.names)), f"{row['count']:,}")
    console.print(patterns)
    findings = [verdict.finding for verdict in comparison.verdicts]
    if comparison.cochran:
        findings.append(cochran_finding(*comparison.cochran))
    findings += [temperature_finding(name, effect) for name, effect in effects.items()]
    findings += averaging_findings(comparison)
    for finding in findings:
        console.print(localised(finding), soft_wrap=True)


def averaging_findings(comparison: "Comparison") -> list[Message]:
    """Say whether averaging the models would help, on which images, and at what cost."""
    try:
        found = comparison.averaging
    except ModelError as error:
        return [Message("{reason}", reason=message_of(error))]
    changed = []
    if len(found.gained):
        changed.append(Message("Gained: {ids}.", ids=first_names(found.gained["id"].tolist())))
    if len(found.lost):
        changed.append(Message("Lost: {ids}.", ids=first_names(found.lost["id"].tolist())))
    return [found.finding, *changed]


def _cells(row: "pd.Series[float]") -> list[str]:
    def or_dash(value: float, text: str) -> str:
        return "–" if math.isnan(value) else text

    return [
        f"{row['accuracy']:.1%}",
        f"{row['low']:.1%} – {row['high']:.1%}",
        or_dash(row["clean_accuracy"], f"{row['clean_accuracy']:.1%}"),
        f"{row['top3']:.1%}",
        f"{row['macro_f1']:.3f}",
        f"{row['log_loss']:.3f}",
        f"{row['ece']:.3f}",
        or_dash(row["parameters"], f"{row['parameters']:,.0f}"),
        or_dash(row["bytes"], f"{row['bytes'] / 1e6:.1f}"),
        or_dash(row["milliseconds"], f"{row['milliseconds']:.1f}"),
    ]


def write(out: Path, comparison: "Comparison", effects: Mapping[str, "Effect"]) -> None:
    """Write everything that was compared."""
    from carvis.evaluation.comparison import comparison_document, comparison_tables
    from carvis.figures import model_scoreboard, reliability_diagrams, write_figure
    from carvis.tables import to_csv
    from carvis.workspace import atomic_write, staged_folder, write_json

    document = comparison_document(comparison, effects)
    with staged_folder(out, replace=True) as staged:
        for name, table in comparison_tables(comparison).items():
            atomic_write(staged / f"{name}.csv", to_csv(table))
        write_json(staged / "comparison.json", document, indent=1)
        write_figure(staged / "scoreboard.png", model_scoreboard(comparison))
        write_figure(staged / "reliability.png", reliability_diagrams(comparison, effects))
    print(_("Written to {out}: {FILES}").format(out=out, FILES=", ".join(FILES)))
