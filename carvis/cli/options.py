"""Arguments that several verbs share."""

import argparse
import os
from pathlib import Path

from carvis.workspace import Workspace


def add_workspace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workspace", metavar="DIR", help="where models/ and data/ lie (default: $CARVIS_WORKSPACE, else this folder)"
    )


def open_workspace(args: argparse.Namespace) -> Workspace:
    return Workspace.open(args.workspace)


def add_model_facts(parser: argparse.ArgumentParser) -> None:
    """Add what a model file without a card does not tell."""
    parser.add_argument(
        "--classes", metavar="NAMES", help="class names in the model's order, comma-separated, or a file"
    )
    parser.add_argument(
        "--preprocessing", choices=("unit", "caffe", "tf", "torch", "none"), help="what the model takes"
    )
    parser.add_argument("--resize", choices=("nearest", "bilinear", "bicubic", "area"), help="how pictures are resized")
    parser.add_argument(
        "--alpha", action=_Alpha, metavar="{drop-alpha,on-white,on-black}", help="how transparent images are read"
    )
    parser.add_argument(
        "--orientation", choices=("upright", "as-stored"), help="whether images are turned by their EXIF orientation"
    )
    parser.add_argument(
        "--trust", action="store_true", help="run the code that this model file holds: only if it is yours"
    )


class _Alpha(argparse.Action):
    """Takes the name of a reading; where a verb draws overlays, a number is their strength, as it always was."""

    def __call__(self, parser, namespace, value, option_string=None):
        if value in ("drop-alpha", "on-white", "on-black"):
            namespace.alpha = value
            return
        try:
            strength = float(value) if hasattr(namespace, "strength") else None
        except ValueError:
            strength = None
        if strength is None:
            parser.error(f"argument --alpha: invalid choice: {value!r} (choose drop-alpha, on-white or on-black)")
        namespace.strength = strength


def read_classes(text: str | None) -> list[str] | None:
    if text is None:
        return None
    # Twenty names are longer than a file's name may be: pathlib would raise, this says no.
    if os.path.isfile(text):
        from carvis.evaluation.lenient_csv import read_text

        return [line.strip() for line in read_text(Path(text)).splitlines() if line.strip()]
    return [name.strip() for name in text.split(",")]


def load(path: str, args: argparse.Namespace, data=None):
    """Load a model with the facts given on the command line, and print what was assumed about it."""
    from carvis.classifier import load_classifier

    clf = load_classifier(
        path,
        class_names=read_classes(args.classes),
        preprocessing=args.preprocessing,
        resize=args.resize,
        alpha=args.alpha,
        orientation=args.orientation,
        trust=args.trust,
        data=data,
    )
    for sentence in clf.assumptions:
        print(f"{clf.name}: {sentence}")
    return clf
