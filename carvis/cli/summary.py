"""``summary``: a model's layer table and what can be explained in it."""

import argparse

from carvis.cli.options import add_data, add_model_facts, add_workspace, check, datasets_around, load, open_workspace
from carvis.errors import CarvisError
from carvis.language import Message, _, localised

HELP = "show a model's layers, parameters and what can be explained"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a .keras or .h5 file")
    add_data(parser)
    parser.add_argument(
        "--save-card",
        action="store_true",
        help="write into the model's card what was given here and what the check with --data has settled",
    )
    add_model_facts(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    around = datasets_around(args)
    clf = load(args.model, args, around)
    layers = clf.layer_table()
    default = [call.path for call in clf.places.members(clf.default_layer)] if clf.default_layer else []
    table = Table(title=clf.name, title_justify="left", header_style="bold")
    for heading, side in (
        ("layer", "left"),
        ("type", "left"),
        ("output", "left"),
        ("parameters", "right"),
        ("state", "left"),
        ("heatmap", "left"),
    ):
        table.add_column(heading, justify=side, overflow="fold")
    for row in layers.itertuples():
        state = "" if not row.parameters else "trainable" if row.trainable else "frozen"
        explained = "" if not row.explainable else "branch" if row.branch else "yes"
        explained = "default" if row.name in default else explained
        table.add_row(row.name, row.type, row.output_shape, f"{row.parameters:,}", state, explained)
    console = Console()
    console.print(table)
    if layers["branch"].any():
        print(_("branch: one of several branches, which only part of the signal passes"))
    if clf.default_layer is None:
        print(localised(clf.places.why_no_default))
    else:
        print(_("explained by default: {layer}").format(layer=clf.default_layer))
        for note in clf.places.notes(clf.default_layer):
            print(localised(note))
    total = int(layers["parameters"].sum())
    trainable = sum(int(weight.numpy().size) for weight in clf.model.trainable_weights)
    size = "any size x " if clf.native_size else "{}x{}x".format(*clf.input_size)
    print(f"{total:,} parameters, {trainable:,} trainable, {total - trainable:,} frozen")
    resized = "by the model itself" if clf.native_size else clf.resize
    print(f"input {size}{clf.channels}, resize {resized}, preprocessing {clf.input_words}, output {clf.output}")
    print(f"{len(clf.class_names)} classes: {', '.join(clf.class_names)}")
    checked = check(clf, around, args, open_workspace(args), full=True) if around else None
    if checked is not None and checked.n:
        console.print(_check_table(checked))
    if args.save_card:
        _save_card(clf, checked, args.output)
    return 0


def _check_table(checked):
    from rich.table import Table
    from rich.text import Text

    from carvis.evaluation.assumptions.result import words_of

    title = f"checked on {checked.n} images of {checked.data} {' and '.join(checked.splits)}"
    table = Table(title=title, title_justify="left", header_style="bold", caption=f"{checked.seconds:.1f} s")
    for heading, side in (
        ("assumption", "left"),
        ("right", "right"),
        ("accuracy", "right"),
        ("p", "right"),
        ("", "left"),
    ):
        table.add_column(heading, justify=side, overflow="fold")
    for i, row in enumerate(checked.shown().to_dict("records")):
        words = "as assumed" if i == 0 else words_of(row["assumption"], row["value"])
        p = "" if i == 0 else f"{row['p']:.2g}"
        table.add_row(Text(words), str(row["right"]), f"{row['accuracy']:.0%}", p, row["verdict"] if i else "")
    return table


def _save_card(clf, checked, output: str | None) -> None:
    """Write what is known into the card: what the person gave, what an earlier card said, what the check settled."""
    from carvis.classifier.card import card_path, update_card

    facts = ("class_names", "preprocessing", "resize", "alpha", "orientation")
    known = {fact: getattr(clf, fact) for fact in facts if fact not in clf.assumed}
    # The graph tells what most outputs mean: only what a person gave has to be kept.
    known |= {"output": output} if output else {}
    known = (checked.settled if checked else {}) | known
    if not known:
        raise CarvisError(
            Message(
                "Nothing is certain enough to be saved in {card}: give --classes or --preprocessing, or a data set of "
                "these classes with --data.",
                card=card_path(clf.path),
            )
        )
    facts = {"input_size": None if clf.native_size else list(clf.input_size), "channels": clf.channels}
    path = update_card(clf.path, facts | known, clf.sha256)
    print(f"Saved in {path}: {', '.join(known)}")
    for fact in sorted(clf.assumed - set(known)):
        print(f"Still only assumed: {fact}")
