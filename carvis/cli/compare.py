"""``compare``: which of several models is better on the same images, where, and whether the gap is real."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from carvis.cli.arguments import add_workspace, open_workspace
from carvis.cli.evaluation_arguments import add_evaluated, evaluation_folder_of, expanded_inputs, model_files
from carvis.cli.model_inputs import each
from carvis.cli.outputs import add_overwrite
from carvis.errors import CarvisError
from carvis.language import N_, Message, _, localised
from carvis.workspace import resolved

if TYPE_CHECKING:
    from carvis.evaluation import Comparison, Evaluation
    from carvis.evaluation.comparison import Effect

HELP = N_("compare evaluated models: scoreboard, which model is right where, whether a gap is real")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_evaluated(parser)
    parser.add_argument(
        "--without-leakage", action="store_true", help=_("ignore images that are also in training, exactly or nearly")
    )
    # The name of the option in earlier versions.
    parser.add_argument("--without-copies", action="store_true", dest="without_leakage", help=argparse.SUPPRESS)
    parser.add_argument("--time", action="store_true", help=_("measure each model's milliseconds per image"))
    parser.add_argument("--seed", type=int, default=0, help=_("seed of the bootstrap (default: 0)"))
    parser.add_argument("--out", metavar="DIR", help=_("where to write tables, comparison.json and figures"))
    add_overwrite(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.cli.comparison_sheets import check, print_comparison, write
    from carvis.evaluation import assumption_remarks, compare, load_evaluation
    from carvis.evaluation.alignment import by_model_name

    if args.seed < 0:
        raise CarvisError(Message("--seed {seed} is invalid: give 0 or more.", seed=args.seed))
    workspace = open_workspace(args)
    folders = [evaluation_folder_of(text, args, workspace) for text in expanded_inputs(args)]
    if args.out:
        check(Path(args.out), args.overwrite)
    loaded = each(folders, lambda folder: (folder, load_evaluation(folder)))
    evaluations = by_model_name([evaluation for _folder, evaluation in loaded])
    files = model_files(evaluations, workspace)
    comparison = compare(evaluations, files=files, without_leakage=args.without_leakage, seed=args.seed)
    if args.time:
        comparison = comparison.timed(
            {name: _timed(file, evaluations[name]) for name, file in comparison.files.items()}
        )
    effects = _temperatures(comparison, [folder for folder, _evaluation in loaded])
    print_comparison(comparison, effects)
    for name, evaluation in evaluations.items():
        if remarks := assumption_remarks(evaluation, files.get(name), workspace.cache_dir / "assumptions"):
            print(f"{name}: {remarks.localised()}")
    if args.out:
        write(Path(args.out), comparison, effects)
    return 0


def _timed(file: Path, evaluation: "Evaluation") -> float:
    from carvis.classifier import load_classifier
    from carvis.evaluation.comparison import milliseconds_per_image

    if sys.stderr.isatty():
        print(_("measuring {name} …").format(name=file.name), file=sys.stderr)
    return milliseconds_per_image(load_classifier(file, **evaluation.model_facts))


def _temperatures(comparison: "Comparison", folders: list[Path]) -> dict[str, "Effect"]:
    """What a temperature does for each model that was evaluated on the data set's validation images, too."""
    from carvis.evaluation import load_evaluation
    from carvis.evaluation.comparison import fit_temperature

    effects: dict[str, Effect] = {}
    for (name, evaluation), folder in zip(comparison.joined.evaluations.items(), folders, strict=True):
        beside = resolved(folder).parent.parent / "valid" / resolved(folder).name
        if evaluation.split == "valid" or not (beside / "metrics.json").is_file():
            continue
        try:
            effects[name] = fit_temperature(load_evaluation(beside)).effect(comparison.shared(name))
        except CarvisError as error:
            print(_("no temperature for {name}: {error}").format(name=name, error=localised(error)), file=sys.stderr)
    return effects
