"""``activations``: the outputs of a model's layers for images, as grids of channels and as arrays."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from carvis.cli.arguments import add_data, add_model_facts, add_workspace, check, datasets_around, load, open_workspace
from carvis.cli.counts import image_count, model_count
from carvis.cli.model_inputs import by_name, each, file_name, images_named, models_first, written_whole
from carvis.cli.outputs import add_overwrite, check_outputs
from carvis.errors import CarvisError
from carvis.language import N_, Message, _, localised
from carvis.workspace import clear_leftovers

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.dataset import NamedImage

HELP = N_("write the activations of layers for an image: a grid of channels per layer, several models side by side")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from carvis.explain.units.channels import RANGE_SENTENCES, RANGES

    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="MODEL [MODEL ...] IMAGE",
        help=_("models, then images, folders of them or patterns such as '*.jpg'"),
    )
    parser.add_argument("--out", metavar="DIR", help=_("where to write (default: data/results/activations)"))
    parser.add_argument(
        "--layers",
        default="stages",
        metavar="A,B",
        help=_(
            "comma-separated layer paths; or last; completed (all convolutions, each after its normalisation "
            "and activation); stages (default: the last of these at each resolution)"
        ),
    )
    parser.add_argument("--columns", type=int, default=16, metavar="N", help=_("channels per row (default: 16)"))
    parser.add_argument(
        "--side", type=int, default=96, metavar="N", help=_("side of a channel in pixels (default: about 96)")
    )
    parser.add_argument("--largest-first", action="store_true", help=_("channels with the largest activation first"))
    parser.add_argument("--labels", action="store_true", help=_("write each channel's number above it"))
    parser.add_argument(
        "--scale",
        default="channel",
        choices=RANGES,
        help=" ".join(f"{scale}: {localised(sentence)}" for scale, sentence in RANGE_SENTENCES.items()),
    )
    parser.add_argument("--colormap", default="viridis", help=_("a matplotlib name (default: viridis)"))
    add_overwrite(parser)
    add_data(parser)
    add_model_facts(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.dataset import distinct

    _check_look(args)
    workspace = open_workspace(args)
    model_paths, image_inputs = models_first(args.inputs, _("one"))
    images = distinct([image for named in each(image_inputs, images_named) for image in named], file_name)
    around = datasets_around(args, [image.path for image in images])
    models = by_name(each(model_paths, lambda path: load(path, args, around)))
    for clf in models.values():
        check(clf, around, args, workspace)
    out = Path(args.out) if args.out else workspace.results_dir / "activations"
    names = [text.strip() for text in args.layers.split(",") if text.strip()]
    layers = names[0] if len(names) == 1 else names
    # Of no image in particular: a wrong layer is reported at once, and the names of the files are known.
    paths = {name: _paths(clf, layers) for name, clf in models.items()}
    clear_leftovers(out)
    check_outputs(
        [file for image in images for name in models for file in _files(_stem(out, image, name), paths[name])],
        args.overwrite,
        sources=[image.path for image in images],
    )

    def write(image: NamedImage, folder: Path) -> None:
        for name, clf in models.items():
            _write(_stem(folder, image, name), clf, image.path, paths[name], args)

    with written_whole(out) as (_folder, write_each):
        written = write_each(images, write)
    print(
        _("{n} of {images}, {models}: written to {out}").format(
            n=len(written), images=image_count(len(images)), models=model_count(len(models)), out=out
        )
    )
    return 0


def _check_look(args: argparse.Namespace) -> None:
    from matplotlib import colormaps

    if args.colormap not in colormaps:
        raise CarvisError(Message("{colormap} is not a colour map: try viridis or cividis.", colormap=args.colormap))
    for name, least in (("columns", 1), ("side", 8)):
        if getattr(args, name) < least:
            raise CarvisError(
                Message(
                    "--{name} {value} is too small: give {least} or more.",
                    name=name,
                    value=getattr(args, name),
                    least=least,
                )
            )


def _paths(clf: Classifier, layers: str | list[str]) -> list[str]:
    import numpy as np

    from carvis.explain import activations

    return list(activations(clf, np.zeros((8, 8, clf.channels), np.uint8), layers))


def _stem(out: Path, image: NamedImage, model: str) -> Path:
    return out / f"{image.name}--{file_name(model)}"


def _files(stem: Path, paths: list[str]) -> list[Path]:
    """Return where the arrays go, then where each layer's grid goes."""
    endings = [".npz", *(f"--{file_name(path)}.png" for path in paths)]
    return [stem.with_name(f"{stem.name}{ending}") for ending in endings]


def _write(stem: Path, clf: Classifier, image: Path, paths: list[str], args: argparse.Namespace) -> None:
    from carvis.explain import activations
    from carvis.explain.units.channels import activation_file, channel_grid, dead_channels
    from carvis.images import write_image
    from carvis.workspace import atomic_write

    maps = activations(clf, image, paths)
    archive, *grids = _files(stem, paths)
    facts = {"model": clf.name, "fingerprint": clf.fingerprint, "preprocessing": clf.input_words}
    atomic_write(archive, activation_file(maps, **facts, image=str(image)))
    look = {"scale": args.scale, "side": args.side, "labels": args.labels, "colormap": args.colormap}
    for (path, values), file in zip(maps.items(), grids, strict=True):
        write_image(file, channel_grid(values, args.columns, args.largest_first, **look))
        height, width, channels = values.shape
        dead = int(dead_channels(values).sum())
        print(
            _("{name}  {model}  {path}  {height}x{width}  {channels} channels, {dead} dead").format(
                name=image.name, model=clf.name, path=path, height=height, width=width, channels=channels, dead=dead
            )
        )
