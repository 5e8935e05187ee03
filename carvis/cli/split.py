"""``split``: a new split of a data set without leakage."""

import argparse

from carvis.cli.arguments import add_workspace, open_workspace
from carvis.language import N_, Message, _, n_

HELP = N_("make a new split without leakage: near-duplicates stay together, exact duplicates are dropped")
_LISTED_CLASSES = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help=_("a data set's folder; it is not changed"))
    parser.add_argument("--out", metavar="NEW", required=True, help=_("folder of the new data set"))
    parser.add_argument(
        "--fractions",
        type=float,
        nargs=3,
        default=[0.7, 0.15, 0.15],
        metavar=("TRAIN", "VALID", "TEST"),
        help=_("fractions of the images (default: 0.7 0.15 0.15)"),
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help=_("random seed of the assignment (default: 0)")
    )
    parser.add_argument("--manifest", action="store_true", help=_("write only split.csv and split.json, no images"))
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.cli.check import checked
    from carvis.cli.progress_bar import progress_bar
    from carvis.dataset.health import split_dataset
    from carvis.errors import CarvisError

    if args.seed < 0:
        raise CarvisError(Message("--seed {seed} is invalid: give 0 or more.", seed=args.seed))
    workspace = open_workspace(args)
    health = checked(args.data, workspace)
    with progress_bar(_("splitting")) as progress:
        result = split_dataset(
            health,
            args.out,
            args.fractions,
            args.seed,
            manifest=args.manifest,
            cache=workspace.cache_dir / "health",
            progress=progress,
        )
    counts = ", ".join(f"{split} {n}" for split, n in result.counts.sum().items())
    print(
        _("{taken} of {n} images of {name}: {counts}").format(
            taken=result.counts.to_numpy().sum(), n=len(result.table), name=health.name, counts=counts
        )
    )
    for kind, n in result.skipped.items():
        print(_("skipped: {n} ({kind})").format(n=n, kind=kind))
    for split, names in result.missing_classes.items():
        if names:
            some = ", ".join(names[:_LISTED_CLASSES]) + (", ..." if len(names) > _LISTED_CLASSES else "")
            template = n_(
                "{n} class has no {split} images: {some}", "{n} classes have no {split} images: {some}", len(names)
            )
            print(template.format(n=len(names), split=split, some=some))
    if result.placed_by:
        methods = ", ".join(f"{_(name)} ({n})" for name, n in result.placed_by.items())
        print(_("Images are placed as {ways}.").format(ways=methods))
    if result.masks:
        print(_("Masks taken over: {masks}").format(masks=result.masks))
    annotations = [name for name in ("parts.csv", "annotations.json", "annotations") if (health.root / name).exists()]
    if annotations and not args.manifest:
        print(
            _("Not taken over, because they contain the old paths: {others} of {name}.").format(
                others=", ".join(annotations), name=health.name
            )
        )
    if result.placed_by.get("symbolic link"):
        print(_("Symbolic links break when the old data set is moved; hard links are not possible here."))
    if result.placed_by.get("copy"):
        print(_("The images were copied, so they take up disk space twice: links are not possible here."))
    if result.leaks is not None:
        template = (
            _("Verified: {n} more leaking images were found and skipped")
            if result.leaks
            else _("Verified: no leakage between the splits")
        )
        print(template.format(n=result.leaks))
    files = "split.csv, split.json" + ("" if args.manifest else _(" and the images"))
    print(_("Written to {out}: {files}").format(out=result.out, files=files))
    return 0
