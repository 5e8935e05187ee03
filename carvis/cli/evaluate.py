"""``evaluate``: how often a model is right on a split, and which images it gets wrong."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carvis.cli.arguments import add_model_facts, add_workspace, check, load, open_workspace
from carvis.cli.check import checked
from carvis.cli.evaluation_arguments import add_super_classes
from carvis.cli.outputs import check_outputs
from carvis.cli.progress_bar import progress_bar
from carvis.cli.terminal import new_console
from carvis.evaluation.confusion.choices import CELLS, CLASS_ORDERS
from carvis.language import N_, Message, _, localised

if TYPE_CHECKING:
    from rich.table import Table

    from carvis.evaluation import Evaluation

_FIGURES = (".png", ".svg", ".pdf", ".jpg")

HELP = N_("predict a split of a data set: accuracy, per-class scores, confusion, df2.csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help=_("a .keras or .h5 file"))
    parser.add_argument("data", metavar="DATA", help=_("a data set's folder"))
    parser.add_argument("--split", default="test", help=_("train, valid or test (default: test)"))
    parser.add_argument(
        "--out", metavar="DIR", help=_("where to write (default: data/evaluations/<data set>/<split>/<model>)")
    )
    parser.add_argument("--batch-size", type=int, default=32, metavar="N", help=_("images per batch (default: 32)"))
    parser.add_argument(
        "--no-leakage",
        action="store_true",
        help=_("do not check for leakage from train (the first check reads the whole data set)"),
    )
    # The name of the option in earlier versions.
    parser.add_argument("--no-copies", action="store_true", dest="no_leakage", help=argparse.SUPPRESS)
    parser.add_argument(
        "--no-embeddings",
        action="store_true",
        help=_("do not keep the images' embeddings (for neighbours and the image map) in the workspace's cache"),
    )
    group = parser.add_argument_group(_("confusion matrix"))
    group.add_argument(
        "--figure", metavar="FILE", help=_("draw the confusion matrix into a new .png, .svg or .pdf file")
    )
    group.add_argument(
        "--cells",
        choices=CELLS,
        default="count",
        help=_("counts, or shares of the true (row) or predicted (column) class"),
    )
    group.add_argument(
        "--order",
        choices=CLASS_ORDERS,
        default="confused",
        help=_("by confusion (default: confused classes side by side), by name, or by super-class"),
    )
    add_super_classes(group)
    group.add_argument("--hide-diagonal", action="store_true", help=_("leave the correct predictions blank"))
    group.add_argument("--log", action="store_true", help=_("logarithmic colour scale"))
    add_model_facts(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.dataset import Dataset, canonical_split
    from carvis.errors import CarvisError
    from carvis.evaluation import check_folder, evaluate, evaluation_folder, read_super_classes

    if args.batch_size < 1:
        raise CarvisError(Message("--batch-size {batch_size} is invalid: give 1 or more.", batch_size=args.batch_size))
    if args.figure:
        check_outputs([Path(args.figure)], None, option="--figure")
    if args.figure and Path(args.figure).suffix.lower() not in _FIGURES:
        raise CarvisError(
            Message(
                "{figure} is not a figure's file name: it must end in {endings}.",
                figure=args.figure,
                endings=", ".join(_FIGURES),
            )
        )
    workspace = open_workspace(args)
    data = Dataset(args.data)
    groups = None
    if args.super_classes:
        groups = read_super_classes(args.super_classes, args.encoding, data.class_names)
    data.folder(args.split)
    clf = load(args.model, args, data)
    split = canonical_split(args.split) or args.split
    out = Path(args.out) if args.out else evaluation_folder(workspace, data.name, split, clf.name)
    check_folder(out)
    checked_facts = check(clf, [data], args, workspace)
    before = _before(out)
    if not args.no_leakage and split != "train" and "train" in data.splits:
        checked(data, workspace, N_("check for leakage"))
    with progress_bar(_("evaluate"), count=True) as progress:
        evaluation = evaluate(
            clf,
            data,
            split,
            batch_size=args.batch_size,
            progress=progress,
            leakage=not args.no_leakage,
            cache=workspace.cache_dir / "health",
            check=checked_facts or False,
            embeddings=not args.no_embeddings,
            workspace=workspace,
        )
    edited = set(out.glob("df2.edited-*.csv"))
    evaluation.save(out)
    _print(evaluation, clf.assumptions)
    print(_("{before}Written to {out}: predictions.parquet, metrics.json, df2.csv").format(before=before, out=out))
    if args.figure:
        print(_("Written to {path}").format(path=_draw(evaluation, groups, args)))
    for edited_copy in set(out.glob("df2.edited-*.csv")) - edited:
        print(_("The edited df2.csv was kept as {name}").format(name=edited_copy.name))
    return 0


def _draw(evaluation: "Evaluation", named_groups: dict[str, str] | None, args: argparse.Namespace) -> Path:
    from carvis.evaluation import order_classes, super_classes
    from carvis.figures import confusion_matrix, write_figure

    groups = super_classes(evaluation.class_names, named_groups)
    figure = confusion_matrix(
        evaluation.confusion,
        title=f"{evaluation.setup['model']['name']} on {evaluation.setup['dataset']['name']} {evaluation.split}",
        of=args.cells,
        order=order_classes(evaluation.confusion, args.order, groups),
        diagonal=not args.hide_diagonal,
        log=args.log,
    )
    return write_figure(args.figure, figure)


def _before(out: Path) -> str:
    """What `out` held, to be reported once it is replaced."""
    from carvis.errors import TableError
    from carvis.evaluation import load_evaluation

    if not (out / "metrics.json").exists():
        return ""
    try:
        previous = load_evaluation(out)
    except TableError:
        return _("An unreadable evaluation was replaced. ")
    return _("The evaluation of {date} (accuracy {accuracy:.1%}) was replaced. ").format(
        date=previous.setup.get("created", "–")[:10], accuracy=previous.accuracy
    )


def _print(evaluation: "Evaluation", assumptions: list[str]) -> None:
    from rich.table import Table

    console = new_console()
    metrics = evaluation.metrics
    low, high = metrics["accuracy_interval"]
    figures = Table.grid(padding=(0, 2))
    for _column in range(2):
        figures.add_column(overflow="fold")
    for name, value in (
        (
            _("images"),
            _("{n} ({wrong} misclassified)").format(n=metrics["n"], wrong=metrics["n"] - metrics["correct"]),
        ),
        (
            _("accuracy"),
            _("{accuracy:.1%} (95 % CI {low:.1%} to {high:.1%})").format(
                accuracy=metrics["accuracy"], low=low, high=high
            ),
        ),
        *_leakage(evaluation),
        (_("top-3 accuracy"), f"{metrics['top3']:.1%}"),
        (
            _("macro precision, recall, F1"),
            " ".join(f"{metrics['macro_' + k]:.3f}" for k in ("precision", "recall", "f1")),
        ),
    ):
        figures.add_row(name, value)
    console.print(figures)

    classes = evaluation.per_class
    lowest = classes[classes["support"] > 0].sort_values("f1", kind="stable").head(5)
    table = _table(_("Weakest classes"), N_("class"), N_("images"), N_("precision"), N_("recall"), "F1")
    row: Any
    for row in lowest.itertuples():
        table.add_row(row.Index, str(row.support), f"{row.precision:.2f}", f"{row.recall:.2f}", f"{row.f1:.2f}")
    console.print(table)
    pairs = evaluation.most_confused(5)
    if len(pairs):
        table = _table(_("Most confused"), N_("label"), N_("predicted"), N_("images"), N_("of the class"))
        for row in pairs.itertuples():
            table.add_row(row.label, row.predicted, str(row.count), f"{row.share:.0%}")
        console.print(table)
    for file in metrics["unreadable"][:5]:
        console.print(_("not counted: {reason}").format(reason=localised(file["reason"])), soft_wrap=True)
    for note in evaluation.setup["notes"]:
        if note not in assumptions:
            console.print(localised(note), soft_wrap=True)


def _leakage(evaluation: "Evaluation") -> list[tuple[str, str]]:
    leak = evaluation.leak
    if leak is None:
        return []
    rows = [
        (
            _("also in training"),
            _("{copies} of {n} images (exact duplicates: {exact})").format(
                copies=leak.copies, n=evaluation.metrics["n"], exact=leak.exact
            ),
        )
    ]
    without = _("accuracy without leakage ({n})").format(n=leak.clean)
    return [*rows, (without, localised(leak.finding))] if leak.copies else rows


def _table(title: str, *headings: str) -> "Table":
    from rich.table import Table

    table = Table(title=title, title_justify="left", header_style="bold")
    for heading in headings:
        names = heading in ("class", "label", "predicted")
        table.add_column(_(heading), justify="left" if names else "right", overflow="fold")
    return table
