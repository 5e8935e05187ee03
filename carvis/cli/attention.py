"""``attention``: which parts of the pictures models look at, and which they need, over a whole split."""

import argparse
import sys
from pathlib import Path

from carvis.cli.arguments import add_model_facts, add_workspace, check, load, open_workspace
from carvis.cli.model_inputs import by_name, each, models_of
from carvis.cli.outputs import add_overwrite, check_outputs
from carvis.cli.progress_bar import progress_bar
from carvis.cli.terminal import new_console
from carvis.errors import CarvisError
from carvis.language import N_, Message, _, localised

HELP = N_("measure which annotated parts models look at, and what covering each costs")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "inputs", nargs="+", metavar="MODEL [MODEL ...] DATA", help=_("models, then a data set's folder")
    )
    parser.add_argument("--split", default="test", help=_("train, valid or test (default: test)"))
    parser.add_argument(
        "--parts",
        metavar="FILE",
        help=_("masks, a COCO .json, a folder of VOC .xml or a .csv of boxes (default: what lies in the data set)"),
    )
    parser.add_argument("--method", default="grad-cam", help=_("of the heatmaps (default: grad-cam)"))
    parser.add_argument("--target", default="predicted", help=_("predicted or true (default: predicted)"))
    parser.add_argument("--layer", help=_("layer path (default: of each model the last that all of the signal passes)"))
    parser.add_argument("--fill", default="surroundings", help=_("surroundings, mean, grey or inpaint"))
    parser.add_argument("--no-cover", action="store_true", help=_("only look at the maps: much faster"))
    parser.add_argument("--out", metavar="DIR", help=_("where to write (default: data/results/attention)"))
    add_overwrite(parser)
    add_model_facts(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.dataset import Dataset, expand
    from carvis.dataset.parts import find_parts, read_parts
    from carvis.workspace import Cache

    workspace = open_workspace(args)
    named = [(text, models_of(text)) for text in args.inputs]
    files = list(dict.fromkeys(file for _, found in named for file in found))
    folders = [path for text, found in named if not found for path in expand(text) or [text]]
    if not files or len(folders) != 1:
        raise CarvisError(Message("Give one or more .keras or .h5 files and then one data set's folder."))
    data = Dataset(folders[0])
    source = args.parts or next(iter(find_parts(data)), None)
    if source is None:
        raise CarvisError(
            Message(
                "{root} holds no annotated parts: put masks/, parts.csv, annotations.json or "
                "annotations/ there, or name a file with --parts.",
                root=data.root,
            )
        )
    parts = read_parts(source, data, args.split, args.encoding)
    for sentence in parts.notes:
        print(localised(sentence))
    out = Path(args.out) if args.out else workspace.results_dir / "attention"
    models = by_name(each(files, lambda file: load(file, args, data)))
    _check_out(out, models, args.overwrite)
    for clf in models.values():
        check(clf, [data], args, workspace)
    cache = Cache(workspace.cache_dir / "attention")
    options = {"method": args.method, "target": args.target, "layer": args.layer, "fill": args.fill}
    results = {}
    for name, clf in models.items():
        results[name] = _measured(name, clf, data, args.split, parts, cache, cover=not args.no_cover, **options)
    for name, result in results.items():
        _print(name, result)
    _write(out, results)
    return 0


def _measured(name, clf, data, split, parts, cache, **options):
    from carvis.explain import attention_on_parts

    with progress_bar(name, count=True) as progress:
        return attention_on_parts(clf, data, split, parts, watch=progress, cache=cache, **options)


def _files(out: Path, models) -> dict[str, Path]:
    named = {f"{kind} {name}": out / f"{name}-{kind}" for name in models for kind in ("pictures.csv", "parts.csv")}
    named |= {f"classes {name}": out / f"{name}-classes.png" for name in models}
    return named | {"figure": out / "attention.png"}


def _check_out(out: Path, models, overwrite: bool) -> None:
    from carvis.workspace import clear_leftovers

    clear_leftovers(out)
    check_outputs(_files(out, models).values(), overwrite)


def _write(out: Path, results: dict) -> None:
    from carvis.figures import attention_by_class, attention_by_part, write_figure
    from carvis.tables import to_csv
    from carvis.workspace import atomic_write, staged_folder

    with staged_folder(out, replace=True) as made:
        files = _files(made, results)
        for name, result in results.items():
            atomic_write(files[f"pictures.csv {name}"], result.to_csv())
            atomic_write(files[f"parts.csv {name}"], to_csv(result.by_part, index=True))
            write_figure(files[f"classes {name}"], attention_by_class(result))
        write_figure(files["figure"], attention_by_part(results))
    print(
        _("Written to {out}: attention.png, and for each model -pictures.csv, -parts.csv, -classes.png").format(out=out)
    )


def _print(name: str, result) -> None:
    from rich.table import Table

    from carvis.explain.attention.outliers import stands_out_words

    console = new_console()
    if not sys.stdout.isatty():
        console.width = max(console.width, 110)
    table = Table(
        title=_("{name}: {n} pictures").format(name=name, n=len(result.table)),
        title_justify="left",
        header_style="bold",
    )
    headings = [N_("part"), N_("pictures"), N_("attention"), N_("area"), N_("lift"), N_("pointing")]
    headings += [N_("fall"), N_("elsewhere"), N_("accuracy"), "(95 %)"] if result.covered else []
    for heading in headings:
        table.add_column(_(heading), justify="left" if heading == "part" else "right", overflow="fold")
    for part, row in result.by_part.iterrows():
        if not row["n"] > 0:
            continue
        cells = [f"{row['n']:.0f}", _percent(row["share"]), _percent(row["area"]), f"{row['lift']:.1f}"]
        cells.append(_percent(row["pointing"]))
        if result.covered:
            there = result.accuracy.loc[part]
            interval = f"{_percent(there['low'])} – {_percent(there['high'])}"
            cells += [f"{row['fall']:+.2f}", f"{row['control']:+.2f}", _percent(there["accuracy"]), interval]
        table.add_row(str(part), *cells)
    console.print(table)
    whole = result.accuracy.loc[""]
    console.print(_("accuracy with nothing covered: {accuracy}").format(accuracy=_percent(whole["accuracy"])))
    for status, n in result.without_evidence.items():
        console.print(
            _("{n} maps without evidence ({status}) are in no mean of attention.").format(n=n, status=status),
            soft_wrap=True,
        )
    for why, n in result.left_out.items():
        console.print(_("{n} pictures left out: {why}.").format(n=n, why=localised(why)), soft_wrap=True)
    for note in result.notes:
        console.print(localised(note), soft_wrap=True)
    for problem in result.problems[:5]:
        console.print(_("not counted: {problem}").format(problem=localised(problem)), soft_wrap=True)
    for row in result.unusual().head(5).to_dict("records"):
        console.print(stands_out_words(row), soft_wrap=True)
    console.print()


def _percent(value: float) -> str:
    return "–" if value != value else f"{value:.0%}" if value >= 0.1 or value == 0 else f"{value:.1%}"
