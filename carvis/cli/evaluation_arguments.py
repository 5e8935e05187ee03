"""What was evaluated, as people name it on the command line."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from carvis.errors import CarvisError
from carvis.language import Message, _
from carvis.workspace import Workspace, resolved

if TYPE_CHECKING:
    from carvis.evaluation import Evaluation


def add_evaluated(parser: argparse.ArgumentParser) -> None:
    """Add what names evaluations."""
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="EVALUATION_OR_MODEL",
        help=_("folders of evaluations, or models of the workspace that were evaluated"),
    )
    parser.add_argument("--data", metavar="NAME", help=_("the data set (default: the only one they were evaluated on)"))
    parser.add_argument("--split", default="test", help=_("train, valid or test (default: test)"))


def add_super_classes(parser: "argparse.ArgumentParser | argparse._ArgumentGroup") -> None:
    """Add what names the file of super-classes; ``add_encoding`` adds its encoding."""
    parser.add_argument(
        "--super-classes",
        metavar="FILE",
        help=_("a .csv (class, super_class) or .json; by default the text before the first - or space"),
    )


def expanded_inputs(args: argparse.Namespace) -> list[str]:
    """Return the inputs of the command line, each pattern replaced by what matches it."""
    from carvis.dataset.image_paths import expand, is_pattern

    inputs: dict[str, None] = {}
    for text in args.inputs:
        fits = [str(path) for path in expand(text) if path.suffix != ".json"] if is_pattern(text) else [text]
        if not fits:
            raise CarvisError(Message("Nothing matches {pattern}: check the folder and the pattern.", pattern=text))
        inputs |= dict.fromkeys(fits)
    return list(inputs)


def evaluation_folder_of(text: str, args: argparse.Namespace, workspace: Workspace) -> Path:
    """The evaluation that an input means: its folder, or a model's on the chosen data set."""
    from carvis.evaluation import evaluation_folder
    from carvis.workspace import MODEL_SUFFIXES, canonical_split

    if (Path(text) / "metrics.json").is_file():
        return Path(text)
    split = canonical_split(args.split)
    if split is None:
        raise CarvisError(Message("--split {split} is invalid: give train, valid or test.", split=args.split))
    name = Path(text).stem if text.lower().endswith(MODEL_SUFFIXES) else Path(text).name
    data = resolved(args.data).name if args.data else None
    of_model = [folder for folder in workspace.evaluations() if folder.parts[-2:] == (split, name)]
    matching = [folder for folder in of_model if data in (None, folder.parts[-3])]
    if len(matching) == 1:
        return matching[0]
    if matching:
        names = ", ".join(folder.parts[-3] for folder in matching)
        raise CarvisError(Message("{name} was evaluated on {names}: choose one with --data.", name=name, names=names))
    missing = evaluation_folder(workspace, data or "DATA", split, name)
    raise CarvisError(
        Message(
            "There is no evaluation {missing}: make it with python -m carvis evaluate MODEL {data} --split {split}.",
            missing=missing,
            data=data or "DATA",
            split=split,
        )
    )


def model_files(evaluations: "Mapping[str, Evaluation]", workspace: Workspace) -> dict[str, Path]:
    """The files of evaluated models that are in the workspace, by the names of the evaluations."""
    files = {name: _model_file(evaluation, workspace) for name, evaluation in evaluations.items()}
    return {name: file for name, file in files.items() if file}


def _model_file(evaluation: "Evaluation", workspace: Workspace) -> Path | None:
    """The model's file in the workspace: the one named in the evaluation, else the one of the model's name."""
    model = evaluation.setup["model"]
    by_name = {path.name: path for path in workspace.models()} | {path.stem: path for path in workspace.models()}
    return by_name.get(model.get("file")) or by_name.get(model["name"])
