"""``split``: a new split of a data set in which no picture has a copy in another part."""

import argparse

from carvis.cli.options import add_workspace, open_workspace

HELP = "split a data set anew without leaks: copies stay together, each picture is there once"
_SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="a data set's folder; it is not changed")
    parser.add_argument("--out", metavar="NEW", required=True, help="folder of the new data set")
    parser.add_argument(
        "--fractions",
        type=float,
        nargs=3,
        default=[0.7, 0.15, 0.15],
        metavar=("TRAIN", "VALID", "TEST"),
        help="shares of the pictures (default: 0.7 0.15 0.15)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another number deals otherwise (default: 0)")
    parser.add_argument("--manifest", action="store_true", help="write only split.csv and split.json, no pictures")
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.cli.check import bar, checked
    from carvis.dataset.health import split_dataset
    from carvis.errors import CarvisError

    if args.seed < 0:
        raise CarvisError(f"--seed {args.seed} is no seed: give 0 or more.")
    workspace = open_workspace(args)
    health = checked(args.data, workspace)
    with bar("split") as watch:
        made = split_dataset(
            health,
            args.out,
            args.fractions,
            args.seed,
            manifest=args.manifest,
            cache=workspace.cache_dir / "health",
            progress=watch,
        )
    counts = ", ".join(f"{split} {n}" for split, n in made.counts.sum().items())
    print(f"{made.counts.to_numpy().sum()} of {len(made.table)} pictures of {health.name}: {counts}")
    for kind, n in made.left_out.items():
        print(f"left out: {n} ({kind})")
    for split, names in made.lacking.items():
        if names:
            some = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
            count = "1 class has" if len(names) == 1 else f"{len(names)} classes have"
            print(f"{count} no {split} pictures: {some}")
    if made.how:
        print("pictures came there by " + ", ".join(f"{name} ({n})" for name, n in made.how.items()))
    if made.masks:
        print(f"masks that came along: {made.masks}")
    others = [name for name in ("parts.csv", "annotations.json", "annotations") if (health.root / name).exists()]
    if others and not args.manifest:
        print(f"Not taken along, since they name the old places: {', '.join(others)} of {health.name}.")
    if made.how.get("symbolic link"):
        print("Symbolic links break when the old data set is moved: hard links are not possible between these places.")
    if made.how.get("copy"):
        print("Copies take up the space again: links are not possible between these places.")
    if made.leaks is not None:
        found = f"{made.leaks} more copies were found and left out" if made.leaks else "no copies across splits"
        print(f"Checked: {found}")
    files = "split.csv, split.json" + ("" if args.manifest else " and the pictures")
    print(f"Written to {made.out}: {files}")
    return 0
