"""``slices``: on which images a model fails more than on the rest, by their properties, and whether that is real."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from carvis.cli.arguments import add_encoding, add_workspace, open_workspace
from carvis.cli.check import checked
from carvis.cli.evaluation_arguments import add_evaluated, add_super_classes, evaluation_folder_of, expanded_inputs
from carvis.cli.model_inputs import each
from carvis.cli.outputs import add_overwrite, check_outputs
from carvis.cli.progress_bar import progress_bar
from carvis.cli.terminal import new_console
from carvis.errors import CarvisError
from carvis.language import N_, Message, _, localised

if TYPE_CHECKING:
    from carvis.subgroups import Slices

HELP = N_("find the images that a model fails on more than on the rest, by their properties")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_evaluated(parser)
    parser.add_argument(
        "--properties",
        metavar="NAME",
        nargs="+",
        help=_("the properties to search, such as brightness or label (default: all but predicted)"),
    )
    add_super_classes(parser)
    add_encoding(parser)
    parser.add_argument("--no-pairs", action="store_true", help=_("search no pairs of properties"))
    parser.add_argument("--seed", type=int, default=0, help=_("seed of the two halves (default: 0)"))
    parser.add_argument("--out", metavar="FILE", help=_("write the slices with their images as .csv"))
    add_overwrite(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.evaluation import load_evaluation, read_super_classes
    from carvis.subgroups import SliceSettings, slices
    from carvis.tags import Tags

    names = tuple(args.properties) if args.properties else None
    settings = SliceSettings(args.seed, names, pairs=not args.no_pairs)
    workspace = open_workspace(args)
    out = Path(args.out) if args.out else None
    if out is not None:
        if out.suffix.lower() != ".csv":
            raise CarvisError(Message("{out} must end in .csv.", out=out))
        check_outputs([out], args.overwrite)
    folders = [evaluation_folder_of(text, args, workspace) for text in expanded_inputs(args)]
    first, *others = each(folders, load_evaluation)
    if first.root is None:
        raise CarvisError(
            Message(
                "The images of {data} are not here, and slices are found by what the images show: put the data set "
                "back, or evaluate the model again.",
                data=first.setup["dataset"]["name"],
            )
        )
    groups = None
    if args.super_classes:
        groups = read_super_classes(args.super_classes, args.encoding, first.class_names)
    health = checked(str(first.root), workspace)
    with progress_bar(_("searching slices")) as progress:
        found = slices(
            first,
            health.root,
            settings,
            health=health,
            tags=Tags.of(workspace),
            named_super_classes=groups,
            workspace=workspace,
            cache_dir=workspace.cache_dir,
            progress=progress,
        )
    _print(found)
    if others and len(found):
        console = new_console()
        compared = found.compare(others)
        for one in found.slices:
            console.print(f"{localised(one.images)}:", soft_wrap=True)
            for finding in compared.loc[compared["slice"] == one.sentence, "finding"]:
                console.print(f"  {localised(finding)}", soft_wrap=True)
    if out is not None:
        found.save(out)
        print(_("Written to {out}").format(out=out))
    return 0


def _print(found: "Slices") -> None:
    console = new_console()
    console.print(f"{found.evaluation.setup['model']['name']}: {localised(found.finding)}", soft_wrap=True)
    for one in found.slices:
        console.print(f"  {localised(one.sentence)}", soft_wrap=True)
        console.print(f"    {localised(one.evidence)}", soft_wrap=True)
    for note in (found.power, *([found.needed] if found.needed else []), *found.notes):
        console.print(localised(note), soft_wrap=True)
