"""``demo``: the drawn data set and the three models trained on it."""

import argparse

from carvis.cli.options import add_workspace, open_workspace
from carvis.language import N_, _

HELP = N_("draw the demo's missing pictures, or draw and train all of it again")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rebuild", action="store_true", help=_("draw and train everything again (about half an hour)")
    )
    parser.add_argument("--seed", type=int, default=0, help=_("another number draws other cars (default: 0)"))
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.demo import complete, rebuild

    workspace = open_workspace(args)
    if args.rebuild:
        for line in rebuild(workspace, seed=args.seed):
            print(line, flush=True)
    else:
        drawn = complete(workspace.data_dir / "demo", seed=args.seed)
        words = _("drew {splits} in {folder}") if drawn else _("The demo is complete.")
        print(words.format(splits=", ".join(drawn), folder=workspace.data_dir / "demo"))
    return 0
