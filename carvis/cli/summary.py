"""``summary``: a model's layer table and what can be explained in it."""

import argparse

from carvis.cli.layer_lines import LayerLines
from carvis.cli.options import add_model_facts, load

HELP = "show a model's layers, parameters and what can be explained"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a .keras or .h5 file")
    add_model_facts(parser)


def run(args: argparse.Namespace) -> int:
    import shutil
    import textwrap

    clf = load(args.model, args)
    layers = clf.layer_table()
    # Into a file or a pipe: 80 columns.
    width_of_terminal = shutil.get_terminal_size((80, 24)).columns
    table = LayerLines(["layer", "type", "output", "parameters", "state", "heatmap"], {3}, width_of_terminal)
    for row in layers.itertuples():
        state = "frozen" if row.parameters and not row.trainable else ""
        explained = "default" if row.name == clf.last_conv_layer else "yes" if row.explainable else ""
        table.add_row(row.name, row.type, row.output_shape.replace(" ", ""), f"{row.parameters:,}", state, explained)
    print(clf.name, *table.lines(), sep="\n")
    totals = clf.totals()
    height, width = clf.input_size
    print(
        f"{totals.layers} layers, {totals.parameters:,} parameters, {totals.trainable:,} trainable, "
        f"{totals.frozen:,} frozen"
    )
    print(f"input {height}x{width}x{clf.channels}, resize {clf.resize}, preprocessing {clf.preprocessing}")
    classes = f"{len(clf.class_names)} classes: {', '.join(clf.class_names)}"
    print(
        textwrap.fill(
            classes, width_of_terminal, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    )
    return 0
