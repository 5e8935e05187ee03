"""Arguments that several verbs share."""

import argparse
import os
from pathlib import Path

from carvis.language import _, localised
from carvis.workspace import Workspace


def add_workspace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workspace",
        metavar="DIR",
        help=_("where models/ and data/ lie (default: $CARVIS_WORKSPACE, else this folder)"),
    )


def open_workspace(args: argparse.Namespace) -> Workspace:
    return Workspace.open(args.workspace)


def add_model_facts(parser: argparse.ArgumentParser) -> None:
    """Add what a model file without a card does not tell."""
    parser.add_argument(
        "--classes", metavar="NAMES", help=_("class names in the model's order, comma-separated, or a file")
    )
    parser.add_argument(
        "--preprocessing", choices=("unit", "caffe", "tf", "torch", "none"), help=_("what the model takes")
    )
    parser.add_argument(
        "--resize", choices=("nearest", "bilinear", "bicubic", "area"), help=_("how pictures are resized")
    )
    add_encoding(parser)
    parser.add_argument(
        "--trust", action="store_true", help=_("run the code that this model file holds: only if it is yours")
    )


def add_encoding(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--encoding", metavar="NAME", help=_("of the tables and lists named here, such as euc-jp (default: found out)")
    )


def read_classes(text: str | None, encoding: str | None = None) -> list[str] | None:
    if text is None:
        return None
    # Twenty names are longer than a file's name may be: pathlib would raise, this says no.
    if os.path.isfile(text):
        from carvis.evaluation.lenient_csv import read_text

        return [line.strip() for line in read_text(Path(text), encoding).splitlines() if line.strip()]
    return [name.strip() for name in text.split(",")]


def load(path: str, args: argparse.Namespace, data=None):
    """Load a model with the facts given on the command line, and print what was assumed about it."""
    from carvis.classifier import load_classifier
    from carvis.cli.several import one_model

    clf = load_classifier(
        one_model(path),
        class_names=read_classes(args.classes, args.encoding),
        preprocessing=args.preprocessing,
        resize=args.resize,
        trust=args.trust,
        data=data,
    )
    for sentence in clf.assumptions:
        print(f"{clf.name}: {localised(sentence)}")
    return clf
