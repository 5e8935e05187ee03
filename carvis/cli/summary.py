"""``summary``: a model's layer table and what can be explained in it."""

import argparse

from carvis.cli.layer_lines import LayerLines
from carvis.cli.options import add_model_facts, load
from carvis.language import N_, _

_HEADINGS = (N_("layer"), N_("type"), N_("output"), N_("parameters"), N_("state"), N_("heatmap"))
HELP = N_("show a model's layers, parameters and what can be explained")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help=_("a .keras or .h5 file"))
    add_model_facts(parser)


def run(args: argparse.Namespace) -> int:
    import shutil
    import textwrap

    clf = load(args.model, args)
    layers = clf.layer_table()
    # Into a file or a pipe: 80 columns.
    width_of_terminal = shutil.get_terminal_size((80, 24)).columns
    table = LayerLines([_(name) for name in _HEADINGS], {3}, width_of_terminal)
    for row in layers.itertuples():
        state = _("frozen") if row.parameters and not row.trainable else ""
        explained = _("default") if row.name == clf.last_conv_layer else _("yes") if row.explainable else ""
        table.add_row(row.name, row.type, row.output_shape.replace(" ", ""), f"{row.parameters:,}", state, explained)
    print(clf.name, *table.lines(), sep="\n")
    totals = clf.totals()
    height, width = clf.input_size
    print(
        _("{layers} layers, {parameters:,} parameters, {trainable:,} trainable, {frozen:,} frozen").format(
            layers=totals.layers, parameters=totals.parameters, trainable=totals.trainable, frozen=totals.frozen
        )
    )
    print(
        _("input {height}x{width}x{channels}, resize {resize}, preprocessing {preprocessing}").format(
            height=height, width=width, channels=clf.channels, resize=clf.resize, preprocessing=clf.preprocessing
        )
    )
    classes = _("{n} classes: {names}").format(n=len(clf.class_names), names=", ".join(clf.class_names))
    print(
        textwrap.fill(
            classes, width_of_terminal, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    )
    return 0
