"""``runs``: list, follow, stop, resume, compare and remove training runs."""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from carvis.cli.arguments import add_encoding, add_workspace, open_workspace
from carvis.errors import CarvisError, TrainingError
from carvis.language import N_, Message, _, localised
from carvis.training.end_reasons import localised_reason
from carvis.workspace import Workspace, discard, resolved, shown_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from carvis.training import Run

HELP = N_("list, follow, stop, resume, compare or remove training runs")
_COLUMNS = (
    N_("run"), N_("recipe"), N_("backbone"), N_("learning rate"), N_("epochs"), N_("best"), N_("val acc"),
    N_("val loss"), N_("s/epoch"),
)  # fmt: skip
_NAMES = 3
_ACTIONS = {
    "list": N_("all runs with their state (the default)"),
    "follow": N_("print the progress of a run until it ends; Ctrl-C leaves it running"),
    "stop": N_("stop runs after the current step; their best weights are saved"),
    "resume": N_("resume stopped or crashed runs in background processes"),
    "compare": N_("compare the best epochs of runs and of training logs (CSVLogger, JSON, TensorBoard folders)"),
    "remove": N_("delete the folders of finished runs; their models stay"),
}
STATES = {
    "queued": N_("queued"),
    "running": N_("running"),
    "stopping": N_("stopping"),
    "finished": N_("finished"),
    "stopped": N_("stopped"),
    "crashed": N_("crashed"),
}
_POLL_SECONDS = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    listed = "; ".join(f"{name}: {_(does)}" for name, does in _ACTIONS.items())
    parser.epilog = f"{listed}."
    parser.add_argument("action", nargs="?", default="list", choices=_ACTIONS, metavar="|".join(_ACTIONS))
    parser.add_argument(
        "runs", nargs="*", metavar="RUN", help=_("ids as shown by `runs list`, or the end of one (remove: the full id)")
    )
    add_encoding(parser)
    add_workspace(parser)


@dataclass(frozen=True)
class _Log:
    """A training that was not started here, as far as its log says."""

    id: str
    history: "pd.DataFrame"
    config: ClassVar[dict[str, Any]] = {"recipe": "-", "backbone": None, "learning_rate": float("nan")}


def run(args: argparse.Namespace) -> int:
    workspace = open_workspace(args)
    if args.action == "list":
        for path in workspace.links_out():
            if path.is_relative_to(workspace.runs_dir):
                reason = Message("{path} is a symbolic link out of its folder, so it is not read.", path=path)
                print(_("skipped: {failed}").format(failed=localised(reason)), file=sys.stderr)
        return _list(_all(workspace))
    if not args.runs and args.action != "compare":
        raise TrainingError(
            Message("No run given to {action}: `python -m carvis runs` lists them.", action=args.action)
        )
    if args.action == "compare":
        return _compare([_run_or_log(workspace, name, args.encoding) for name in args.runs] or _all(workspace))
    find = _find_in_full if args.action == "remove" else _find
    runs = [find(workspace, name) for name in args.runs]
    return globals()[f"_{args.action}"](runs)


def _all(workspace: Workspace) -> "list[Run]":
    from carvis.training import Run

    return [Run(folder, workspace) for folder in workspace.runs()]


def _run_or_log(workspace: Workspace, name: str, encoding: str | None) -> "Run | _Log":
    from carvis.training.histories import read_history

    if (
        not name.strip()
        or (workspace.runs_dir / name).is_dir()
        or not any((root / name).exists() for root in (Path(), workspace.root))
    ):
        return _find(workspace, name)
    log = _Log(name, read_history(name, encoding=encoding, workspace=workspace))
    for note in log.history.attrs["notes"]:
        print(f"{name}: {localised(note)}")
    return log


def _find_in_full(workspace: Workspace, name: str) -> "Run":
    """Find the run of an id; removing cannot be undone, so the end of an id is not enough."""
    if matches := [run for run in _all(workspace) if run.id == name]:
        return matches[0]
    similar = _find(workspace, name)
    raise TrainingError(
        Message("{name} is not the full id of a run: give the full id to remove {id}.", name=name, id=similar.id)
    )


def _find(workspace: Workspace, name: str) -> "Run":
    if not name.strip():
        raise TrainingError(Message("The name of {what} is empty: give one.", what=Message("the run")))
    runs = _all(workspace)
    exact = [run for run in runs if run.id == name]
    matches = exact or [run for run in runs if run.id.endswith(name)]
    if not matches:
        raise TrainingError(
            Message(
                "There is no run {name} in {runs_dir}: `python -m carvis runs` lists them.",
                name=shown_path(name),
                runs_dir=workspace.runs_dir,
            )
        )
    if len(matches) > 1:
        raise TrainingError(
            Message("Several runs end in {name}, {id} among them: give the full id.", name=name, id=matches[0].id)
        )
    return matches[0]


def _list(runs: "list[Run]") -> int:
    if not runs:
        print(_("There are no runs yet: `python -m carvis train --help` says how to start one."))
        return 0
    width = max(len(run.id) for run in runs)
    for run in runs:
        try:
            status, config = run.status, run.config
        except CarvisError as error:
            print(f"{run.id:<{width}}  {localised(error)}")
            continue
        epochs = f"{status.get('epoch', 0)}/{status.get('epochs') or config.get('epochs', '?')}"
        best = status.get("best_val_accuracy")
        template = _("  validation {accuracy:.1%} (epoch {epoch})")
        figures = "" if best is None else template.format(accuracy=best, epoch=status.get("best_epoch", "?"))
        reason = f"  {localised_reason(status['reason'])}" if status.get("reason") else ""
        print(f"{run.id:<{width}}  {_(STATES[status['state']]):<8}  {epochs:>7}{figures}{reason}")
    return 0


def _follow(runs: "list[Run]") -> int:
    if len(runs) > 1:
        raise TrainingError(Message("Only one run can be followed at a time: name one."))
    run, offset, behind = runs[0], 0, None
    while True:
        state = run.state
        events, offset = run.events(offset)
        for event in events:
            if line := _event_line(event):
                print(line, flush=True)
        if state == "queued" and (first := run.status.get("behind")) != behind:
            behind = first
            print(_("waiting for run {first}").format(first=first), flush=True)
        if state not in ("queued", "running", "stopping"):
            status = run.status
            print(f"{_(STATES[state])}{': ' + localised_reason(status['reason']) if status.get('reason') else ''}")
            print(status.get("log_end", ""), file=sys.stderr, end="\n" if status.get("log_end") else "")
            return 0
        if state == "queued" and not run.alive:
            raise TrainingError(
                Message("Run {id} was prepared but never started: `runs resume {id}` starts it.", id=run.id)
            )
        time.sleep(_POLL_SECONDS)


def _event_line(event: dict[str, Any]) -> str:
    kind = event.get("kind")
    if kind == "epoch" and "epoch" in event:
        line = _("epoch {epoch}  loss {loss:.3f} acc {accuracy:.1%}  val loss {val_loss:.3f} acc {val_accuracy:.1%}")
        figures = {name: event.get(name) for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        figures = {name: float("nan") if value is None else value for name, value in figures.items()}
        return line.format(epoch=event["epoch"], **figures) + (_("  best") if event.get("best") else "")
    if kind == "begin":
        template = _("{images} images, at most {epochs} epochs")
        return template.format(images=event.get("images", event.get("pictures")), epochs=event.get("epochs"))
    return _("resumed after epoch {epoch}").format(epoch=event.get("epoch")) if kind == "resumed" else ""


def _stop(runs: "list[Run]") -> int:
    for run in runs:
        if not run.alive:
            raise TrainingError(
                Message(
                    "Run {id} is not running (it is {state}): there is nothing to stop.",
                    id=run.id,
                    state=run.state,
                )
            )
        run.stop()
        print(_("{id} stops after the current step.").format(id=run.id))
    return 0


def _resume(runs: "list[Run]") -> int:
    from carvis.training import resume

    for run in runs:
        resume(run)
        print(_("{id} resumed: `python -m carvis runs follow {id}` shows its progress.").format(id=run.id))
    return 0


def _compare(runs: "Sequence[Run | _Log]") -> int:
    compared = []
    for run in runs:
        try:
            compared.append((run, run.config, run.history))
        except CarvisError as error:
            print(f"{run.id}: {localised(error)}", file=sys.stderr)
    compared = [(run, config, history) for run, config, history in compared if len(history)]
    if not compared:
        print(_("No run has finished an epoch yet."))
        return 0
    rows = [[_(heading) for heading in _COLUMNS]]
    for run, config, history in compared:
        # Of equal accuracies the lower loss, as the loop keeps it.
        history = history.reindex(columns=[*history, *({"val_accuracy", "val_loss", "seconds"} - {*history})])
        best = history.sort_values(["val_accuracy", "val_loss"], ascending=[False, True]).iloc[0]
        figures = [
            _figure(config.get("learning_rate"), "g"),
            f"{len(history)}",
            f"{int(best['epoch'])}",
            _figure(best["val_accuracy"], ".1%"),
            _figure(best["val_loss"], ".3f"),
            _figure(history["seconds"].median(), ".1f"),
        ]
        rows.append([run.id, config.get("recipe", "-"), config.get("backbone") or "-", *figures])
    print("\n".join(_aligned(rows)))
    return 0


def _aligned(rows: list[list[str]]) -> list[str]:
    """Lay out a table, names at the left and figures at the right, whose letters may be two cells wide."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        space = [" " * (width - cell_len(text)) for width, text in zip(widths, row, strict=True)]
        cells = (text + gap if place < _NAMES else gap + text for place, (text, gap) in enumerate(zip(row, space)))
        lines.append("  ".join(cells).rstrip())
    return lines


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None or value != value else format(value, form)


def _remove(runs: "list[Run]") -> int:
    for run in runs:
        if run.alive:
            raise TrainingError(Message("Run {id} is running: stop it first.", id=run.id))
        if run.directory.parent != resolved(run.workspace.runs_dir):
            raise TrainingError(
                Message("{id} is a link to {directory}: remove the link itself.", id=run.id, directory=run.directory)
            )
    for run in runs:
        discard(run.directory)
        print(_("{id} removed; its model, if any, is kept.").format(id=run.id))
    return 0
