"""``report``: one HTML file on one or more evaluated models."""

import argparse
import sys
from pathlib import Path

from carvis.cli.arguments import add_encoding, add_workspace, open_workspace
from carvis.cli.evaluation_arguments import (
    add_evaluated,
    add_super_classes,
    evaluation_folder_of,
    expanded_inputs,
    model_files,
)
from carvis.cli.model_inputs import each
from carvis.cli.outputs import add_overwrite, check_outputs
from carvis.language import N_, _

HELP = N_("write one self-contained HTML file on evaluated models")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_evaluated(parser)
    parser.add_argument("--images", type=int, default=8, metavar="N", help=_("rows of heatmaps (default: 8)"))
    # The option's name of earlier versions.
    parser.add_argument("--pictures", type=int, dest="images", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.add_argument("--method", default="grad-cam", help=_("of the heatmaps (default: grad-cam)"))
    parser.add_argument(
        "--measure",
        action="store_true",
        help=_("measure attention on parts and test the heatmaps where that was not done yet: takes minutes"),
    )
    parser.add_argument("--out", metavar="FILE", help=_("default: data/results/report.html"))
    add_super_classes(parser)
    add_encoding(parser)
    add_overwrite(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.dataset import Dataset
    from carvis.evaluation import assumption_remarks, load_evaluation, read_super_classes
    from carvis.evaluation.alignment import by_model_name
    from carvis.report import ReportSettings, write_report

    workspace = open_workspace(args)
    out = Path(args.out) if args.out else workspace.results_dir / "report.html"
    check_outputs([out], args.overwrite)
    folders = [evaluation_folder_of(text, args, workspace) for text in expanded_inputs(args)]
    loaded = each(folders, load_evaluation)
    evaluations = by_model_name(loaded)
    files = model_files(evaluations, workspace)
    for name, evaluation in evaluations.items():
        if remarks := assumption_remarks(evaluation, files.get(name), workspace.cache_dir / "assumptions"):
            print(f"{name}: {remarks.localised()}", file=sys.stderr)
    root = loaded[0].root
    last = ""

    def log(text: str) -> None:
        nonlocal last
        if text != last:
            last = text
            print(text if text.endswith(".") else f"{text} …", file=sys.stderr)

    groups = None
    if args.super_classes:
        groups = read_super_classes(args.super_classes, args.encoding, loaded[0].class_names)
    settings = ReportSettings(
        args.images, method=args.method, measure=args.measure, language=args.language, super_classes=groups
    )
    write_report(
        out,
        evaluations,
        settings,
        data=Dataset(root) if root else None,
        files=files,
        cache_dir=workspace.cache_dir,
        overwrite=args.overwrite,
        log=log,
    )
    print(_("Written to {out}").format(out=out))
    return 0
