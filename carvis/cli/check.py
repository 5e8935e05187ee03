"""``check``: what would mislead training or evaluation: copies across splits, broken files, near-empty classes."""

import argparse
import sys

from carvis.cli.options import add_workspace, open_workspace
from carvis.errors import CarvisError

HELP = "check a data set: copies within and across splits, broken files, near-empty classes, light and sharpness"
_SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="a data set's folder")
    parser.add_argument("--out", metavar="FILE", help="write everything as .json, or the pairs of copies as .csv")
    parser.add_argument("--overwrite", action="store_true", help="write over FILE where it is there already")
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    workspace = open_workspace(args)
    out = Path(args.out) if args.out else None
    if out is not None:
        if out.suffix.lower() not in (".json", ".csv"):
            raise CarvisError(f"{out} ends neither in .json nor in .csv: name it so.")
        if out.exists() and not args.overwrite:
            raise CarvisError(f"{out} is there already: give another --out, or --overwrite to write over it.")
    health = checked(args.data, workspace)
    _print(health)
    if out is not None:
        health.save(out)
        print(f"Written to {out}")
    return 0


def checked(data, workspace, name: str = "check"):
    """Check a data set with a progress bar, with the workspace's cache."""
    from carvis.dataset.health import check_dataset

    with bar(name) as watch:
        return check_dataset(data, watch, workspace.cache_dir / "health")


class bar:
    """A progress bar in per cent, where somebody looks: ``with bar("check") as watch: ... watch(12, 100)``."""

    def __init__(self, name: str):
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (TextColumn(name), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self.progress = Progress(*columns, disable=not sys.stdout.isatty())

    def __enter__(self):
        self.progress.__enter__()
        task = self.progress.add_task("", total=100)
        return lambda done, total: self.progress.update(task, completed=done, total=total)

    def __exit__(self, *problem):
        return self.progress.__exit__(*problem)


def _print(health) -> None:
    from rich.console import Console

    # Names are file and folder names: they may hold brackets, which are no markup.
    console = Console(markup=False, highlight=False, emoji=False)
    counts = ", ".join(f"{split} {n}" for split, n in health.counts.sum().items())
    console.print(f"{health.name}: {len(health.pictures)} pictures of {len(health.counts)} classes ({counts})")
    console.print(f"distinct pictures {health.distinct}, groups of copies and single pictures {health.groups}")
    leaking = False
    for (split, other), found in health.crossing().items():
        if found.copies:
            leaking = True
            near = found.copies - found.exact
            console.print(
                f"{found.copies} of {found.n} {split} pictures are also in {other}: {found.exact} exactly, "
                f"{near} nearly.",
                soft_wrap=True,
            )
    test = health.shared() if {"test", "train"} <= set(health.splits) else None
    if test and test.copies >= 0.05 * max(test.n, 1):
        console.print("The test accuracy measures memory.")
    if health.mixed_groups:
        console.print(f"{health.mixed_groups} groups of copies bear several labels.")
    if leaking:
        command = f'python -m carvis split "{health.root}" --out "{health.root}-free"'
        console.print(f"Next: {command}", soft_wrap=True)
    elif len(health.splits) > 1:
        console.print("No picture has a copy in another split.")
    for note in health.notes:
        console.print(note, soft_wrap=True)
    for title, table, line in _problems(health):
        if len(table):
            console.print(f"{title}: {len(table)}")
            for row in table.head(_SHOWN).itertuples():
                console.print(f"  {line(row)}", soft_wrap=True)
            if len(table) > _SHOWN:
                console.print(f"  and {len(table) - _SHOWN} more (--out FILE.json lists them)")
    good = health.pictures[health.pictures["reason"] == ""]
    if len(good):
        for word, column, ascending in (
            ("darkest", "brightness", True),
            ("brightest", "brightness", False),
            ("blurriest", "sharpness", True),
        ):
            row = good.sort_values(column, ascending=ascending, kind="stable").iloc[0]
            console.print(f"{word}: {row['id']} ({column} {row[column]:.0f})", soft_wrap=True)


def _problems(health):
    several = health.copies[health.copies["label"] != health.copies["twin_label"]]
    return (
        ("Broken files", health.broken, lambda row: row.reason),
        ("No pictures", health.others, lambda row: f"{row.path}: {row.reason}"),
        ("Named as another format", health.mistyped, lambda row: f"{row.path} is {row.format}"),
        ("Near-empty classes", health.sparse, lambda row: f"{row.label}: {row.pictures} in {row.split}"),
        ("Copies with another label", several, lambda row: f"{row.path} is a copy of {row.twin_path}"),
    )
