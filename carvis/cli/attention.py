"""``attention``: which parts of the images models look at, and which they need, over a whole split."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from carvis.cli.arguments import add_model_facts, add_workspace, check, load, open_workspace
from carvis.cli.model_inputs import by_name, each, models_of
from carvis.cli.outputs import add_overwrite, check_outputs
from carvis.cli.progress_bar import progress_bar
from carvis.cli.terminal import new_console
from carvis.display import percent
from carvis.errors import CarvisError
from carvis.language import N_, Message, _, localised

if TYPE_CHECKING:
    from carvis.explain.attention import Attention

HELP = N_("measure which annotated parts models look at, and which they need (by occlusion)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from carvis.explain.attention import FILLS, TARGETS

    parser.add_argument(
        "inputs", nargs="+", metavar="MODEL [MODEL ...] DATA", help=_("models, then a data set's folder")
    )
    parser.add_argument("--split", default="test", help=_("train, valid or test (default: test)"))
    parser.add_argument(
        "--parts",
        metavar="FILE",
        help=_(
            "masks, a COCO .json, a folder of VOC .xml or a .csv of boxes (default: those in the data set, "
            "with the boxes drawn by hand)"
        ),
    )
    parser.add_argument("--method", default="grad-cam", help=_("heatmap method (default: grad-cam)"))
    parser.add_argument("--target", default=TARGETS[0], help=_("predicted or true (default: predicted)"))
    parser.add_argument(
        "--layer", help=_("layer path (default: the last layer that the whole signal passes through, for each model)")
    )
    parser.add_argument(
        "--fill", default=FILLS[0], help=_("fill of occluded parts: surroundings, mean, grey or inpaint")
    )
    parser.add_argument("--no-occlusion", action="store_true", help=_("heatmaps only: much faster"))
    # The name of the option in earlier versions.
    parser.add_argument("--no-cover", action="store_true", dest="no_occlusion", help=argparse.SUPPRESS)
    parser.add_argument("--out", metavar="DIR", help=_("where to write (default: data/results/attention)"))
    add_overwrite(parser)
    add_model_facts(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.dataset import Dataset, expand
    from carvis.dataset.parts import read_parts, stored_parts
    from carvis.explain.attention import AttentionSettings, attention_on_parts
    from carvis.workspace import Cache

    workspace = open_workspace(args)
    inputs = [(text, models_of(text)) for text in args.inputs]
    files = list(dict.fromkeys(file for _, models_of_input in inputs for file in models_of_input))
    folders = [path for text, models_of_input in inputs if not models_of_input for path in expand(text) or [text]]
    if not files or len(folders) != 1:
        raise CarvisError(Message("Give one or more .keras or .h5 files and then one data set's folder."))
    data = Dataset(folders[0])
    if args.parts:
        parts = read_parts(args.parts, data, args.split, args.encoding)
    elif (stored := stored_parts(data, args.split, workspace)) is not None:
        parts = stored
    else:
        raise CarvisError(
            Message(
                "{root} has no annotated parts: draw boxes on page Where models look, put masks/, parts.csv, "
                "annotations.json or annotations/ there, or name a file with --parts.",
                root=data.root,
            )
        )
    for sentence in parts.notes:
        print(localised(sentence))
    out = Path(args.out) if args.out else workspace.results_dir / "attention"
    models = by_name(each(files, lambda file: load(file, args, data)))
    _check_out(out, models, args.overwrite)
    for clf in models.values():
        check(clf, [data], args, workspace)
    cache = Cache(workspace.cache_dir / "attention")
    settings = AttentionSettings(
        method=args.method, target=args.target, layer=args.layer, occlude=not args.no_occlusion, fill=args.fill
    )
    results = {}
    for name, clf in models.items():
        with progress_bar(name, count=True) as progress:
            results[name] = attention_on_parts(clf, data, args.split, parts, settings, progress=progress, cache=cache)
    for name, result in results.items():
        _print(name, result)
    _write(out, results)
    return 0


def _files(out: Path, models: Iterable[str]) -> dict[str, Path]:
    named = {f"{kind} {name}": out / f"{name}-{kind}" for name in models for kind in ("images.csv", "parts.csv")}
    named |= {f"classes {name}": out / f"{name}-classes.png" for name in models}
    return named | {"figure": out / "attention.png"}


def _check_out(out: Path, models: Iterable[str], overwrite: bool) -> None:
    from carvis.workspace import clear_leftovers

    clear_leftovers(out)
    check_outputs(_files(out, models).values(), overwrite)


def _write(out: Path, results: dict[str, Attention]) -> None:
    from carvis.figures import attention_by_class, attention_by_part, write_figure
    from carvis.tables import to_csv
    from carvis.workspace import atomic_write, staged_folder

    with staged_folder(out, replace=True) as staged:
        files = _files(staged, results)
        for name, result in results.items():
            atomic_write(files[f"images.csv {name}"], result.to_csv())
            atomic_write(files[f"parts.csv {name}"], to_csv(result.by_part, index=True))
            write_figure(files[f"classes {name}"], attention_by_class(result))
        write_figure(files["figure"], attention_by_part(results))
    print(
        _("Written to {out}: attention.png, and for each model -images.csv, -parts.csv, -classes.png").format(out=out)
    )


def _print(name: str, result: Attention) -> None:
    from rich.table import Table

    from carvis.explain.attention import outlier_findings, skipped_messages

    console = new_console(110)
    table = Table(
        title=_("{name}: {n} images").format(name=name, n=len(result.table)),
        title_justify="left",
        header_style="bold",
    )
    headings = [N_("part"), N_("images"), N_("attention"), N_("area"), N_("lift"), N_("pointing")]
    headings += [N_("fall"), N_("elsewhere"), N_("accuracy"), N_("95 % CI")] if result.occluded else []
    for heading in headings:
        table.add_column(_(heading), justify="left" if heading == "part" else "right", overflow="fold")
    accuracy = result.accuracy.to_dict("index")
    for part, row in result.by_part.to_dict("index").items():
        if not row["n"] > 0:
            continue
        cells = [f"{row['n']:.0f}", percent(row["share"]), percent(row["area"]), f"{row['lift']:.1f}"]
        cells.append(percent(row["pointing"]))
        if result.occluded:
            occluded = accuracy[part]
            interval = f"{percent(occluded['low'])} – {percent(occluded['high'])}"
            cells += [f"{row['fall']:+.2f}", f"{row['control']:+.2f}", percent(occluded["accuracy"]), interval]
        table.add_row(str(part), *cells)
    console.print(table)
    unoccluded = percent(accuracy[""]["accuracy"])
    console.print(_("accuracy without occlusion: {accuracy}").format(accuracy=unoccluded))
    messages = [*skipped_messages(name, result), *result.notes, *result.problems[:5]]
    messages += [finding.message for finding in outlier_findings(name, result.outliers().head(5))]
    for message in messages:
        console.print(localised(message), soft_wrap=True)
    console.print()
