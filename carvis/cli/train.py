"""``train``: an own CNN, a transfer model or a fine-tuned one, with a progress bar and the time left."""

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from carvis.cli.arguments import add_workspace, open_workspace
from carvis.cli.runs import STATES
from carvis.errors import TrainingError
from carvis.language import N_, Message, _
from carvis.training.end_reasons import localised_reason
from carvis.workspace import Workspace

if TYPE_CHECKING:
    from rich.progress import TaskID

HELP = N_("train a model with one of the recipes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from carvis.architectures.backbones import BACKBONES
    from carvis.architectures.recipes import RECIPES
    from carvis.training.recipes import CACHE_PRECISIONS

    parser.epilog = _(
        "Backbones: {BACKBONES}. Ctrl-C stops the run after the current step and saves the best "
        "weights so far (exit code 130); a second Ctrl-C stops it at once."
    ).format(BACKBONES=", ".join(BACKBONES))
    recipes = "; ".join(f"{name}: {_(recipe.sentence)}" for name, recipe in RECIPES.items())
    parser.add_argument("recipe", nargs="?", choices=tuple(RECIPES), metavar="|".join(RECIPES), help=recipes)
    parser.add_argument(
        "data", nargs="?", metavar="DATA", help=_("folder with train/<class>/*.jpg and, if possible, valid/ and test/")
    )
    model = parser.add_argument_group(_("model"))
    model.add_argument(
        "--backbone", metavar="NAME", help=_("default: vgg16; with own: train this backbone from scratch")
    )
    model.add_argument(
        "--weights",
        metavar="W",
        help=_("imagenet (downloaded by Keras), none, or a file (default: imagenet; own, vgg16-slim: none)"),
    )
    model.add_argument("--parent", metavar="MODEL", help=_("fine-tune starts from this transfer model, file or run"))
    model.add_argument(
        "--input-size", type=int, metavar="N", help=_("side of the input image (default: the backbone's)")
    )
    model.add_argument(
        "--width", type=int, metavar="N", help=_("filters in the first layer of the own CNN (default: 32)")
    )
    model.add_argument(
        "--head-units", type=int, metavar="N", help=_("units of the dense layer before the output (default: 1024)")
    )
    model.add_argument("--dropout", type=float, metavar="P", help=_("dropout rate before the output layer"))
    model.add_argument(
        "--open-from", metavar="LAYER", help=_("first layer that fine-tune unfreezes (default: the last block)")
    )
    model.add_argument("--preprocessing", help=_("unit, caffe, tf, torch or none (default: what the weights expect)"))
    model.add_argument("--resize", default="bilinear", help=_("nearest, bilinear, bicubic or area (default: bilinear)"))
    model.add_argument("--name", help=_("name of the model file (default: data set, recipe and backbone)"))
    course = parser.add_argument_group(_("training"))
    course.add_argument(
        "--epochs", type=int, metavar="N", help=_("maximum number of epochs (default: 40 for own, else 20)")
    )
    course.add_argument("--patience", type=int, metavar="N", help=_("epochs without improvement before early stopping"))
    course.add_argument("--batch-size", type=int, default=32, metavar="N", help=_("images per step (default: 32)"))
    course.add_argument(
        "--learning-rate", type=float, metavar="R", help=_("peak learning rate (default: 1e-3, fine-tune 1e-4)")
    )
    course.add_argument("--label-smoothing", type=float, default=0.0, metavar="P", help=_("default: 0"))
    course.add_argument("--no-augment", action="store_true", help=_("do not augment the training images"))
    course.add_argument(
        "--views",
        type=int,
        metavar="N",
        help=_("augmented views per image, used in turn; 0: a new one each epoch (default: 4, own 0)"),
    )
    course.add_argument(
        "--no-cache",
        action="store_true",
        help=_("recompute the frozen layers each epoch instead of caching their features"),
    )
    course.add_argument(
        "--cache-precision",
        default="auto",
        choices=CACHE_PRECISIONS,
        metavar="P",
        help=_(
            "precision of cached features: float32, float16 (half the disk space), or auto for the first that fits "
            "(default: auto)"
        ),
    )
    course.add_argument("--replay", action="store_true", help=_("keep the weights of every epoch, for the replay"))
    course.add_argument(
        "--mixed-precision",
        action="store_true",
        help=_("compute in bfloat16: faster on hardware that supports it"),
    )
    course.add_argument(
        "--jit-compile",
        action="store_true",
        help=_("compile the training steps with XLA: often faster on graphics cards, slow to start"),
    )
    course.add_argument(
        "--devices",
        type=lambda text: text.split(","),
        metavar="D,D",
        help=_("such as GPU:0,GPU:1, which share each batch (default: all GPUs of this machine)"),
    )
    course.add_argument(
        "--seed", type=int, default=0, metavar="N", help=_("random seed: the same seed gives the same history")
    )
    course.add_argument(
        "--detach", action="store_true", help=_("train in a background process: see `python -m carvis runs`")
    )
    course.add_argument(
        "--run-dir",
        metavar="DIR",
        help=_("run what is prepared in this folder, or resume it, in its turn in the queue"),
    )
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from carvis.cli.demo import drawing_notice
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
        "cache_precision", "replay", "mixed_precision", "jit_compile", "devices",
    )  # fmt: skip
    options = {key: getattr(args, key) for key in keys}
    options |= {"weights": args.weights or "auto", "augment": not args.no_augment, "cache": not args.no_cache}
    options |= {"workspace": workspace, "run_dir": args.run_dir}
    if args.width is None:
        del options["width"]
    if is_demo(args.data):
        options |= _demo_settings(args, workspace)
        if missing := missing_images(args.data):
            print(drawing_notice(missing), flush=True)
    if args.detach:
        started = start(args.recipe, args.data, **options)
        print(_("Run {id} has started: `python -m carvis runs follow {id}` shows its progress.").format(id=started.id))
        return 0
    with _EventPrinter() as printer:
        result = execute(prepare(args.recipe, args.data, **options), on_event=printer, supply=draw_missing)
    status = result.status
    print(_summary(status))
    print(_("Run {relative}").format(relative=workspace.relative(result.directory)))
    if status.get("model"):
        print(_("Model {model}").format(model=status["model"]))
    return 130 if status.get("by_signal") else 0


def _demo_settings(args: argparse.Namespace, workspace: Workspace) -> dict[str, Any]:
    """Return and print the settings of the demo that the command line leaves open."""
    from carvis.demo import training_defaults

    if args.backbone or args.weights or args.parent:
        return {}
    settings = training_defaults(args.recipe, workspace)
    settings = {name: value for name, value in settings.items() if getattr(args, name) is None}
    if "parent" in settings and args.input_size:
        return {}
    if settings:
        options = (f"--{name.replace('_', '-')} {_shown(value, workspace)}" for name, value in settings.items())
        notice = _("Defaults for the demo: {options}")
        print(notice.format(options=" ".join(options)), flush=True)
    return settings


def _shown(value: object, workspace: Workspace) -> object:
    return workspace.relative(value) if isinstance(value, Path) else value


def _summary(status: dict[str, Any]) -> str:
    state = _(STATES[status["state"]]).capitalize()
    text = _("{state} after {n} epochs").format(state=state, n=status.get("epoch", 0))
    if status.get("reason"):
        text += f" ({localised_reason(status['reason'])})"
    metrics = status.get("metrics") or {}
    if metrics.get("val_accuracy") is not None:
        text += _("; best epoch {epoch}: validation accuracy {accuracy:.1%}").format(
            epoch=status.get("best_epoch"), accuracy=metrics["val_accuracy"]
        )
    return text + _(".")


def _images(event: dict[str, Any], split: str = "") -> int:
    """Return a number of images; earlier versions wrote it as pictures."""
    return event.get(f"{split}images", event.get(f"{split}pictures", 0))


class _EventPrinter:
    """Shows events as a progress bar on a terminal, else as plain lines, one an epoch."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._terminal = sys.stdout.isatty()
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=12),
            TimeRemainingColumn(compact=True),
            TextColumn(_("left")),
            disable=not self._terminal,
        )
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._started: dict[str, dict[str, Any]] = {}
        self._validated: dict[str, str] = {}

    def __enter__(self) -> Self:
        printer = self

        class Handler(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                printer._print(record.getMessage())

        self._warnings = Handler(logging.WARNING)
        logging.getLogger("carvis").addHandler(self._warnings)
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()
        logging.getLogger("carvis").removeHandler(self._warnings)

    def __call__(self, event: dict[str, Any]) -> None:
        getattr(self, f"_{event['kind']}", lambda event: None)(event)

    def _print(self, line: str) -> None:
        if self._terminal:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            print(line, flush=True)

    def _task(self, run: str, stage: str, total: int) -> "TaskID":
        key = (run, stage)
        if key not in self._tasks:
            for task in self._tasks.values():
                self._bar.update(task, visible=False)
            self._tasks[key] = self._bar.add_task(stage, total=total)
        return self._tasks[key]

    def _drawing(self, event: dict[str, Any]) -> None:
        self._bar.update(self._task(event["run"], _("drawing images"), event["total"]), completed=event["images"])

    def _reading(self, event: dict[str, Any]) -> None:
        self._bar.update(self._task(event["run"], _("reading"), event["total"]), completed=_images(event))

    def _begin(self, event: dict[str, Any]) -> None:
        self._started[event["run"]] = event
        self._print(
            _(
                "Run {run}: {images} training images, {valid_images} validation images, {trainable:,} of "
                "{parameters:,} parameters trainable"
            ).format(
                run=event["run"],
                images=_images(event),
                valid_images=_images(event, "valid_"),
                trainable=event["trainable"],
                parameters=event["parameters"],
            )
        )

    def _caching(self, event: dict[str, Any]) -> None:
        self._bar.update(self._task(event["run"], _("frozen layers"), event["total"]), completed=event["rows"])

    def _steps(self, event: dict[str, Any]) -> None:
        epochs = self._started[event["run"]]["epochs"]
        task = self._task(event["run"], _("training"), epochs * event["steps"])
        figures = _("epoch {epoch}/{epochs} loss {loss:.3f} acc {accuracy:.1%}").format(**event | {"epochs": epochs})
        done = (event["epoch"] - 1) * event["steps"] + event["step"]
        self._bar.update(task, completed=done, description=figures + self._validated.get(event["run"], ""))

    def _epoch(self, event: dict[str, Any]) -> None:
        epochs = self._started[event["run"]]["epochs"]
        self._validated[event["run"]] = _(" val acc {accuracy:.1%}").format(accuracy=event["val_accuracy"])
        line = _(
            "epoch {epoch}/{epochs}  loss {loss:.3f} acc {accuracy:.1%}"
            "  val loss {val_loss:.3f} acc {val_accuracy:.1%}  {seconds:.1f} s"
        )
        self._print(line.format(**event | {"epochs": epochs}) + (_("  best") if event["best"] else ""))
