"""``python -m tests.hostile NAME``: what takes minutes, of processes that are killed and of many people at once.

A trial is one module here with ``HELP``, ``add_arguments(parser)`` and ``main(args) -> int``, named in ``TRIALS``.
"""

import argparse
import sys
from importlib import import_module

TRIALS = ("kills", "sessions")


def main(words: list[str]) -> int:
    """Run the trial that the first word names and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__.partition("\n")[0])
    parser.add_argument("trial", choices=TRIALS, help="`python -m tests.hostile TRIAL --help` says what it takes")
    # Only the trial that is asked for is imported: each brings in what it needs.
    name = parser.parse_args(words[:1]).trial
    trial = import_module(f"tests.hostile.{name}")
    own = argparse.ArgumentParser(prog=f"python -m tests.hostile {name}", description=trial.HELP)
    trial.add_arguments(own)
    return trial.main(own.parse_args(words[1:]))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
