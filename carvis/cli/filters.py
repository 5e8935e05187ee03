"""``filters``: the patterns that single filters of a layer answer to most, as one grid."""

import argparse
import re
import sys
from pathlib import Path

from carvis.cli.arguments import add_data, add_model_facts, add_workspace, check, datasets_around, load, open_workspace
from carvis.cli.outputs import add_overwrite, check_outputs
from carvis.cli.progress_bar import progress_bar
from carvis.errors import CarvisError
from carvis.language import N_, Message, _

HELP = N_("draw the patterns that the filters of a layer answer to most")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help=_("a .keras or .h5 file"))
    parser.add_argument("layer", nargs="?", metavar="LAYER", help=_("a layer's path; left out, the layers are listed"))
    parser.add_argument("--filters", metavar="0-63", help=_("which, as 0-63 or 1,2,5 (default: the first 64)"))
    parser.add_argument("--size", type=int, default=64, metavar="PIXELS", help=_("side of a pattern (default: 64)"))
    parser.add_argument("--steps", type=int, metavar="N", help=_("of the ascent (default: 40, regularised 128)"))
    parser.add_argument(
        "--start",
        default="model",
        choices=("model", "tutorial"),
        help=_("noise in the model's range, or the tutorial's"),
    )
    parser.add_argument("--regularised", action="store_true", help=_("the modern picture, in colour and smoother"))
    parser.add_argument("--smoothness", type=float, default=0.0, metavar="W", help=_("weight of the total variation"))
    parser.add_argument("--seed", type=int, default=0, help=_("of the noise (default: 0)"))
    parser.add_argument("--columns", type=int, default=8, metavar="N", help=_("patterns a row (default: 8)"))
    parser.add_argument("--out", metavar="FILE", help=_("a PNG file (default: data/results/filters/MODEL--LAYER.png)"))
    add_overwrite(parser)
    add_data(parser)
    add_model_facts(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.explain import draw_filters
    from carvis.training.stop_request import StopRequest
    from carvis.workspace import Cache

    chosen = read_filters(args.filters)
    if args.columns < 1:
        raise CarvisError(
            Message("--columns {columns} leaves no room for a pattern: give 1 or more.", columns=args.columns)
        )
    workspace = open_workspace(args)
    around = datasets_around(args)
    clf = load(args.model, args, around)
    check(clf, around, args, workspace)
    if args.layer is None:
        return _list_layers(clf)
    out = _place(args, clf, workspace)
    cache = Cache(workspace.cache_dir / "filters")
    how = {name: getattr(args, name) for name in ("size", "steps", "start", "regularised", "smoothness", "seed")}
    with StopRequest() as stop, progress_bar(args.layer, stop=lambda: stop.by_signal) as progress:
        drawn = draw_filters(clf, args.layer, chosen, **how, cache=cache, watch=progress)
    if not drawn.filters:
        raise KeyboardInterrupt
    drawn.save(out, columns=args.columns)
    print(
        _("{n} patterns of {layer} of {name} written to {out}").format(
            n=len(drawn.filters), layer=args.layer, name=clf.name, out=out
        )
    )
    for words, which in (
        (_("{n} filters answered to no noise and are crossed out: {filters}"), drawn.deaf),
        (_("{n} filters answered only from other noise: {filters}"), drawn.retried),
    ):
        if which:
            print(words.format(n=len(which), filters=", ".join(map(str, which))))
    if stop.by_signal:
        print(_("carvis: stopped; the same command with --overwrite goes on from here."), file=sys.stderr)
        return 130
    return 0


def read_filters(text: str | None) -> list[int] | None:
    """Read ``0-63`` or ``1,2,5`` or both: the indices in the order given, each once; None for None.

    Raises:
        CarvisError: it is no such list.
    """
    if text is None:
        return None
    found: dict[int, None] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6})\s*)?", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if last < first:
            raise CarvisError(Message("--filters {text} is no list of filters: give it as 0-63 or 1,2,5.", text=text))
        found |= dict.fromkeys(range(first, last + 1))
    return list(found)


def _list_layers(clf) -> int:
    if not clf.conv_layers:
        raise CarvisError(
            Message("{name} has no convolution with a map larger than 1x1: it has no filters to draw.", name=clf.name)
        )
    print(_("Give one of the layers of {name} after the model:").format(name=clf.name))
    for path in clf.conv_layers:
        print(_("  {path} ({n} filters)").format(path=path, n=clf.map_layer(path).shape[-1]))
    return 0


def _place(args: argparse.Namespace, clf, workspace) -> Path:
    if args.out:
        out = Path(args.out)
        if out.suffix.lower() != ".png":
            raise CarvisError(Message("{out} is not a PNG file: let its name end in .png.", out=out))
    else:
        out = workspace.results_dir / "filters" / f"{clf.name}--{args.layer.replace('/', '_')}.png"
    check_outputs((out, out.with_suffix(".json")), args.overwrite)
    return out
