"""``check``: what would mislead training or evaluation: leakage, broken files, near-empty classes."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carvis.cli.arguments import add_workspace, open_workspace
from carvis.cli.outputs import add_overwrite, check_outputs
from carvis.cli.progress_bar import progress_bar
from carvis.cli.terminal import new_console
from carvis.errors import CarvisError
from carvis.language import N_, Message, _, localised
from carvis.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

    from carvis.dataset import Dataset
    from carvis.dataset.health import Health

HELP = N_("check a data set: duplicates, leakage, broken files, near-empty classes, brightness and sharpness")
_LISTED_ROWS = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help=_("a data set's folder"))
    parser.add_argument(
        "--out", metavar="FILE", help=_("write everything as .json, or the pairs of duplicates as .csv")
    )
    add_overwrite(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    workspace = open_workspace(args)
    out = Path(args.out) if args.out else None
    if out is not None:
        if out.suffix.lower() not in (".json", ".csv"):
            raise CarvisError(Message("{out} must end in .json or .csv.", out=out))
        check_outputs([out], args.overwrite)
    health = checked(args.data, workspace)
    _print(health)
    found = _shortcuts(health, workspace)
    if out is not None:
        health.save(out, {"shortcuts": found})
        print(_("Written to {out}").format(out=out))
    return 0


def checked(data: "Dataset | str", workspace: Workspace, name: str = N_("checking")) -> "Health":
    """Check a data set with a progress bar, with the workspace's cache."""
    from carvis.dataset.health import check_dataset

    with progress_bar(_(name)) as progress:
        return check_dataset(data, progress, workspace.cache_dir / "health")


def _shortcuts(health: "Health", workspace: Workspace) -> list[dict[Any, Any]]:
    """Print which properties of the images give their class away, and return them as plain values."""
    from carvis.subgroups import shortcuts

    if not len(health.images):
        return []
    console = new_console()
    try:
        with progress_bar(_("looking for shortcuts")) as progress:
            found = shortcuts(health.root, health=health, cache_dir=workspace.cache_dir, progress=progress)
    except CarvisError as error:
        console.print(_("Shortcuts: {error}").format(error=localised(error)), soft_wrap=True)
        return []
    console.print(localised(found.finding), soft_wrap=True)
    for one in found.shortcuts:
        console.print(f"  {localised(one.sentence)}", soft_wrap=True)
    table = found.table
    return table.assign(sentence=list(map(str, table["sentence"])), example=list(map(str, table["example"]))).to_dict(
        "records"
    )


def _print(health: "Health") -> None:
    console = new_console()
    counts = ", ".join(f"{split} {n}" for split, n in health.counts.sum().items())
    console.print(
        _("{name}: {n} images of {classes} classes ({counts})").format(
            name=health.name, n=len(health.images), classes=len(health.counts), counts=counts
        )
    )
    console.print(
        _("{distinct} images without exact duplicates, {groups} without near-duplicates").format(
            distinct=health.distinct, groups=health.groups
        )
    )
    leaks = {splits: shared for splits, shared in health.crossing().items() if shared.copies}
    for (split, other), shared in leaks.items():
        console.print(localised(shared.finding(split, other)), soft_wrap=True)
    severity, consequence = health.leakage()
    if severity in ("minor", "severe"):
        console.print(localised(consequence))
    if health.mixed_groups:
        console.print(_("{n} groups of duplicates have different labels.").format(n=health.mixed_groups))
    if leaks:
        command = f'python -m carvis split "{health.root}" --out "{health.root}-free"'
        console.print(_("Next: {command}").format(command=command), soft_wrap=True)
    elif len(health.splits) > 1:
        console.print(_("No leakage: no image has a duplicate in another split."))
    for note in health.notes:
        console.print(localised(note), soft_wrap=True)
    for title, table, line in _problems(health):
        if len(table):
            console.print(f"{title}: {len(table)}")
            for row in table.head(_LISTED_ROWS).itertuples():
                console.print(f"  {line(row)}", soft_wrap=True)
            if len(table) > _LISTED_ROWS:
                console.print(_("  and {n} more (--out FILE.json lists all)").format(n=len(table) - _LISTED_ROWS))
    readable = health.images[health.images["reason"] == ""]
    names = {"brightness": N_("brightness"), "sharpness": N_("sharpness")}
    if len(readable):
        for heading, column, ascending in (
            (_("darkest"), "brightness", True),
            (_("brightest"), "brightness", False),
            (_("blurriest"), "sharpness", True),
        ):
            first = readable.sort_values(column, ascending=ascending, kind="stable").iloc[0]
            console.print(f"{heading}: {first['id']} ({_(names[column])} {first[column]:.0f})", soft_wrap=True)


def _problems(health: "Health") -> "Iterable[tuple[str, pd.DataFrame, Callable[[Any], str]]]":
    several = health.copies[health.copies["label"] != health.copies["twin_label"]]
    return (
        (_("Broken files"), health.broken, lambda row: localised(row.reason)),
        (_("Not images"), health.others, lambda row: f"{row.path}: {localised(row.reason)}"),
        (
            _("Wrong file extension"),
            health.mistyped,
            lambda row: _("{path} is {format}").format(path=row.path, format=row.format),
        ),
        (
            _("Near-empty classes"),
            health.sparse,
            lambda row: _("{label}: {n} in {split}").format(label=row.label, n=row.images, split=row.split),
        ),
        (
            _("Duplicates with another label"),
            several,
            lambda row: _("{path} duplicates {twin}").format(path=row.path, twin=row.twin_path),
        ),
    )
