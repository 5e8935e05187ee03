"""``filters``: the patterns that single filters of a layer respond to most, as one grid a layer."""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from carvis.cli.arguments import add_data, add_model_facts, add_workspace, check, datasets_around, load, open_workspace
from carvis.cli.outputs import add_overwrite, check_outputs
from carvis.cli.progress_bar import progress_bar
from carvis.errors import CarvisError
from carvis.language import N_, Message, _, localised

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.workspace import Workspace

HELP = N_("draw the filter patterns of layers (activation maximisation)")
BLOCKS = "first-of-each-block"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from carvis.explain.filters import STARTS

    parser.add_argument("model", metavar="MODEL", help=_("a .keras or .h5 file"))
    parser.add_argument(
        "layer", nargs="*", metavar="LAYER", help=_("paths of layers, a grid each; without one the layers are listed")
    )
    parser.add_argument(
        "--layers", choices=(BLOCKS,), help=_("in place of LAYER: the first convolution of each block of the model")
    )
    parser.add_argument(
        "--filters", metavar="0-63", help=_("indices of filters, as 0-63 or 1,2,5 (default: the first 64)")
    )
    parser.add_argument("--size", type=int, default=64, metavar="PIXELS", help=_("side of a pattern (default: 64)"))
    parser.add_argument(
        "--steps", type=int, metavar="N", help=_("steps of gradient ascent (default: 40; regularised: 128)")
    )
    parser.add_argument(
        "--start",
        default="model",
        choices=STARTS,
        help=_("starting noise: in the model's input range, or as in the tutorial"),
    )
    parser.add_argument(
        "--regularised", action="store_true", help=_("regularised patterns: smoother and more colourful")
    )
    parser.add_argument("--smoothness", type=float, default=0.0, metavar="W", help=_("weight of the total variation"))
    parser.add_argument("--seed", type=int, default=0, help=_("seed of the noise (default: 0)"))
    parser.add_argument("--columns", type=int, default=8, metavar="N", help=_("patterns per row (default: 8)"))
    parser.add_argument(
        "--out",
        metavar="PATH",
        help=_("a PNG file, of several layers a folder (default: data/results/filters/MODEL--LAYER.png)"),
    )
    add_overwrite(parser)
    add_data(parser)
    add_model_facts(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.explain import FilterSettings, draw_layers
    from carvis.training.stop_request import StopRequest
    from carvis.workspace import Cache

    filters = read_filters(args.filters)
    if args.columns < 1:
        raise CarvisError(Message("--columns {columns} is invalid: give 1 or more.", columns=args.columns))
    workspace = open_workspace(args)
    around = datasets_around(args)
    clf = load(args.model, args, around)
    check(clf, around, args, workspace)
    layers = _layers(args, clf)
    if not layers:
        return _list_layers(clf)
    out = _outputs(args, clf, layers, workspace)
    cache = Cache(workspace.cache_dir / "filters")
    settings = FilterSettings(**{field.name: getattr(args, field.name) for field in fields(FilterSettings)})
    title = layers[0] if len(layers) == 1 else _("{n} layers").format(n=len(layers))
    with StopRequest() as stop, progress_bar(title, stop=lambda: stop.by_signal) as progress:
        drawn = draw_layers(clf, dict.fromkeys(layers, filters), settings, cache=cache, progress=progress)
    drawn = {layer: patterns for layer, patterns in drawn.items() if patterns.filters}
    if not drawn:
        raise KeyboardInterrupt
    for layer, patterns in drawn.items():
        patterns.save(out[layer], columns=args.columns)
        sentence = _("{n} patterns of {layer} of {name} written to {out}")
        print(sentence.format(n=len(patterns.filters), layer=layer, name=clf.name, out=out[layer]))
        for note in patterns.notes:
            print(localised(note))
    if stop.by_signal:
        print(_("carvis: stopped; run the same command with --overwrite to resume."), file=sys.stderr)
        return 130
    return 0


def read_filters(text: str | None) -> list[int] | None:
    """Read ``0-63`` or ``1,2,5`` or both: the indices in the order given, without repeats; None for None.

    Raises:
        CarvisError: it is not such a list.
    """
    if text is None:
        return None
    indices: dict[int, None] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6})\s*)?", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if last < first:
            raise CarvisError(Message("--filters {text} is not a list of filters: write 0-63 or 1,2,5.", text=text))
        indices |= dict.fromkeys(range(first, last + 1))
    return list(indices)


def _list_layers(clf: Classifier) -> int:
    if not clf.conv_layers:
        raise CarvisError(
            Message(
                "{model} has no convolution with a feature map larger than 1x1: there are no filters to draw.",
                model=clf.name,
            )
        )
    print(_("Name one of the layers of {name} after the model:").format(name=clf.name))
    for path in clf.conv_layers:
        print(_("  {path} ({n} filters)").format(path=path, n=clf.map_layer(path).shape[-1]))
    return 0


def _layers(args: argparse.Namespace, clf: Classifier) -> list[str]:
    from carvis.explain import first_of_each_block

    if not args.layers:
        return list(dict.fromkeys(args.layer))
    if args.layer:
        raise CarvisError(
            Message("--layers {layers} takes the place of LAYER: give one of the two.", layers=args.layers)
        )
    return first_of_each_block(clf)


def _outputs(args: argparse.Namespace, clf: Classifier, layers: list[str], workspace: Workspace) -> dict[str, Path]:
    """Return the file of each layer's grid."""
    folder = Path(args.out) if args.out else workspace.results_dir / "filters"
    if args.out and len(layers) == 1:
        if folder.suffix.lower() != ".png":
            raise CarvisError(Message("{out} is not a PNG file: give a name that ends in .png.", out=folder))
        out = {layers[0]: folder}
    elif args.out and (folder.suffix.lower() == ".png" or folder.is_file()):
        raise CarvisError(Message("{out} is a file, and each layer makes one: give a folder.", out=folder))
    else:
        out = {layer: folder / f"{clf.name}--{layer.replace('/', '_')}.png" for layer in layers}
    check_outputs([file for path in out.values() for file in (path, path.with_suffix(".json"))], args.overwrite)
    return out
