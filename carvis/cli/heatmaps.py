"""``heatmaps``: side-by-side figures, overlays and raw maps of pictures by several models."""

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from carvis.cli.options import add_model_facts, add_workspace, load, open_workspace
from carvis.errors import CarvisError, ImageError
from carvis.workspace import MODEL_SUFFIXES

HELP = "write the heatmaps of pictures, several models side by side"
_TABLE_SUFFIXES = (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class _Picture:
    name: str
    path: Path
    label: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "inputs", nargs="+", metavar="MODEL [MODEL ...] PICTURE-or-df2.csv", help="models, then pictures"
    )
    parser.add_argument("--out", metavar="DIR", help="where to write (default: data/results/heatmaps)")
    parser.add_argument("--method", default="grad-cam", help="heatmap method (default: grad-cam)")
    parser.add_argument("--target", default="predicted", help="predicted, true, a class name or its number")
    parser.add_argument("--layer", help="layer path (default: the last convolution of each model)")
    parser.add_argument("--score", default="logit", choices=("logit", "probability"), help="score explained")
    parser.add_argument("--scale", default="map", choices=("map", "model", "density"), help="which maps share a scale")
    parser.add_argument("--colormap", default="viridis", help="a matplotlib name, or tutorial for the JET look")
    parser.add_argument("--alpha", type=float, default=0.5, help="strength of the overlay, 0 to 1 (default: 0.5)")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N pictures of the table")
    parser.add_argument(
        "--roots", nargs="+", metavar="DIR", help="where the pictures of the table lie (default: data/)"
    )
    add_model_facts(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    _check_look(args)
    workspace = open_workspace(args)
    model_paths = [text for text in args.inputs if text.lower().endswith(MODEL_SUFFIXES)]
    if not model_paths:
        raise CarvisError("No model was named: give at least one .keras or .h5 file before the pictures.")
    others = [text for text in args.inputs if text not in model_paths]
    if not others:
        raise CarvisError("No picture was named: give a picture or a df2.csv after the models.")
    pictures = _pictures(others, args, workspace)
    out = Path(args.out) if args.out else workspace.results_dir / "heatmaps"
    models = _names([load(path, args) for path in model_paths])
    written = 0
    columns = (TextColumn("heatmaps"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not sys.stdout.isatty()) as progress:
        for picture in progress.track(pictures):
            try:
                _write(picture, models, args, out)
                written += 1
            except ImageError as error:
                print(f"skipped: {error}", file=sys.stderr)
    print(f"{written} of {len(pictures)} pictures x {len(models)} models written to {out}")
    return 0 if written else 2


def _check_look(args) -> None:
    from matplotlib import colormaps

    if args.colormap != "tutorial" and args.colormap not in colormaps:
        raise CarvisError(f"{args.colormap} is not a colour map: try viridis, cividis or tutorial.")
    if not 0 <= args.alpha <= 1:
        raise CarvisError(f"--alpha {args.alpha} is not between 0 and 1: try 0.5.")


def _pictures(inputs: list[str], args, workspace) -> list[_Picture]:
    found: list[_Picture] = []
    for text in inputs:
        path = Path(text)
        if path.suffix.lower() in _TABLE_SUFFIXES:
            found += _from_table(path, args, workspace)
        elif path.is_dir():
            raise CarvisError(f"{path} is a folder: name pictures in it, for example {path}/*.jpg.")
        else:
            found.append(_Picture(path.stem, path, path.resolve().parent.name))
    names = [picture.name for picture in found]
    return [
        picture if names.count(picture.name) == 1 else _Picture(f"{picture.name}-{i}", picture.path, picture.label)
        for i, picture in enumerate(found, 1)
    ]


def _from_table(path: Path, args, workspace) -> list[_Picture]:
    from carvis.evaluation import read_misclassified

    roots = args.roots or [workspace.data_dir if workspace.data_dir.is_dir() else workspace.root]
    table = read_misclassified(path, roots=roots)
    missing = table[table["status"] != "found"]
    for row in missing.itertuples():
        print(f"skipped: {row.id} of {path} is {row.status} below {', '.join(map(str, roots))}", file=sys.stderr)
    found = table[table["status"] == "found"].head(args.limit)
    if found.empty:
        raise CarvisError(f"{path} names no picture that lies below {', '.join(map(str, roots))}: give --roots.")
    return [
        _Picture(re.sub(r"[^\w.-]+", "_", Path(row.id).with_suffix("").as_posix()), Path(row.path), row.label)
        for row in found.itertuples()
    ]


def _names(models) -> dict[str, object]:
    named: dict[str, object] = {}
    for clf in models:
        name, number = clf.name, 2
        while name in named:
            name, number = f"{clf.name}-{number}", number + 1
        named[name] = clf
    return named


def _write(picture: _Picture, models: dict, args, out: Path) -> None:
    from carvis.explain import heatmaps, scale_maps
    from carvis.figures import heatmap_comparison, write_figure
    from carvis.images import overlay, read_image, write_image

    target = int(args.target) if args.target.isdigit() else args.target
    image = read_image(picture.path)
    maps = {
        name: next(
            iter(
                heatmaps(clf, [picture.path], args.method, target, args.layer, score=args.score, labels=[picture.label])
            )
        )
        for name, clf in models.items()
    }
    look = {"alpha": args.alpha, "colormap": args.colormap}
    write_figure(out / f"{picture.name}.png", heatmap_comparison(image, maps, picture.label, scale=args.scale, **look))
    for (name, heatmap), values in zip(maps.items(), scale_maps(list(maps.values()), args.scale), strict=True):
        write_image(out / f"{picture.name}-{name}.jpg", overlay(image, values, **look))
        heatmap.save(out / f"{picture.name}-{name}.npz")
