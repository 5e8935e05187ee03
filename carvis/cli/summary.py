"""``summary``: a model's layer table and what can be explained in it."""

import argparse
from typing import TYPE_CHECKING

from carvis.cli.arguments import add_data, add_model_facts, add_workspace, check, datasets_around, load, open_workspace
from carvis.cli.layer_lines import LayerLines
from carvis.cli.terminal import new_console
from carvis.errors import CarvisError
from carvis.language import N_, Message, _, localised
from carvis.workspace import resolved

if TYPE_CHECKING:
    import pandas as pd

    from carvis.classifier import Classifier
    from carvis.dataset import Dataset
    from carvis.evaluation.assumptions import AssumptionCheck

_HEADINGS = (N_("layer"), N_("type"), N_("output"), N_("parameters"), N_("state"), N_("heatmap"))
_VERDICTS = {
    verdict: verdict for verdict in (N_("assumed"), N_("clearly better"), N_("clearly worse"), N_("cannot tell"))
}
HELP = N_("show a model's layers, parameters and what can be explained")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help=_("a .keras or .h5 file"))
    add_data(parser)
    parser.add_argument(
        "--save-card",
        action="store_true",
        help=_("write the facts given here, and those that the check with --data confirmed, into the model's card"),
    )
    add_model_facts(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    import shutil
    import textwrap

    around = datasets_around(args)
    clf = load(args.model, args, around or _workspace_dataset(args))
    layers = clf.layer_table()
    # Into a file or a pipe: 80 columns.
    width = shutil.get_terminal_size((80, 24)).columns
    print(clf.name, *_layer_lines(clf, layers, width), sep="\n")
    if layers["branch"].any():
        print(_("branch: one of several branches, each of which only part of the signal passes"))
    if clf.default_layer is None:
        print(localised(clf.layer_graph.why_no_default))
    else:
        print(_("explained by default: {layer}").format(layer=clf.default_layer))
        for note in clf.layer_graph.notes(clf.default_layer):
            print(localised(note))
    totals = clf.totals()
    print(
        _("{layers} layers, {parameters:,} parameters, {trainable:,} trainable, {frozen:,} frozen").format(
            layers=totals.layers, parameters=totals.parameters, trainable=totals.trainable, frozen=totals.frozen
        )
    )
    size = _("any size x ") if clf.native_size else "{}x{}x".format(*clf.input_size)
    print(
        _("input {size}{channels}, resize {resize}, preprocessing {preprocessing}, output {output}").format(
            size=size,
            channels=clf.channels,
            resize=_("by the model itself") if clf.native_size else clf.resize,
            preprocessing=clf.input_words,
            output=clf.output,
        )
    )
    classes = _("{n} classes: {names}").format(n=len(clf.class_names), names=", ".join(clf.class_names))
    print(textwrap.fill(classes, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False))
    checked = check(clf, around, args, open_workspace(args), full=True) if around else None
    if checked is not None and checked.n:
        _print_check(checked)
    if args.save_card:
        _save_card(clf, args.model, checked, args.output)
    return 0


def _workspace_dataset(args: argparse.Namespace) -> "list[Dataset]":
    """Return the one data set of the workspace that holds the model, whose class names the pages take too."""
    from carvis.dataset import Dataset
    from carvis.workspace import is_demo

    if not args.workspace:
        return []
    space = open_workspace(args)
    roots = [root for root in space.datasets() if not is_demo(root)]
    return [Dataset(roots[0])] if len(roots) == 1 and resolved(args.model).is_relative_to(space.root) else []


def _layer_lines(clf: "Classifier", layers: "pd.DataFrame", width: int) -> list[str]:
    default = [call.path for call in clf.layer_graph.members(clf.default_layer)] if clf.default_layer else []
    table = LayerLines([_(name) for name in _HEADINGS], {3}, width)
    for row in layers.to_dict("records"):
        state = _("frozen") if row["parameters"] and not row["trainable"] else ""
        explained = "" if not row["explainable"] else _("branch") if row["branch"] else _("yes")
        explained = _("default") if row["name"] in default else explained
        shape, parameters = row["output_shape"].replace(" ", ""), f"{row['parameters']:,}"
        table.add_row(row["name"], row["type"], shape, parameters, state, explained)
    return table.lines()


def _print_check(checked: "AssumptionCheck") -> None:
    from rich.table import Table
    from rich.text import Text

    from carvis.evaluation.assumptions.fact_names import assumption_name

    splits = _(" and ").join(checked.splits)
    title = _("checked on {n} images of {data} {splits}").format(n=checked.n, data=checked.data, splits=splits)
    # Names are file and folder names: they may hold brackets, which are no markup.
    caption = Text(_("{seconds:.1f} s").format(seconds=checked.seconds))
    table = Table(title=Text(title), title_justify="left", header_style="bold", caption=caption)
    table.add_column(_("assumption"), overflow="fold")
    for heading in (_("right"), _("accuracy"), "p"):
        table.add_column(heading, justify="right", overflow="fold")
    table.add_column("", overflow="fold")
    for i, row in enumerate(checked.shown().to_dict("records")):
        text = _("as assumed") if i == 0 else localised(assumption_name(row["assumption"], row["value"]))
        p = "" if row["verdict"] == "assumed" else f"{row['p']:.2g}"
        table.add_row(
            Text(text), str(row["right"]), f"{row['accuracy']:.0%}", p, _(_VERDICTS[row["verdict"]]) if i else ""
        )
    new_console().print(table)


def _save_card(clf: "Classifier", path: str, checked: "AssumptionCheck | None", output: str | None) -> None:
    """Write what is known into the card: what the person gave, what an earlier card said, what the check settled."""
    from carvis.classifier.card import card_path, update_card

    names = ("class_names", "preprocessing", "resize", "alpha", "orientation")
    certain = {fact: getattr(clf, fact) for fact in names if fact not in clf.assumed}
    # The graph decides what most outputs mean: only what a person gave has to be kept.
    certain |= {"output": output} if output else {}
    certain |= {"token_grid": list(clf.token_grid)} if clf.token_grid else {}
    certain |= {"extra_tokens": clf.extra_tokens} if clf.extra_tokens is not None else {}
    certain = (checked.settled if checked else {}) | certain
    if not certain:
        raise CarvisError(
            Message(
                "Nothing is certain enough to be saved in {card}: give --classes, --preprocessing or, with"
                " --data, a data set of these classes.",
                card=card_path(path),
            )
        )
    facts = {"input_size": None if clf.native_size else list(clf.input_size), "channels": clf.channels}
    card = update_card(path, facts | certain, clf.sha256)
    print(_("Saved in {path}: {facts}").format(path=card, facts=", ".join(certain)))
    for fact in sorted(clf.assumed - set(certain)):
        print(_("Still assumed: {fact}").format(fact=fact))
