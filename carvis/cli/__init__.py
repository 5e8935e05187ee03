"""``python -m carvis <verb>``: the library's calls with progress bars.

A verb is one module here with ``HELP``, ``add_arguments(parser)`` and ``run(args) -> int``, named in ``VERBS``.
"""

import argparse
import codecs
import os
import sys
from importlib import import_module

from carvis import __version__
from carvis.classifier.runtime_errors import sentence_of
from carvis.cli.argparse_translation import HelpInCells, argparse_speaking
from carvis.cli.terminal import steady_output
from carvis.errors import CarvisError
from carvis.language import N_, Message, _, language_name, languages, localised, speaking, system_language
from carvis.startup import quiet_tensorflow
from carvis.workspace import os_sentence, shown_path

VERBS = (
    "summary", "check", "split", "train", "runs", "evaluate", "compare", "slices", "predict", "heatmaps", "attention",
    "concepts", "filters", "activations", "report", "demo",
)  # fmt: skip
_MOST_FOLDERS = 200
DESCRIPTION = N_("carvis: train image classifiers with Keras and see where they look.")


def main(arguments: list[str] | None = None) -> int:
    """Run one verb and return its exit code: 2 with one sentence where a person can mend what went wrong."""
    quiet_tensorflow()
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        language = _language_named(arguments) or system_language()
    except CarvisError as error:
        print(f"carvis: {error}", file=sys.stderr)
        return 2
    _write_all_letters(language)
    with speaking(language), argparse_speaking(), steady_output():
        if sentence := _unusable_argument(arguments):
            print(f"carvis: {localised(sentence)}", file=sys.stderr)
            return 2
        return _run(_parser(language).parse_args(arguments))


def _unusable_argument(arguments: list[str]) -> Message | None:
    """Return a sentence where an argument cannot be meant.

    An empty one, as of an unset shell variable, never means a default; Python's functions for paths call themselves for
    each folder, until its stack is used up.
    """
    for place, text in enumerate(arguments):
        option, equals, value = text.partition("=")
        before = arguments[place - 1] if place else ""
        if text.startswith("--") and equals and not value.strip():
            return Message("{option} is empty: give it a value, or omit it.", option=option)
        if not text.strip():
            if before.startswith("--") and "=" not in before:
                return Message("{option} is empty: give it a value, or omit it.", option=before)
            return Message("Argument {n} is empty: give it a value, or omit it.", n=place + 1)
        if text.count("/") + text.count(os.sep) * (os.sep != "/") > _MOST_FOLDERS:
            return Message(
                "{path} has more than {n} nested folders: use a shorter path.",
                path=shown_path(text, 80),
                n=_MOST_FOLDERS,
            )
    return None


def _parser(language: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m carvis", description=_(DESCRIPTION), formatter_class=HelpInCells)
    shows = _("show program's version number and exit")
    parser.add_argument("--version", action="version", version=f"carvis {__version__}", help=shows)
    _add_language(parser, default=language)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name in VERBS:
        verb = import_module(f"carvis.cli.{name}")
        child = verbs.add_parser(name, help=_(verb.HELP), description=_(verb.HELP), formatter_class=HelpInCells)
        verb.add_arguments(child)
        # After the verb, too; what stands before it holds where nothing does.
        _add_language(child, default=argparse.SUPPRESS)
        child.set_defaults(run=verb.run)
    return parser


def _add_language(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--language",
        choices=languages(),
        default=default,
        help=_("language of the output (default: $CARVIS_LANGUAGE, else the system's)"),
    )


def _language_named(arguments: list[str]) -> str | None:
    """Look for ``--language``: it decides in which language the arguments are explained. The last one counts."""
    named = None
    for place, text in enumerate(arguments):
        option, equals, value = text.partition("=")
        if text == "--":
            break
        if len(option) > len("--l") and "--language".startswith(option):
            named = value if equals else "".join(arguments[place + 1 : place + 2])
    return named if named in languages() else None


# What is written in place of signs that Japanese Windows lacks in files and pipes (cp932).
_NEAREST = str.maketrans(
    {"–": "-", "—": "-", "−": "-", "×": "x", "±": "+-", "≤": "<=", "≥": ">=", "…": "...", "·": "-"}
)


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end].translate(_NEAREST)
    return letters if letters.isascii() else "?" * (error.end - error.start), error.end


def _write_all_letters(language: str) -> None:
    """Let a terminal, file or pipe that lacks a letter show the nearest one, or a question mark, in its place.

    One that lacks the letters of the language (Japanese in a Western Windows' file) is written in UTF-8.
    """
    codecs.register_error("carvis.nearest", _nearest)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            try:
                # A language's own name is written in its letters.
                language_name(language).encode(stream.encoding or "ascii")
                stream.reconfigure(errors="carvis.nearest")
            except (UnicodeEncodeError, LookupError):
                stream.reconfigure(encoding="utf-8", errors="replace")


def _run(args: argparse.Namespace) -> int:
    try:
        return args.run(args)
    except CarvisError as error:
        print(f"carvis: {localised(error)}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output went away (`| head`): Python would complain again while closing it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"carvis: {localised(os_sentence(error))}", file=sys.stderr)
        return 2
    except Exception as error:
        sentence = sentence_of(error)
        if sentence is None:
            raise
        print(f"carvis: {localised(sentence)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(_("carvis: stopped."), file=sys.stderr)
        return 130
