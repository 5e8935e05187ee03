"""``concepts``: what a model looks for in the images of a class, without annotations."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from carvis.cli.arguments import add_model_facts, add_workspace, check, load, open_workspace
from carvis.cli.outputs import add_overwrite, check_outputs
from carvis.cli.progress_bar import progress_bar
from carvis.cli.terminal import new_console
from carvis.display import percent
from carvis.errors import CarvisError
from carvis.language import N_, Message, _, localised

if TYPE_CHECKING:
    import pandas as pd

    from carvis.classifier import Classifier
    from carvis.dataset import Dataset
    from carvis.evaluation import Evaluation
    from carvis.explain.concepts import Concepts
    from carvis.workspace import Workspace

HELP = N_("find what a model looks for in the images that it predicts as a class (CRAFT)")
_FILES = ("concepts.csv", "crops.csv", "parts.csv", "occlusion.csv", "against.csv", "concepts.json", "concepts.npz")
_MOST_MATCHES = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help=_("a .keras or .h5 file"))
    parser.add_argument("data", metavar="DATA", help=_("a data set's folder"))
    parser.add_argument(
        "subject",
        nargs="*",
        metavar="CLASS",
        help=_("a class, or two: what tells the first from the second (default: all classes together)"),
    )
    parser.add_argument("--split", default="test", help=_("train, valid or test (default: test)"))
    parser.add_argument("-n", type=int, default=10, help=_("how many concepts (default: 10)"))
    parser.add_argument("--seed", type=int, default=0, help=_("seed of everything random (default: 0)"))
    parser.add_argument("--layer", help=_("layer path (default: the last layer that the whole signal passes through)"))
    parser.add_argument(
        "--images", type=int, default=60, metavar="N", help=_("images to draw crops from at most (default: 60)")
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="NUMBER=NAME",
        help=_("name a concept, as in 1=emblem; the name is kept in the workspace (may be repeated)"),
    )
    parser.add_argument(
        "--occlude", action="store_true", help=_("paint out the region of each concept, and predict again")
    )
    parser.add_argument("--against", metavar="MODEL", help=_("a second model: which concepts do the two share?"))
    parser.add_argument("--out", metavar="DIR", help=_("where to write (default: data/results/concepts/MODEL-CLASS)"))
    add_overwrite(parser)
    add_model_facts(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.dataset import Dataset

    if len(args.subject) > 2:
        raise CarvisError(Message("Give one class, or a pair of two classes."))
    names = dict(_named(text) for text in args.name)
    workspace = open_workspace(args)
    data = Dataset(args.data)
    clf = load(args.model, args, data)
    other = load(args.against, args, data) if args.against else None
    stem = re.sub(r"[^\w.-]+", "_", "-".join([clf.name, *args.subject]))
    out = Path(args.out) if args.out else workspace.results_dir / "concepts" / stem
    check_outputs([out / name for name in (*_FILES, "concepts.png")], args.overwrite)
    for model in (clf, other):
        if model is not None:
            check(model, [data], args, workspace)
    found = _searched(clf, data, args, workspace)
    if names:
        found = _renamed(found, names, workspace)
    second = _searched(other, data, args, workspace) if other is not None else None
    _print(found)
    tables = _tables(found, second, clf, data, args, workspace)
    _write(out, found, data, tables)
    return 0


def _named(text: str) -> tuple[int, str]:
    number, equals, name = text.partition("=")
    if not equals or not number.strip().isdecimal() or not name.strip():
        raise CarvisError(Message("--name {text} is invalid: write it as 1=emblem.", text=text))
    return int(number) - 1, name


def _renamed(found: Concepts, names: dict[int, str], workspace: Workspace) -> Concepts:
    from carvis.explain.concepts import save_names

    for number in names:
        if not 0 <= number < len(found):
            raise CarvisError(Message("There is no concept {n}: they are 1 to {last}.", n=number + 1, last=len(found)))
    found = found.named(names)
    save_names(workspace, found)
    return found


def _searched(clf: Classifier, data: Dataset, args: argparse.Namespace, workspace: Workspace) -> Concepts:
    from carvis.explain.concepts import ConceptSettings, concepts, with_names
    from carvis.workspace import Cache

    subject = (args.subject[0], args.subject[1]) if len(args.subject) == 2 else next(iter(args.subject), None)
    settings = ConceptSettings(layer=args.layer, max_images=args.images)
    with progress_bar(clf.name) as progress:
        found = concepts(
            clf,
            data,
            subject,
            args.n,
            args.seed,
            settings,
            split=args.split,
            evaluation=_evaluation(clf, data, args.split, workspace),
            cache=Cache(workspace.cache_dir / "concepts"),
            progress=progress,
        )
    return with_names(workspace, found)


def _evaluation(clf: Classifier, data: Dataset, split: str, workspace: Workspace) -> Evaluation | None:
    """Return the saved evaluation, whose predictions are used where they are still true, or None."""
    from carvis.evaluation import evaluation_folder, load_evaluation

    try:
        return load_evaluation(evaluation_folder(workspace, data.name, split, clf.name))
    except (CarvisError, OSError):
        return None


def _print(found: Concepts) -> None:
    from rich.table import Table

    console = new_console(110)
    title = _("{model}, {subject}: {n} images, layer {layer}").format(
        model=found.setup["model"],
        subject=found.subject or _("all classes"),
        n=len(found.images),
        layer=found.layer,
    )
    table = Table(title=title, title_justify="left", header_style="bold")
    for heading in (N_("concept"), N_("importance"), N_("95 % CI"), N_("fall"), N_("accuracy"), N_("stability")):
        table.add_column(_(heading), justify="left" if heading == "concept" else "right", overflow="fold")
    for row in found.table.to_dict("records"):
        interval = f"{row['importance low']:.2f} – {row['importance high']:.2f}"
        cells = [f"{row['importance']:.2f}", interval, f"{row['fall']:+.2f}", percent(row["accuracy"])]
        table.add_row(str(row["name"]), *cells, f"{row['stability']:.2f}")
    console.print(table)
    before = percent(float(found.images["right"].mean()))
    console.print(_("accuracy with all concepts: {accuracy}").format(accuracy=before))
    console.print(
        _("reconstruction error: {crops} of the crops, {positions} of single positions").format(
            crops=percent(found.reconstruction_error), positions=percent(found.position_error)
        )
    )
    console.print(
        _("importance and fall agree with a rank correlation of {rho}").format(rho=f"{found.agreement:.2f}"),
        soft_wrap=True,
    )
    for note in found.notes:
        console.print(localised(note), soft_wrap=True)


def _tables(
    found: Concepts,
    second: Concepts | None,
    clf: Classifier,
    data: Dataset,
    args: argparse.Namespace,
    workspace: Workspace,
) -> dict[str, pd.DataFrame]:
    """Return the tables that were asked for, or that annotations allow, and print what they say."""
    from carvis.dataset.parts import find_parts, read_parts
    from carvis.explain.attention import AttentionSettings, attention_on_parts
    from carvis.explain.concepts import concept_parts, confirmed_by_occlusion, match_concepts, match_parts
    from carvis.workspace import Cache

    tables: dict[str, pd.DataFrame] = {}
    if source := next(iter(find_parts(data)), None):
        tables["parts.csv"] = match_parts(found, read_parts(source, data, args.split, args.encoding))
        _print_parts(found, tables["parts.csv"])
    if args.occlude:
        regions = concept_parts(found, data)
        settings = AttentionSettings(layer=args.layer)
        with progress_bar(_("occluding concepts"), count=True) as progress:
            attention = attention_on_parts(
                clf,
                data,
                args.split,
                regions,
                settings,
                progress=progress,
                cache=Cache(workspace.cache_dir / "attention"),
            )
        tables["occlusion.csv"] = attention.by_part.join(attention.accuracy[["uncovered", "accuracy", "low", "high"]])
        for part, row in tables["occlusion.csv"].to_dict("index").items():
            print(
                _("{part} painted out: probability {fall}, elsewhere {control}; accuracy {accuracy}").format(
                    part=part,
                    fall=f"{-row['fall']:+.2f}",
                    control=f"{-row['control']:+.2f}",
                    accuracy=percent(row["accuracy"]),
                )
            )
        rho = confirmed_by_occlusion(found, attention)
        print(_("importance and occlusion agree with a rank correlation of {rho}").format(rho=f"{rho:.2f}"))
    if second is not None:
        tables["against.csv"] = match_concepts(found, second)
        _print_pairs(found, second, tables["against.csv"])
    return tables


def _print_parts(found: Concepts, table: pd.DataFrame) -> None:
    for concept, rows in table.groupby("concept"):
        best = rows.sort_values("iou", ascending=False).head(_MOST_MATCHES).to_dict("records")
        listed = ", ".join(f"{row['part']} {row['iou']:.2f} ({percent(row['hit_rate'])})" for row in best if row["iou"])
        name = found.label(int(str(concept)))
        print(_("{name} overlaps (hit rate): {parts}").format(name=name, parts=listed or "–"))


def _print_pairs(found: Concepts, second: Concepts, table: pd.DataFrame) -> None:
    models = found.setup["model"], second.setup["model"]
    for first, other, iou in table[["first", "second", "iou"]].itertuples(index=False):
        if first >= 0 and other >= 0:
            sentence = _("{first} of {model} is {second} of {other} (overlap {iou})").format(
                first=found.label(first), model=models[0], second=second.label(other), other=models[1], iou=f"{iou:.2f}"
            )
        else:
            has = (found.label(first), *models) if first >= 0 else (second.label(other), *reversed(models))
            sentence = _("only {model} has {concept}: its largest overlap with a concept of {other} is {iou}").format(
                concept=has[0], model=has[1], other=has[2], iou=f"{iou:.2f}"
            )
        print(sentence)


def _write(out: Path, found: Concepts, data: Dataset, tables: dict[str, pd.DataFrame]) -> None:
    from carvis.explain.concepts import save_concepts
    from carvis.figures import concept_sheet, write_figure
    from carvis.tables import to_csv
    from carvis.workspace import atomic_write, staged_folder

    samples = data.samples(str(found.setup["split"]))
    paths = dict(zip(samples["id"].tolist(), map(str, samples["path"]), strict=True))
    tables = {"concepts.csv": found.table.reset_index(), "crops.csv": found.crops} | tables
    with staged_folder(out, replace=True) as staged:
        for name, table in tables.items():
            atomic_write(staged / name, to_csv(table, index=name == "occlusion.csv"))
        save_concepts(found, staged / "concepts.npz")
        write_figure(staged / "concepts.png", concept_sheet(found, paths))
    print(_("Written to {out}: {files}").format(out=out, files=", ".join([*tables, "concepts.json", "concepts.png"])))
