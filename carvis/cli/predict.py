"""``predict``: what models say of new images, how sure they are, and which images are unlike anything in training."""

from __future__ import annotations

import argparse
import io
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from carvis.cli.arguments import add_data, add_model_facts, add_workspace, check, datasets_around, load, open_workspace
from carvis.cli.counts import image_count, model_count
from carvis.cli.model_inputs import by_name, each, models_first
from carvis.cli.outputs import add_overwrite, check_outputs
from carvis.cli.progress_bar import progress_bar
from carvis.cli.terminal import new_console
from carvis.errors import CarvisError
from carvis.language import N_, Message, _, localised, n_

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.prediction import ImageSource, Prediction, Reference
    from carvis.workspace import Workspace

HELP = N_("predict new images: classes, calibrated confidence, and what is unlike anything in training")
_SUFFIXES = (".csv", ".parquet")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from carvis.prediction.augmentation import AUGMENTATIONS
    from carvis.prediction.novelty import FALSE_ALARMS

    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="MODEL [MODEL ...] FILE|FOLDER|GLOB",
        help=_("models, then images, folders of them or patterns such as '*.jpg'"),
    )
    parser.add_argument("--out", metavar="FILE", help=_("write a row per image and model into a .csv or .parquet file"))
    parser.add_argument(
        "--average", action="store_true", help=_("add the average of the models' probabilities as a further model")
    )
    parser.add_argument(
        "--augment",
        choices=AUGMENTATIONS,
        default="none",
        help=_(
            "average over views of each image: mirror (2 times the cost), crops (6 times), mirror+crops (12 times); "
            "the confidence is then raw"
        ),
    )
    parser.add_argument(
        "--false-alarms",
        type=float,
        default=FALSE_ALARMS,
        metavar="RATE",
        help=_("share of ordinary images that may be called unlike anything in training (default: 0.05)"),
    )
    parser.add_argument("--batch-size", type=int, default=32, metavar="N", help=_("images at once (default: 32)"))
    add_overwrite(parser)
    add_data(parser)
    add_model_facts(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.prediction import average_reference, image_sources, predict_images
    from carvis.prediction.augmentation import augmentation_cost

    _check_numbers(args)
    workspace = open_workspace(args)
    model_paths, others = models_first(args.inputs, _("an image or a folder"))
    images, notes = image_sources(others)
    out = _output(args, images)
    models = _load(args, model_paths, [image.source for image in images if isinstance(image.source, Path)], workspace)
    average = average_reference(models, workspace) if args.average else None
    for note in notes:
        print(localised(note), file=sys.stderr)
    if args.augment != "none":
        print(localised(augmentation_cost(args.augment)))
    references = _references(args, models, workspace)
    with progress_bar(_("predicting"), count=True) as progress:
        predictions = list(
            predict_images(
                models,
                images,
                references,
                average=average,
                augment=args.augment,
                batch_size=args.batch_size,
                progress=progress,
            )
        )
    if out is None:
        _print_table(predictions)
    else:
        _write(out, predictions)
    _print_counts(predictions, len(images), args)
    for note in dict.fromkeys(note for reference in references.values() for note in reference.notes):
        print(localised(note))
    if out is not None:
        print(_("Written to {out}").format(out=out))
    return 0


def _check_numbers(args: argparse.Namespace) -> None:
    if not 0 < args.false_alarms < 1:
        raise CarvisError(
            Message("--false-alarms {rate} is invalid: give a share between 0 and 1.", rate=args.false_alarms)
        )
    if args.batch_size < 1:
        raise CarvisError(Message("--batch-size {n} is invalid: give 1 or more.", n=args.batch_size))


def _output(args: argparse.Namespace, images: Sequence[ImageSource]) -> Path | None:
    if not args.out:
        return None
    out = Path(args.out)
    if out.suffix.lower() not in _SUFFIXES:
        raise CarvisError(
            Message("{out} is neither a CSV nor a Parquet file: give a name that ends in .csv or .parquet.", out=out)
        )
    check_outputs([out], args.overwrite, sources=[one.source for one in images if isinstance(one.source, Path)])
    return out


def _load(
    args: argparse.Namespace, paths: Sequence[str], images: Sequence[Path], workspace: Workspace
) -> dict[str, Classifier]:
    around = datasets_around(args, images)
    models = by_name(each(paths, lambda path: load(path, args, around, brief=True)))
    for clf in models.values():
        check(clf, around, args, workspace, brief=True)
    return models


def _references(args: argparse.Namespace, models: dict[str, Classifier], workspace: Workspace) -> dict[str, Reference]:
    from carvis.dataset import Dataset
    from carvis.prediction import reference_of

    data = Dataset(args.data) if args.data else None
    references = {}
    for name, clf in models.items():
        with progress_bar(_("energies of validation images"), count=True, transient=True) as progress:
            references[name] = reference_of(clf, workspace, data=data, rate=args.false_alarms, progress=progress)
    return references


def _write(out: Path, predictions: Sequence[Prediction]) -> None:
    from carvis.prediction import predictions_table
    from carvis.tables import to_csv
    from carvis.workspace import atomic_write

    table = predictions_table(predictions)
    if out.suffix.lower() == ".csv":
        # With a mark, for Excel.
        atomic_write(out, to_csv(table).encode("utf-8-sig"))
        return
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False, compression="zstd")
    atomic_write(out, buffer.getvalue())


def _print_table(predictions: Sequence[Prediction]) -> None:
    from rich.table import Table

    from carvis.prediction import NOVELTY_WORDS

    console = new_console()
    if not sys.stdout.isatty():
        console.width = max(console.width, 140)
    table = Table(header_style="bold")
    for heading in (N_("image"), N_("model"), N_("prediction"), N_("confidence"), N_("novelty"), N_("nearest")):
        table.add_column(_(heading), justify="right" if heading == "confidence" else "left", overflow="fold")
    unreadable = set()
    for one in predictions:
        if one.status == "unreadable":
            # For the same reason whatever the model: said once.
            if one.path not in unreadable:
                table.add_row(one.path, "–", localised(one.reason), "–", "–", "–")
            unreadable.add(one.path)
            continue
        if one.status != "ok":
            table.add_row(one.path, one.model, localised(one.reason), "–", "–", "–")
            continue
        confidence = f"{one.best_confidence:.1%}"
        near = one.nearest[0] if one.nearest else None
        table.add_row(
            one.path,
            one.model,
            one.predicted,
            confidence if one.is_calibrated else _("{confidence} (raw)").format(confidence=confidence),
            localised(NOVELTY_WORDS[one.novelty]) if one.novelty_by else "–",
            f"{near.label} ({near.distance:.3f})" if near else "–",
        )
    console.print(table)


def _print_counts(predictions: Sequence[Prediction], images: int, args: argparse.Namespace) -> None:
    """Print how many images there are, how many could not be read, and how many each model finds unlike training."""
    from carvis.prediction.table import rate_words

    models = dict.fromkeys(one.model for one in predictions)
    print(_("{images}, {models}").format(images=image_count(images), models=model_count(len(models))))
    # An image that one model fails for may be predicted by the next.
    statuses = Counter(status for _path, status in {(one.path, one.status) for one in predictions})
    if n := statuses["unreadable"]:
        print(n_("{n} image cannot be read.", "{n} images cannot be read.", n).format(n=n))
    if n := statuses["failed"]:
        print(n_("{n} image could not be predicted.", "{n} images could not be predicted.", n).format(n=n))
    for model in models:
        judged = [one for one in predictions if one.model == model and one.novelty_by]
        if judged:
            novel = sum(one.novelty == "novel" for one in judged)
            words = n_(
                "{model}: {n} image is unlike anything in training, by {score}; of ordinary images at most {rate} "
                "would be called so.",
                "{model}: {n} images are unlike anything in training, by {score}; of ordinary images at most {rate} "
                "would be called so.",
                novel,
            )
            score = _("energy score") if judged[0].novelty_by == "energy" else _("distance to training images")
            print(words.format(model=model, n=novel, score=score, rate=rate_words(args.false_alarms)))
