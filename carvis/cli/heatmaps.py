"""``heatmaps``: side-by-side figures, overlays and raw maps of images by several models."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from carvis.cli.arguments import add_data, add_model_facts, add_workspace, check, datasets_around, load, open_workspace
from carvis.cli.counts import image_count, model_count
from carvis.cli.heatmap_sheets import SHEETS, Sheets
from carvis.cli.model_inputs import by_name, each, file_name, images_named, models_first, written_whole
from carvis.cli.outputs import add_overwrite, check_outputs
from carvis.cli.progress_bar import progress_bar, tracked
from carvis.errors import CarvisError
from carvis.language import N_, Message, _, localised
from carvis.workspace import Workspace, clear_leftovers
from carvis.workspace.sample_ids import composed

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.dataset import NamedImage
    from carvis.explain import Heatmap
    from carvis.explain.request import HeatmapRequest
    from carvis.explain.target import Target

HELP = N_("write the heatmaps of images, several models side by side")
_TABLE_SUFFIXES = (".csv", ".tsv", ".txt")
_STATUS = {"missing": N_("missing"), "outside": N_("outside"), "ambiguous": N_("ambiguous")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from carvis.explain.methods import METHODS
    from carvis.explain.scale import SCALE_SENTENCES, SCALES
    from carvis.explain.score import PRECISIONS, SCORES
    from carvis.images import COLORMAPS, SHOWN_SIDE

    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="MODEL [MODEL ...] IMAGE-or-df2.csv",
        help=_("models, then images, folders of them or patterns such as '*.jpg'"),
    )
    parser.add_argument("--out", metavar="DIR", help=_("where to write (default: data/results/heatmaps)"))
    parser.add_argument(
        "--method",
        default="grad-cam",
        metavar="METHOD",
        help=_("default: grad-cam. {methods}")
        .format(methods=" ".join(f"{name}: {localised(method.sentence)}" for name, method in METHODS.items()))
        .replace("%", "%%"),
    )
    parser.add_argument("--target", default="predicted", help=_("predicted, true, a class name or a class index"))
    parser.add_argument(
        "--against", metavar="CLASS", help=_("explain the target rather than this class (same values as --target)")
    )
    parser.add_argument("--gamma", type=float, default=1.0, help=_("weight of that class's score (default: 1)"))
    parser.add_argument(
        "--layer", help=_("layer path (default: the last layer that the whole signal passes through, for each model)")
    )
    parser.add_argument("--score", default="logit", choices=SCORES, help=_("score to explain"))
    parser.add_argument(
        "--precision", default="full", choices=PRECISIONS, help=_("fast: bfloat16, if the processor supports it")
    )
    parser.add_argument(
        "--scale",
        default="map",
        choices=SCALES,
        help=" ".join(f"{scale}: {localised(sentence)}" for scale, sentence in SCALE_SENTENCES.items()),
    )
    parser.add_argument(
        "--colormap",
        default="viridis",
        help=_("{names}, or another matplotlib name").format(names=", ".join(COLORMAPS)),
    )
    parser.add_argument(
        "--strength",
        type=float,
        default=0.5,
        help=_("opacity of the overlay, 0 to 1 (default: 0.5); --alpha is an alias"),
    )
    parser.add_argument(
        "--full-size",
        action="store_true",
        help=_("draw on full-size images (default: at most {n} pixels per side)").format(n=SHOWN_SIDE),
    )
    parser.add_argument("--limit", type=int, metavar="N", help=_("only the first N images"))
    parser.add_argument(
        "--roots",
        nargs="+",
        metavar="DIR",
        help=_("folders with the images of the table (default: data/ and the data sets beside it)"),
    )
    add_overwrite(parser)
    parser.add_argument(
        "--faithfulness",
        action="store_true",
        help=_(
            "test each heatmap: does deleting its evidence lower the confidence more than deleting at random or "
            "from the centre?"
        ),
    )
    parser.add_argument("--compare", action="store_true", help=_("write how similar the models' heatmaps are"))
    add_data(parser)
    add_model_facts(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.dataset import distinct
    from carvis.explain.score import score_note

    _check_look(args)
    workspace = open_workspace(args)
    model_paths, image_inputs = models_first(args.inputs, _("an image or a df2.csv"))
    named = [image for images in each(image_inputs, lambda text: _images(text, args, workspace)) for image in images]
    images = distinct(named, file_name)[: args.limit]
    out = Path(args.out) if args.out else workspace.results_dir / "heatmaps"
    around = datasets_around(args, [image.path for image in images])
    loaded = by_name(each(model_paths, lambda path: load(path, args, around)))
    models = {name: loaded[name] for name in each(loaded, lambda name: _checked(name, loaded[name], args))}
    for clf in models.values():
        check(clf, around, args, workspace)
        if note := score_note(clf, args.score):
            print(localised(note))
    _print_guesses(images, models, args)
    _check_out(out, images, models, args.overwrite)
    with written_whole(out) as (staged, write_each), progress_bar(_("heatmaps"), count=True) as progress:
        sheets = Sheets(args, workspace)
        written = write_each(tracked(images, progress), lambda image, part: _write(image, models, args, part, sheets))
        sheets.write(staged)
    print(
        _("{n} of {images}, {models}: written to {out}").format(
            n=len(written), images=image_count(len(images)), models=model_count(len(models)), out=out
        )
    )
    return 0


def _request(clf: Classifier, args: argparse.Namespace) -> HeatmapRequest:
    from carvis.explain.request import HeatmapRequest

    return HeatmapRequest((args.method,), (_target(args, clf),), (args.layer,), args.score, precision=args.precision)


def _checked(name: str, clf: Classifier, args: argparse.Namespace) -> str:
    """Check the request before any image is read, so that a wrong layer or class is reported once."""
    from carvis.explain.layers import LayerChoice

    request = _request(clf, args)
    request.check(clf)
    if request.takes_layer:
        LayerChoice.of(clf, request.layers)
    return name


def _print_guesses(images: list[NamedImage], models: Mapping[str, Classifier], args: argparse.Namespace) -> None:
    """Print whose true class was guessed, where it matters."""
    class_names = {composed(name) for clf in models.values() for name in clf.class_names}
    needs_label = "true" in (args.target, args.against)
    guessed = [image for image in images if image.guess and (needs_label or image.label in class_names)]
    if len(guessed) == 1:
        print(localised(guessed[0].guess), file=sys.stderr)
    elif guessed:
        sentence = Message.of_number(
            "{n} image is in no train, valid or test folder: the name of its folder is used as its label.",
            "{n} images are in no train, valid or test folder: the names of their folders are used as labels.",
            len(guessed),
        )
        print(localised(sentence), file=sys.stderr)


def _target(args: argparse.Namespace, clf: Classifier) -> Target:
    """Return the target; a class is meant by its name where there is one of that name, even where it is a number."""
    from carvis.explain import Contrast

    target, against = (
        int(text) if text and text.isdecimal() and text not in clf.class_names else text
        for text in (args.target, args.against)
    )
    return target if against is None else Contrast(target, against, args.gamma)


def _files(image: NamedImage, models: Iterable[str], out: Path) -> dict[str, tuple[Path, Path]]:
    """Return, for each model, where its overlay and its raw map of an image go."""
    return {name: (out / f"{image.name}--{name}.jpg", out / f"{image.name}--{name}.npz") for name in models}


def _figure_file(image: NamedImage, out: Path) -> Path:
    return out / f"{image.name}--heatmaps.png"


def _check_out(out: Path, images: list[NamedImage], models: Iterable[str], overwrite: bool) -> None:
    paths = [_figure_file(image, out) for image in images]
    paths += [path for image in images for pair in _files(image, models, out).values() for path in pair]
    paths += [out / name for name in SHEETS]
    clear_leftovers(out)
    check_outputs(paths, overwrite, sources=[image.path for image in images])


def _check_look(args: argparse.Namespace) -> None:
    from matplotlib import colormaps

    from carvis.images import COLORMAPS

    if args.colormap != "tutorial" and args.colormap not in colormaps:
        raise CarvisError(
            Message(
                "{colormap} is not a colour map: try {choices}.",
                colormap=args.colormap,
                choices=", ".join(COLORMAPS),
            )
        )
    if not 0 <= args.strength <= 1:
        raise CarvisError(Message("--strength {strength} is not between 0 and 1: try 0.5.", strength=args.strength))


def _images(text: str, args: argparse.Namespace, workspace: Workspace) -> list[NamedImage]:
    from carvis.dataset import expand

    if text.lower().endswith(_TABLE_SUFFIXES):
        tables = expand(text) or [Path(text)]
        return [image for images in each(tables, lambda path: _from_table(path, args, workspace)) for image in images]
    return images_named(text)


def _from_table(path: Path, args: argparse.Namespace, workspace: Workspace) -> list[NamedImage]:
    from carvis.dataset import NamedImage
    from carvis.evaluation import read_misclassified
    from carvis.images import IMAGE_SUFFIXES, why_not_read

    roots = args.roots or workspace.image_roots()
    table = read_misclassified(path, roots=roots, encoding=args.encoding)
    if not args.encoding and table.attrs["encoding"] != "utf-8":
        print(_("{path} was read as {encoding}.").format(path=path, encoding=table.attrs["encoding"]))
    missing = table[table["status"] != "found"]
    for id, status in zip(missing["id"], missing["status"], strict=True):
        if Path(id).suffix.lower() in IMAGE_SUFFIXES:
            sentence = _("skipped: {id} of {path} is {status} below {roots}").format(
                id=id, path=path, status=_(_STATUS[status]), roots=", ".join(map(str, roots))
            )
        else:
            reason = localised(why_not_read(id))
            sentence = _("skipped: {id} of {path} cannot be read: {why}").format(id=id, path=path, why=reason)
        print(sentence, file=sys.stderr)
    for problem in table.attrs.get("problems", []):
        print(_("skipped: {problem}").format(problem=localised(problem)), file=sys.stderr)
    present = table[table["status"] == "found"]
    if present.empty:
        raise CarvisError(
            Message(
                "{path} names no image below {roots}: give --roots.",
                path=path,
                roots=", ".join(map(str, roots)),
            )
        )
    rows = zip(present["path"], present["label"], present["id"], strict=True)
    return [NamedImage(Path(file), label, Path(id).with_suffix("").as_posix()) for file, label, id in rows]


def _write(
    image: NamedImage, models: Mapping[str, Classifier], args: argparse.Namespace, out: Path, sheets: Sheets
) -> None:
    from carvis.explain import scale_maps
    from carvis.explain.sets import requested_sets
    from carvis.figures import heatmap_comparison, write_figure
    from carvis.images import fitted, overlay, read_image, write_image

    rgb = read_image(image.path)
    rgb = rgb if args.full_size else fitted(rgb)
    maps: dict[str, Heatmap] = {}
    for name, clf in models.items():
        labels = None if image.label is None else [image.label]
        [maps[name]] = next(requested_sets(clf, [image.path], _request(clf, args), labels)).values()
    look = {"alpha": args.strength, "colormap": args.colormap}
    for name, heatmap in maps.items():
        sheets.note(name, heatmap.notes)
        if heatmap.status != "ok":
            sheets.note(f"{image.name}, {name}", [heatmap.message])
    verdicts = sheets.add(image.name, image.path, models, maps)
    figure = heatmap_comparison(rgb, maps, image.label, scale=args.scale, verdicts=verdicts, **look)
    write_figure(_figure_file(image, out), figure)
    files = _files(image, models, out)
    for (name, heatmap), values in zip(maps.items(), scale_maps(list(maps.values()), args.scale), strict=True):
        overlay_file, map_file = files[name]
        write_image(overlay_file, overlay(rgb, values, **look))
        heatmap.save(map_file)
