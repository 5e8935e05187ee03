"""``train``: an own CNN, a transfer model or a fine-tuned one, with a progress bar and time left."""

import argparse
import logging
import sys
from pathlib import Path

from carvis.cli.arguments import add_workspace, open_workspace
from carvis.cli.runs import STATES
from carvis.errors import TrainingError
from carvis.language import N_, Message, _

HELP = N_("train a model: own, transfer or fine-tune")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from carvis.architectures.backbones import BACKBONES
    from carvis.architectures.recipes import RECIPES

    parser.epilog = _(
        "Backbones: {BACKBONES}. Ctrl-C ends the run after the step it is at and saves the best "
        "weights so far (exit code 130); a second Ctrl-C ends it at once."
    ).format(BACKBONES=", ".join(BACKBONES))
    recipes = "; ".join(f"{name}: {_(recipe.sentence)}" for name, recipe in RECIPES.items())
    parser.add_argument("recipe", nargs="?", choices=tuple(RECIPES), metavar="|".join(RECIPES), help=recipes)
    parser.add_argument(
        "data", nargs="?", metavar="DATA", help=_("folder with train/<class>/*.jpg and, best, valid/ and test/")
    )
    model = parser.add_argument_group(_("model"))
    model.add_argument("--backbone", metavar="NAME", help=_("default: vgg16; with own: train this one from the start"))
    model.add_argument(
        "--weights",
        metavar="W",
        help=_("imagenet (downloaded by Keras), none, or a file (default: imagenet; own, vgg16-slim: none)"),
    )
    model.add_argument("--parent", metavar="MODEL", help=_("fine-tune starts from this transfer model, file or run"))
    model.add_argument("--input-size", type=int, metavar="N", help=_("side of the picture (default: the backbone's)"))
    model.add_argument("--width", type=int, metavar="N", help=_("filters the own CNN begins with (default: 32)"))
    model.add_argument("--head-units", type=int, metavar="N", help=_("units before the last layer (default: 1024)"))
    model.add_argument("--dropout", type=float, metavar="P", help=_("share dropped before the last layer"))
    model.add_argument("--open-from", metavar="LAYER", help=_("first layer that fine-tune opens (default: last block)"))
    model.add_argument("--preprocessing", help=_("unit, caffe, tf, torch or none (default: what the weights take)"))
    model.add_argument("--resize", default="bilinear", help=_("nearest, bilinear, bicubic or area (default: bilinear)"))
    model.add_argument("--name", help=_("name of the model file (default: made of data set, recipe and backbone)"))
    course = parser.add_argument_group(_("course"))
    course.add_argument("--epochs", type=int, metavar="N", help=_("at most so many (default: 40 own, else 20)"))
    course.add_argument("--patience", type=int, metavar="N", help=_("epochs without progress before it ends"))
    course.add_argument("--batch-size", type=int, default=32, metavar="N", help=_("pictures a step (default: 32)"))
    course.add_argument(
        "--learning-rate", type=float, metavar="R", help=_("highest rate (default: 1e-3, fine-tune 1e-4)")
    )
    course.add_argument("--label-smoothing", type=float, default=0.0, metavar="P", help=_("default: 0"))
    course.add_argument("--no-augment", action="store_true", help=_("show the training pictures as they are"))
    course.add_argument(
        "--views",
        type=int,
        metavar="N",
        help=_("augmented views of each picture, shown in turn; 0: a new one each epoch (default: 4, own 0)"),
    )
    course.add_argument(
        "--no-cache", action="store_true", help=_("compute the frozen layers each epoch instead of once a view")
    )
    course.add_argument(
        "--cache-precision",
        default="auto",
        metavar="P",
        help=_("float32, float16 to halve the disk space, or auto for the first that fits (default: auto)"),
    )
    course.add_argument(
        "--replay", action="store_true", help=_("keep the weights after each epoch, to look at the model as it was")
    )
    course.add_argument(
        "--mixed-precision",
        action="store_true",
        help=_("let layers compute in bfloat16: faster on a processor or graphics card that has units for it"),
    )
    course.add_argument(
        "--devices",
        type=lambda text: text.split(","),
        metavar="D,D",
        help=_("such as GPU:0,GPU:1, which share each batch (default: all graphics cards of this machine)"),
    )
    course.add_argument("--seed", type=int, default=0, metavar="N", help=_("the same seed gives the same history"))
    course.add_argument(
        "--detach", action="store_true", help=_("train in a process of its own: see `python -m carvis runs`")
    )
    course.add_argument(
        "--run-dir", metavar="DIR", help=_("carry out the run prepared in this folder, or go on with it, in its turn")
    )
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.cli.demo import announced
    from carvis.demo import draw_missing, missing_images
    from carvis.training import Run, execute, prepare, start
    from carvis.workspace import is_demo

    workspace = open_workspace(args)
    if args.run_dir and not args.recipe:
        execute(Run(args.run_dir, workspace), queue=True, supply=draw_missing)
        return 0
    if not args.recipe or not args.data:
        raise TrainingError(Message("Name a recipe and a data set: for example `train transfer data/mini_pictures`."))
    keys = (
        "backbone", "parent", "input_size", "width", "head_units", "dropout", "open_from", "preprocessing", "resize",
        "name", "epochs", "patience", "batch_size", "learning_rate", "label_smoothing", "seed", "views",
        "cache_precision", "replay", "mixed_precision", "devices",
    )  # fmt: skip
    wanted = {key: getattr(args, key) for key in keys}
    wanted |= {"weights": args.weights or "auto", "augment": not args.no_augment, "cache": not args.no_cache}
    wanted |= {"workspace": workspace, "run_dir": args.run_dir}
    if args.width is None:
        del wanted["width"]
    if is_demo(args.data):
        wanted |= _suiting_the_demo(args, workspace)
        if missing := missing_images(args.data):
            print(announced(missing), flush=True)
    if args.detach:
        started = start(args.recipe, args.data, **wanted)
        print(_("Run {id} has started: `python -m carvis runs follow {id}` shows how it goes.").format(id=started.id))
        return 0
    with _Watcher() as watcher:
        result = execute(prepare(args.recipe, args.data, **wanted), progress=watcher, supply=draw_missing)
    status = result.status
    print(_summary(status))
    print(_("Run {relative}").format(relative=workspace.relative(result.directory)))
    if status.get("model"):
        print(_("Model {model}").format(model=status["model"]))
    return 130 if status.get("by_signal") else 0


def _suiting_the_demo(args: argparse.Namespace, workspace) -> dict:
    """Return what suits the demo where the command line leaves it open, and say it."""
    from carvis.demo import training_defaults

    if args.backbone or args.weights or args.parent:
        return {}
    suits = training_defaults(args.recipe, workspace)
    suits = {name: value for name, value in suits.items() if getattr(args, name) is None}
    if "parent" in suits and args.input_size:
        return {}
    if suits:
        words = (f"--{name.replace('_', '-')} {_shown(value, workspace)}" for name, value in suits.items())
        said = _("For the demo, where nothing else is asked for: {options}")
        print(said.format(options=" ".join(words)), flush=True)
    return suits


def _shown(value: object, workspace) -> object:
    return workspace.relative(value) if isinstance(value, Path) else value


def _summary(status: dict) -> str:
    state = _(STATES[status["state"]]).capitalize()
    text = _("{state} after {n} epochs").format(state=state, n=status.get("epoch", 0))
    if status.get("reason"):
        text += f" ({status['reason']})"
    metrics = status.get("metrics") or {}
    if metrics.get("val_accuracy") is not None:
        text += _("; best epoch {epoch}: validation accuracy {accuracy:.1%}").format(
            epoch=status.get("best_epoch"), accuracy=metrics["val_accuracy"]
        )
    return text + _(".")


class _Watcher:
    """Shows events as a progress bar on a terminal, else as plain lines, one an epoch."""

    def __init__(self):
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._terminal = sys.stdout.isatty()
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=12),
            TimeRemainingColumn(compact=True),
            TextColumn(_("left")),
            disable=not self._terminal,
        )
        self._tasks: dict[str, tuple] = {}
        self._begun: dict[str, dict] = {}
        self._validated: dict[str, str] = {}

    def __enter__(self):
        watcher = self

        class Handler(logging.Handler):
            def emit(self, record):
                watcher._say(record.getMessage())

        self._warnings = Handler(logging.WARNING)
        logging.getLogger("carvis").addHandler(self._warnings)
        self._bar.start()
        return self

    def __exit__(self, *_):
        self._bar.stop()
        logging.getLogger("carvis").removeHandler(self._warnings)

    def __call__(self, event: dict) -> None:
        getattr(self, f"_{event['kind']}", lambda event: None)(event)

    def _say(self, line: str) -> None:
        if self._terminal:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            print(line, flush=True)

    def _task(self, run: str, stage: str, total: int):
        key = (run, stage)
        if key not in self._tasks:
            for old in self._tasks.values():
                self._bar.update(old, visible=False)
            self._tasks[key] = self._bar.add_task(stage, total=total)
        return self._tasks[key]

    def _drawing(self, event: dict) -> None:
        self._bar.update(self._task(event["run"], _("drawing images"), event["total"]), completed=event["images"])

    def _reading(self, event: dict) -> None:
        self._bar.update(self._task(event["run"], _("reading"), event["total"]), completed=event["pictures"])

    def _begin(self, event: dict) -> None:
        self._begun[event["run"]] = event
        self._say(
            _(
                "Run {run}: {pictures} pictures, {valid_pictures} to validate, {trainable:,} of "
                "{parameters:,} parameters learn"
            ).format(
                run=event["run"],
                pictures=event["pictures"],
                valid_pictures=event["valid_pictures"],
                trainable=event["trainable"],
                parameters=event["parameters"],
            )
        )

    def _caching(self, event: dict) -> None:
        self._bar.update(self._task(event["run"], _("frozen layers"), event["total"]), completed=event["rows"])

    def _steps(self, event: dict) -> None:
        epochs = self._begun[event["run"]]["epochs"]
        task = self._task(event["run"], _("training"), epochs * event["steps"])
        figures = _("epoch {epoch}/{epochs} loss {loss:.3f} acc {accuracy:.1%}").format(**event | {"epochs": epochs})
        done = (event["epoch"] - 1) * event["steps"] + event["step"]
        self._bar.update(task, completed=done, description=figures + self._validated.get(event["run"], ""))

    def _epoch(self, event: dict) -> None:
        epochs = self._begun[event["run"]]["epochs"]
        self._validated[event["run"]] = _(" val acc {accuracy:.1%}").format(accuracy=event["val_accuracy"])
        line = _(
            "epoch {epoch}/{epochs}  loss {loss:.3f} acc {accuracy:.1%}"
            "  val loss {val_loss:.3f} acc {val_accuracy:.1%}  {seconds:.1f} s"
        )
        self._say(line.format(**event | {"epochs": epochs}) + (_("  best") if event["best"] else ""))
