"""``python -m carvis <verb>``: the library's calls with progress bars.

A verb is one module here with ``HELP``, ``add_arguments(parser)`` and ``run(args) -> int``, named in ``VERBS``.
"""

import argparse
import os
import sys
from importlib import import_module

from carvis import __version__
from carvis.errors import CarvisError
from carvis.startup import quiet_tensorflow

VERBS = (
    "summary", "check", "split", "train", "runs", "evaluate", "compare", "heatmaps", "attention", "filters",
    "activations", "report", "demo",
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run one verb and return its exit code: 2 with one sentence where a person can mend what went wrong."""
    quiet_tensorflow()
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(
        prog="python -m carvis", description=import_module("carvis").__doc__.split("\n")[0]
    )
    parser.add_argument("--version", action="version", version=f"carvis {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name in VERBS:
        verb = import_module(f"carvis.cli.{name}")
        child = verbs.add_parser(name, help=verb.HELP, description=verb.HELP)
        verb.add_arguments(child)
        child.set_defaults(run=verb.run)
    args = parser.parse_args(arguments)
    try:
        return args.run(args)
    except CarvisError as error:
        print(f"carvis: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output went away (`| head`): Python would complain again while closing it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # What is written goes through a temporary file: the folder is what a person knows.
        place = os.path.dirname(os.path.abspath(error.filename)) if error.filename else "a file"
        print(
            f"carvis: {place} cannot be used ({error.strerror or error}): check it, or name another.", file=sys.stderr
        )
        return 2
    except KeyboardInterrupt:
        print("carvis: stopped.", file=sys.stderr)
        return 130
