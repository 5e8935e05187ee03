"""``heatmaps``: side-by-side figures, overlays and raw maps of pictures by several models."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from carvis.cli.arguments import add_data, add_model_facts, add_workspace, check, datasets_around, load, open_workspace
from carvis.cli.heatmap_sheets import SHEETS, Sheets
from carvis.cli.model_inputs import by_name, each, file_name, images_named, models_first, written_whole
from carvis.cli.outputs import add_overwrite, check_outputs
from carvis.cli.progress_bar import progress_bar, tracked
from carvis.errors import CarvisError
from carvis.language import N_, Message, _, localised
from carvis.workspace import clear_leftovers
from carvis.workspace.sample_ids import composed

if TYPE_CHECKING:
    from carvis.dataset import NamedImage

HELP = N_("write the heatmaps of pictures, several models side by side")
_TABLE_SUFFIXES = (".csv", ".tsv", ".txt")
_STATUS = {"missing": N_("missing"), "outside": N_("outside"), "ambiguous": N_("ambiguous")}
_SCORES = {
    "logit": N_("logit"),
    "probability": N_("probability"),
    "log-probability": N_("log-probability"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from carvis.explain.methods import METHODS
    from carvis.images import SHOWN_SIDE

    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="MODEL [MODEL ...] PICTURE-or-df2.csv",
        help=_("models, then pictures, folders of them or patterns such as '*.jpg'"),
    )
    parser.add_argument("--out", metavar="DIR", help=_("where to write (default: data/results/heatmaps)"))
    parser.add_argument(
        "--method",
        default="grad-cam",
        help=_("one of {methods} (default: grad-cam)").format(methods=", ".join(METHODS)),
    )
    parser.add_argument("--target", default="predicted", help=_("predicted, true, a class name or its number"))
    parser.add_argument(
        "--against", metavar="CLASS", help=_("explain the target rather than this class, given likewise")
    )
    parser.add_argument("--gamma", type=float, default=1.0, help=_("weight of that class's score (default: 1)"))
    parser.add_argument("--layer", help=_("layer path (default: of each model the last that all of the signal passes)"))
    parser.add_argument(
        "--score", default="logit", choices=("logit", "probability", "log-probability"), help=_("score explained")
    )
    parser.add_argument(
        "--precision", default="full", choices=("full", "fast"), help=_("fast: bfloat16, where the processor has it")
    )
    parser.add_argument(
        "--scale", default="map", choices=("map", "model", "density"), help=_("which maps share a scale")
    )
    parser.add_argument("--colormap", default="viridis", help=_("a matplotlib name, or tutorial for the JET look"))
    parser.add_argument(
        "--strength",
        type=float,
        default=0.5,
        help=_("of the overlay, 0 to 1 (default: 0.5); --alpha 0.5 means the same"),
    )
    parser.add_argument(
        "--full-size",
        action="store_true",
        help=_("draw on images as large as they are (default: at most {n} pixels a side)").format(n=SHOWN_SIDE),
    )
    parser.add_argument("--limit", type=int, metavar="N", help=_("only the first N pictures"))
    parser.add_argument(
        "--roots",
        nargs="+",
        metavar="DIR",
        help=_("where the pictures of the table lie (default: data/ and the data sets beside it)"),
    )
    add_overwrite(parser)
    parser.add_argument(
        "--faithfulness",
        action="store_true",
        help=_("test each map: does erasing what it marks cost more than erasing at random or in the middle?"),
    )
    parser.add_argument("--compare", action="store_true", help=_("write how alike the models' maps are, two by two"))
    add_data(parser)
    add_model_facts(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.dataset import distinct

    _check_look(args)
    workspace = open_workspace(args)
    model_paths, others = models_first(args.inputs, _("a picture or a df2.csv"))
    named = [one for found in each(others, lambda text: _pictures(text, args, workspace)) for one in found]
    pictures = distinct(named, file_name)[: args.limit]
    out = Path(args.out) if args.out else workspace.results_dir / "heatmaps"
    around = datasets_around(args, [picture.path for picture in pictures])
    models = by_name(each(model_paths, lambda path: load(path, args, around)))
    models = dict(each(models.items(), lambda one: _check_question(*one, args)))
    for clf in models.values():
        check(clf, around, args, workspace)
        if clf.score_kind(args.score) != args.score:
            words = _("{name}: it has no {asked} before a softmax: the {kind} is explained.")
            kind = clf.score_kind(args.score)
            print(words.format(name=clf.name, asked=_(_SCORES[args.score]), kind=_(_SCORES.get(kind, kind))))
    _tell_guesses(pictures, models, args)
    _check_out(out, pictures, models, args.overwrite)
    with written_whole(out) as (made, write_each), progress_bar(_("heatmaps"), count=True) as progress:
        sheets = Sheets(args, workspace)
        written = write_each(tracked(pictures, progress), lambda one, part: _write(one, models, args, part, sheets))
        sheets.write(made)
    print(
        _("{n} of {pictures} pictures x {models} models written to {out}").format(
            n=len(written), pictures=len(pictures), models=len(models), out=out
        )
    )
    return 0


def _check_question(name: str, clf, args) -> tuple:
    """Ask the model about no picture at all, so that a wrong layer or class is told once and not for each picture."""
    import numpy as np

    from carvis.explain import heatmaps

    options = {"score": args.score, "precision": args.precision}
    heatmaps(clf, np.zeros((0, 8, 8, 3), np.uint8), args.method, _target(args, clf), args.layer, **options)
    return name, clf


def _tell_guesses(pictures: list[NamedImage], models: dict, args) -> None:
    """Say whose true class had to be guessed, where it plays a part."""
    known = {composed(name) for clf in models.values() for name in clf.class_names}
    asked = "true" in (args.target, args.against)
    guessed = [picture for picture in pictures if picture.guess and (asked or picture.label in known)]
    if len(guessed) == 1:
        print(localised(guessed[0].guess), file=sys.stderr)
    elif guessed:
        words = Message.of_number(
            "{n} image lies in no train, valid or test folder: its label is taken to be the name of its folder.",
            "{n} images lie in no train, valid or test folder: their labels are taken to be the names of their"
            " folders.",
            len(guessed),
        )
        print(localised(words), file=sys.stderr)


def _target(args, clf):
    """A class is meant by its name where there is one of that name, even where the name is a number."""
    from carvis.explain import Contrast

    one, other = (
        int(text) if text and text.isdecimal() and text not in clf.class_names else text
        for text in (args.target, args.against)
    )
    return one if other is None else Contrast(one, other, args.gamma)


def _files(picture: NamedImage, models, out: Path) -> dict[str, tuple[Path, Path]]:
    """Return, for each model, where its overlay and its raw map of a picture go."""
    return {name: tuple(out / f"{picture.name}--{name}{suffix}" for suffix in (".jpg", ".npz")) for name in models}


def _figure_file(picture: NamedImage, out: Path) -> Path:
    return out / f"{picture.name}--heatmaps.png"


def _check_out(out: Path, pictures: list[NamedImage], models, overwrite: bool) -> None:
    paths = [_figure_file(picture, out) for picture in pictures]
    paths += [path for picture in pictures for pair in _files(picture, models, out).values() for path in pair]
    paths += [out / name for name in SHEETS]
    clear_leftovers(out)
    check_outputs(paths, overwrite, sources=[picture.path for picture in pictures])


def _check_look(args) -> None:
    from matplotlib import colormaps

    if args.colormap != "tutorial" and args.colormap not in colormaps:
        raise CarvisError(
            Message("{colormap} is not a colour map: try viridis, cividis or tutorial.", colormap=args.colormap)
        )
    if not 0 <= args.strength <= 1:
        raise CarvisError(Message("--strength {strength} is not between 0 and 1: try 0.5.", strength=args.strength))


def _pictures(text: str, args, workspace) -> list[NamedImage]:
    from carvis.dataset import expand

    if text.lower().endswith(_TABLE_SUFFIXES):
        tables = expand(text) or [Path(text)]
        return [one for found in each(tables, lambda path: _from_table(path, args, workspace)) for one in found]
    return images_named(text)


def _from_table(path: Path, args, workspace) -> list[NamedImage]:
    from carvis.dataset import NamedImage
    from carvis.evaluation import read_misclassified
    from carvis.images import IMAGE_SUFFIXES, why_not_read

    roots = args.roots or workspace.image_roots()
    table = read_misclassified(path, roots=roots, encoding=args.encoding)
    if not args.encoding and table.attrs["encoding"] != "utf-8":
        print(_("{path} was read as {encoding}.").format(path=path, encoding=table.attrs["encoding"]))
    missing = table[table["status"] != "found"]
    for row in missing.itertuples():
        if Path(row.id).suffix.lower() in IMAGE_SUFFIXES:
            words = _("skipped: {id} of {path} is {status} below {roots}").format(
                id=row.id, path=path, status=_(_STATUS[row.status]), roots=", ".join(map(str, roots))
            )
        else:
            why = localised(why_not_read(row.id))
            words = _("skipped: {id} of {path} is not read: {why}").format(id=row.id, path=path, why=why)
        print(words, file=sys.stderr)
    for problem in table.attrs.get("problems", []):
        print(_("skipped: {problem}").format(problem=localised(problem)), file=sys.stderr)
    found = table[table["status"] == "found"]
    if found.empty:
        raise CarvisError(
            Message(
                "{path} names no picture that lies below {roots}: give --roots.",
                path=path,
                roots=", ".join(map(str, roots)),
            )
        )
    return [
        NamedImage(Path(row.path), row.label, Path(row.id).with_suffix("").as_posix()) for row in found.itertuples()
    ]


def _write(picture: NamedImage, models: dict, args, out: Path, sheets: Sheets) -> None:
    from carvis.explain import heatmaps, scale_maps
    from carvis.figures import heatmap_comparison, write_figure
    from carvis.images import fitted, overlay, read_image, write_image

    image = read_image(picture.path)
    image = image if args.full_size else fitted(image)
    options = {"score": args.score, "labels": [picture.label], "precision": args.precision}
    maps = {
        name: next(heatmaps(clf, [picture.path], args.method, _target(args, clf), args.layer, **options))
        for name, clf in models.items()
    }
    look = {"alpha": args.strength, "colormap": args.colormap}
    for name, heatmap in maps.items():
        sheets.note(name, heatmap.notes)
    verdicts = sheets.add(picture.name, picture.path, models, maps)
    figure = heatmap_comparison(image, maps, picture.label, scale=args.scale, verdicts=verdicts, **look)
    write_figure(_figure_file(picture, out), figure)
    files = _files(picture, models, out)
    for (name, heatmap), values in zip(maps.items(), scale_maps(list(maps.values()), args.scale), strict=True):
        overlay_file, map_file = files[name]
        write_image(overlay_file, overlay(image, values, **look))
        heatmap.save(map_file)
