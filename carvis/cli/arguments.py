"""Arguments that several verbs share."""

import argparse
import contextlib
import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carvis.classifier.vocabulary import OUTPUTS, PREPROCESSING_NAMES
from carvis.errors import CarvisError
from carvis.images import ALPHAS, ORIENTATIONS, RESIZE_METHODS
from carvis.language import _, localised
from carvis.workspace import Workspace
from carvis.workspace.layout import DEMO_BEFORE

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.dataset import Dataset
    from carvis.evaluation import AssumptionCheck


def add_workspace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workspace",
        metavar="DIR",
        help=_("where models/ and data/ lie (default: $CARVIS_WORKSPACE, else this folder)"),
    )


def open_workspace(args: argparse.Namespace) -> Workspace:
    """Open the workspace that is named, and clear there what killed processes left."""
    workspace = Workspace.open(args.workspace)
    workspace.clear_leftovers()
    if (workspace.cache_dir / DEMO_BEFORE).is_dir():
        from carvis.demo import restore_demo

        # Another process may be making it now.
        with contextlib.suppress(CarvisError):
            restore_demo(workspace)
    return workspace


def add_model_facts(parser: argparse.ArgumentParser) -> None:
    """Add what a model file without a card does not say."""
    parser.add_argument(
        "--classes",
        metavar="NAMES",
        help=_(
            "class names in the model's order, comma-separated, or a file: one a line, labels.txt or class_indices.json"
        ),
    )
    parser.add_argument("--preprocessing", choices=PREPROCESSING_NAMES, help=_("preprocessing the model expects"))
    parser.add_argument("--resize", choices=tuple(RESIZE_METHODS), help=_("how images are resized"))
    add_input_size(parser)
    parser.add_argument(
        "--output",
        choices=OUTPUTS,
        metavar="MEANING",
        help=_("what the model's output means: {meanings} (default: read from its graph, else from its values)").format(
            meanings=", ".join(OUTPUTS)
        ),
    )
    parser.add_argument(
        "--alpha", action=_Alpha, metavar="{" + ",".join(ALPHAS) + "}", help=_("how transparent images are read")
    )
    parser.add_argument(
        "--orientation",
        choices=ORIENTATIONS,
        help=_("whether images are turned by their EXIF orientation"),
    )
    parser.add_argument(
        "--token-grid",
        metavar="GRID",
        help=_("HEIGHTxWIDTH of the grid of a transformer's tokens, where it does not follow from the model"),
    )
    parser.add_argument(
        "--extra-tokens",
        type=int,
        metavar="K",
        help=_("how many tokens (class, register) come before those of the grid"),
    )
    add_encoding(parser)
    parser.add_argument("--trust", action="store_true", help=_("run the code in this model file: only if you trust it"))
    parser.add_argument(
        "--no-check",
        action="store_true",
        help=_("do not test the assumptions about a model without a card on images of the data set"),
    )


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the data set of verbs that take single images or none."""
    parser.add_argument(
        "--data",
        metavar="DIR",
        help=_(
            "for a model without a card: the data set that gives the class names and on which assumptions are tested "
            "(default: the one the images lie in)"
        ),
    )


def datasets_around(args: argparse.Namespace, paths: Iterable[str | Path] = ()) -> "list[Dataset]":
    """Return the data set named with ``--data``, else those that the images lie in."""
    from carvis.dataset import Dataset, datasets_of

    return [Dataset(args.data)] if args.data else datasets_of(paths)


class _Alpha(argparse.Action):
    """Takes the name of a reading; where a verb draws overlays, a number is their strength, as it always was."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        value: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        if value in ALPHAS:
            namespace.alpha = value
            return
        try:
            strength = float(str(value)) if hasattr(namespace, "strength") else None
        except ValueError:
            strength = None
        if strength is None:
            sentence = _("argument --alpha: invalid choice: {value} (choose drop-alpha, on-white or on-black)")
            parser.error(sentence.format(value=repr(value)))
        namespace.strength = strength


def add_input_size(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--input-size", metavar="SIZE", help=_("side, or HEIGHTxWIDTH, of the images, where the model leaves it open")
    )


def add_encoding(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--encoding",
        metavar="NAME",
        help=_("encoding of the tables and lists named here, such as euc-jp (default: detected)"),
    )


def read_classes(text: str | None) -> list[str] | Path | None:
    """Return the names given, or the file that holds them."""
    if text is None:
        return None
    # Twenty names are longer than a file's name may be: pathlib would raise, this says no.
    if os.path.isfile(text) or ("," not in text and text.lower().endswith((".txt", ".json", ".csv"))):
        return Path(text)
    return [name.strip() for name in text.split(",")]


def load(
    path: str,
    args: argparse.Namespace,
    data: "Dataset | Sequence[Dataset] | None" = None,
    *,
    brief: bool = False,
) -> "Classifier":
    """Load a model with the facts given on the command line, and print what was assumed about it.

    Args:
        brief: print one line that names what was assumed, and which verb explains it.
    """
    from carvis.classifier import load_classifier
    from carvis.classifier.card import read_grid, read_size
    from carvis.cli.model_inputs import one_model

    clf = load_classifier(
        one_model(path),
        class_names=read_classes(args.classes),
        encoding=args.encoding,
        preprocessing=args.preprocessing,
        resize=args.resize,
        alpha=args.alpha,
        orientation=args.orientation,
        input_size=read_size(args.input_size),
        output=args.output,
        token_grid=read_grid(args.token_grid),
        extra_tokens=args.extra_tokens,
        trust=args.trust,
        data=data,
    )
    # More sentences than facts: some are of another kind, such as a card that is damaged.
    if brief and clf.card is None and 1 < len(clf.assumptions) <= len(clf.assumed):
        print(_assumed_facts(clf, path))
        return clf
    for sentence in clf.assumptions:
        print(f"{clf.name}: {localised(sentence)}")
    return clf


def _assumed_facts(clf: "Classifier", path: str) -> str:
    """Return the line that names what is assumed of a model."""
    from carvis.evaluation.assumptions.fact_names import assumption_name, comma_list, fact_name

    # Class names are too many to repeat, and stand in the predictions.
    facts = [
        fact_name(fact) if fact == "class_names" else assumption_name(fact, getattr(clf, fact))
        for fact in sorted(clf.assumed)
    ]
    words = _("{model} has no model card. Assumed: {facts}. Why: python -m carvis summary {path}")
    return words.format(model=clf.name, facts=localised(comma_list(facts)), path=shlex.quote(path))


def check(
    clf: "Classifier",
    datasets: "Iterable[Dataset]",
    args: argparse.Namespace,
    workspace: Workspace,
    *,
    full: bool = False,
    brief: bool = False,
) -> "AssumptionCheck | None":
    """Check what is assumed of a model on the first data set that holds its classes, and print what was found.

    Args:
        full: also where nothing is assumed, and to the end, to learn what may go into the card.
        brief: print only what bears on every result: another assumption is better, or none is any good.

    Returns:
        The ``AssumptionCheck``, or None where there is nothing to check or to check on.
    """
    from carvis.cli.progress_bar import progress_bar
    from carvis.evaluation import check_assumptions

    if args.no_check or not (full or clf.assumed):
        return None
    cache = workspace.cache_dir / "assumptions"
    with progress_bar(_("checking assumptions"), transient=True) as progress:
        for data in datasets:
            result = check_assumptions(clf, data, full=full, cache=cache, progress=progress)
            if result.n:
                break
        else:
            return None
    for sentence in result.warnings if brief else result.messages:
        print(f"{clf.name}: {localised(sentence)}")
    clf.assumptions += result.warnings
    return result
