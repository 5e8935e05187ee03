"""``summary``: a model's layer table and what can be explained in it."""

import argparse

from carvis.cli.options import add_model_facts, add_workspace, load

HELP = "show a model's layers, parameters and what can be explained"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a .keras or .h5 file")
    add_model_facts(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    clf = load(args.model, args)
    layers = clf.layer_table()
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
        explained = "default" if row.name == clf.last_conv_layer else "yes" if row.explainable else ""
        table.add_row(row.name, row.type, row.output_shape, f"{row.parameters:,}", state, explained)
    console = Console()
    console.print(table)
    total = int(layers["parameters"].sum())
    trainable = sum(int(weight.numpy().size) for weight in clf.model.trainable_weights)
    height, width = clf.input_size
    print(f"{total:,} parameters, {trainable:,} trainable, {total - trainable:,} frozen")
    print(f"input {height}x{width}x{clf.channels}, resize {clf.resize}, preprocessing {clf.preprocessing}")
    print(f"{len(clf.class_names)} classes: {', '.join(clf.class_names)}")
    return 0
