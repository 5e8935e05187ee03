"""``demo``: the drawn data set and the three models trained on it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from carvis.cli.arguments import add_workspace, open_workspace
from carvis.cli.progress_bar import progress_bar
from carvis.language import N_, _

if TYPE_CHECKING:
    from carvis.demo import MissingImages

HELP = N_("draw the missing images of the demo, or rebuild all of it")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rebuild", action="store_true", help=_("draw and train everything again (about half an hour)")
    )
    parser.add_argument("--seed", type=int, help=_("random seed of the cars (default: that of the demo, 0)"))
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.demo import rebuild

    workspace = open_workspace(args)
    if args.rebuild:
        for line in rebuild(workspace, seed=args.seed or 0):
            print(line, flush=True)
        return 0
    root = workspace.data_dir / "demo"
    splits = _draw(root, args.seed)
    sentence = _("Drew {splits} in {folder}.") if splits else _("The demo is complete.")
    print(sentence.format(splits=", ".join(splits), folder=root))
    return 0


def _draw(root: Path, seed: int | None) -> list[str]:
    from carvis.demo import draw_missing

    with progress_bar(_("drawing images"), count=True) as progress:
        return draw_missing(root, progress, seed=seed)


def drawing_notice(missing: "MissingImages") -> str:
    """Say what is drawn before a training can begin."""
    about = _("about {time}, {size} MB").format(time=duration(missing.seconds()), size=f"{missing.bytes / 1e6:.0f}")
    sentence = _("The training images of the demo are not drawn yet: drawing {n} images first ({about}).")
    return sentence.format(n=f"{missing.total:,}", about=about)


def duration(seconds: float) -> str:
    """Write a time in the unit that matters."""
    if seconds < 90:
        return _("{n} s").format(n=max(1, round(seconds)))
    return _("{n} min").format(n=round(seconds / 60))
