"""``python -m carvis``: the command line."""

from carvis.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
