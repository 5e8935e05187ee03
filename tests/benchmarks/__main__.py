"""``python -m tests.benchmarks [NAME ...]``: measure side by side what replaces what, as ratios on this machine."""

import argparse
import os
import platform
from importlib import import_module
from pathlib import Path

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py") if path.stem != "measuring")


def processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; by default all")
    args = parser.parse_args()
    if unknown := set(args.names) - set(NAMES):
        parser.error(f"no benchmark is named {', '.join(sorted(unknown))}: choose of {', '.join(NAMES)}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}", flush=True)
    for name in args.names or NAMES:
        for line in import_module(f"tests.benchmarks.{name}").run():
            print(line, flush=True)


if __name__ == "__main__":
    main()
