"""``split``: a new split of a data set in which no picture has a copy in another part."""

import argparse

from carvis.cli.arguments import add_workspace, open_workspace
from carvis.language import N_, Message, _, n_

HELP = N_("split a data set anew without leaks: copies stay together, each picture is there once")
_SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help=_("a data set's folder; it is not changed"))
    parser.add_argument("--out", metavar="NEW", required=True, help=_("folder of the new data set"))
    parser.add_argument(
        "--fractions",
        type=float,
        nargs=3,
        default=[0.7, 0.15, 0.15],
        metavar=("TRAIN", "VALID", "TEST"),
        help=_("shares of the pictures (default: 0.7 0.15 0.15)"),
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help=_("another number deals otherwise (default: 0)")
    )
    parser.add_argument("--manifest", action="store_true", help=_("write only split.csv and split.json, no pictures"))
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.cli.check import checked
    from carvis.cli.progress_bar import progress_bar
    from carvis.dataset.health import split_dataset
    from carvis.errors import CarvisError

    if args.seed < 0:
        raise CarvisError(Message("--seed {seed} is no seed: give 0 or more.", seed=args.seed))
    workspace = open_workspace(args)
    health = checked(args.data, workspace)
    with progress_bar(_("split")) as progress:
        made = split_dataset(
            health,
            args.out,
            args.fractions,
            args.seed,
            manifest=args.manifest,
            cache=workspace.cache_dir / "health",
            progress=progress,
        )
    counts = ", ".join(f"{split} {n}" for split, n in made.counts.sum().items())
    print(
        _("{taken} of {n} pictures of {name}: {counts}").format(
            taken=made.counts.to_numpy().sum(), n=len(made.table), name=health.name, counts=counts
        )
    )
    for kind, n in made.left_out.items():
        print(_("left out: {n} ({kind})").format(n=n, kind=kind))
    for split, names in made.lacking.items():
        if names:
            some = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
            words = n_(
                "1 class has no {split} pictures: {some}", "{n} classes have no {split} pictures: {some}", len(names)
            )
            print(words.format(n=len(names), split=split, some=some))
    if made.how:
        ways = ", ".join(f"{_(name)} ({n})" for name, n in made.how.items())
        print(_("pictures came there by {ways}").format(ways=ways))
    if made.masks:
        print(_("masks that came along: {masks}").format(masks=made.masks))
    others = [name for name in ("parts.csv", "annotations.json", "annotations") if (health.root / name).exists()]
    if others and not args.manifest:
        print(
            _("Not taken along, since they name the old places: {others} of {name}.").format(
                others=", ".join(others), name=health.name
            )
        )
    if made.how.get("symbolic link"):
        print(
            _("Symbolic links break when the old data set is moved: hard links are not possible between these places.")
        )
    if made.how.get("copy"):
        print(_("Copies take up the space again: links are not possible between these places."))
    if made.leaks is not None:
        words = (
            _("Checked: {n} more copies were found and left out")
            if made.leaks
            else _("Checked: no copies across splits")
        )
        print(words.format(n=made.leaks))
    files = "split.csv, split.json" + ("" if args.manifest else _(" and the pictures"))
    print(_("Written to {out}: {files}").format(out=made.out, files=files))
    return 0
