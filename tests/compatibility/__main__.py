"""``python -m tests.compatibility [NAME ...]``: write every model of keras.applications, open it, compare.

One model at a time, in a process of its own, so that memory stays flat. ``--layers`` does the
same for every public layer, in one process.
"""

import argparse
import subprocess
import sys
from collections import Counter


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.compatibility", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="models or layers; by default all")
    parser.add_argument("--layers", action="store_true", help="the public layers in place of the applications")
    parser.add_argument("--writer", choices=("keras 2", "keras 3"), help="by default both")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.layers:
        return _layers(args)
    if args.here:
        return _one(args.names[0], [args.writer] if args.writer else ["keras 2", "keras 3"])
    from tests.compatibility.applications import names_of

    counts: Counter[str] = Counter()
    writers = [args.writer] if args.writer else ["keras 2", "keras 3"]
    for name in args.names or sorted({name for writer in writers for name in names_of(writer)}):
        command = [sys.executable, "-m", "tests.compatibility", "--here", name]
        command += ["--writer", args.writer] if args.writer else []
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = [line for line in run.stdout.splitlines() if line.startswith("| ")]
        if run.returncode:
            lines.append(f"| {name} | {args.writer or '-'} | - | failed with exit code {run.returncode} |")
        for line in lines:
            print(line, flush=True)
            counts[line.split("|")[4].partition("(")[0].strip()] += 1
    print(", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items())))


def _one(name: str, writers: list[str]) -> None:
    from tests.compatibility.applications import names_of, try_application

    for writer in writers:
        if name in names_of(writer):
            for kind, outcome in try_application(name, writer).items():
                print(f"| {name} | {writer} | {kind} | {outcome} |", flush=True)


def _layers(args) -> None:
    from tests.compatibility import layers, trial

    counts: Counter[str] = Counter()
    for writer, library in trial.WRITERS.items():
        if args.writer not in (None, writer):
            continue
        for name in sorted(layers.public_layers(library.layers)):
            if name not in layers.CASES or (args.names and name not in args.names):
                continue
            for case in layers.CASES[name]:
                if writer not in case.writers:
                    continue
                for kind, outcome in trial.try_model(case.build, writer).items():
                    counts[outcome.verdict] += 1
                    print(f"| {name} | {writer} | {kind} | {outcome} |", flush=True)
    print(", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items())))


if __name__ == "__main__":
    main()
