"""``runs``: list, follow, stop, resume, compare and remove training runs."""

import argparse
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from carvis.cli.options import add_encoding, add_workspace, open_workspace
from carvis.errors import TrainingError

if TYPE_CHECKING:
    import pandas as pd

HELP = "list, follow, stop, resume, compare or remove training runs"
_ACTIONS = {
    "list": "all runs with their state (the default)",
    "follow": "print what a run does until it ends; Ctrl-C leaves it going on",
    "stop": "end runs after the step they are at, keeping what they learnt",
    "resume": "go on with runs that were stopped or crashed, in processes of their own",
    "compare": "the best epoch of each run side by side, also of logs: CSVLogger, JSON, TensorBoard folders",
    "remove": "delete the folders of runs that have ended; their models stay",
}
_LOOK_EVERY = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    listed = "; ".join(f"{name}: {does}" for name, does in _ACTIONS.items())
    parser.epilog = f"{listed}."
    parser.add_argument("action", nargs="?", default="list", choices=_ACTIONS, metavar="|".join(_ACTIONS))
    parser.add_argument("runs", nargs="*", metavar="RUN", help="ids as `runs list` shows them, or the end of one")
    add_encoding(parser)
    add_workspace(parser)


@dataclass(frozen=True)
class _Log:
    """A training that was not started here, as far as its log tells of it."""

    id: str
    history: "pd.DataFrame"
    config: ClassVar = {"recipe": "-", "backbone": None, "learning_rate": float("nan")}


def run(args: argparse.Namespace) -> int:
    workspace = open_workspace(args)
    if args.action == "list":
        return _list(_all(workspace))
    if not args.runs and args.action != "compare":
        raise TrainingError(f"Name the run to {args.action}: `python -m carvis runs` lists them.")
    if args.action == "compare":
        return _compare([_run_or_log(workspace, name, args.encoding) for name in args.runs] or _all(workspace))
    chosen = [_find(workspace, name) for name in args.runs] or _all(workspace)
    return globals()[f"_{args.action}"](chosen)


def _all(workspace) -> list:
    from carvis.training import Run

    return [Run(folder, workspace) for folder in workspace.runs()]


def _run_or_log(workspace, name: str, encoding: str | None):
    from carvis.training.histories import read_history

    if (workspace.runs_dir / name).is_dir() or not any((root / name).exists() for root in (Path(), workspace.root)):
        return _find(workspace, name)
    log = _Log(name, read_history(name, encoding=encoding, workspace=workspace))
    for note in log.history.attrs["notes"]:
        print(f"{name}: {note}")
    return log


def _find(workspace, name: str):
    runs = _all(workspace)
    exact = [one for one in runs if one.id == name]
    found = exact or [one for one in runs if one.id.endswith(name)]
    if not found:
        raise TrainingError(f"There is no run {name} in {workspace.runs_dir}: `python -m carvis runs` lists them.")
    if len(found) > 1:
        raise TrainingError(f"Several runs end in {name}, {found[0].id} among them: name one in full.")
    return found[0]


def _list(runs: list) -> int:
    if not runs:
        print("There are no runs yet: `python -m carvis train --help` says how to start one.")
        return 0
    width = max(len(one.id) for one in runs)
    for one in runs:
        try:
            status = one.status
        except TrainingError as error:
            print(f"{one.id:<{width}}  {error}")
            continue
        epochs = f"{status.get('epoch', 0)}/{status.get('epochs') or one.config.get('epochs', '?')}"
        best = status.get("best_val_accuracy")
        figures = "" if best is None else f"  validation {best:.1%} (epoch {status['best_epoch']})"
        reason = f"  {status['reason']}" if status.get("reason") else ""
        print(f"{one.id:<{width}}  {status['state']:<8}  {epochs:>7}{figures}{reason}")
    return 0


def _follow(runs: list) -> int:
    if len(runs) > 1:
        raise TrainingError("One run can be followed at a time: name one.")
    run, offset, behind = runs[0], 0, None
    while True:
        state = run.state
        events, offset = run.events(offset)
        for event in events:
            if line := _told(event):
                print(line, flush=True)
        if state == "queued" and (first := run.status.get("behind")) != behind:
            behind = first
            print(f"waits for run {first}", flush=True)
        if state not in ("queued", "running", "stopping"):
            status = run.status
            print(f"{state}{': ' + status['reason'] if status.get('reason') else ''}")
            print(status.get("log_end", ""), file=sys.stderr, end="\n" if status.get("log_end") else "")
            return 0
        if state == "queued" and not run.alive:
            raise TrainingError(f"The run {run.id} was prepared but never started: `runs resume {run.id}` starts it.")
        time.sleep(_LOOK_EVERY)


def _told(event: dict) -> str:
    if event["kind"] == "epoch":
        return (
            f"epoch {event['epoch']}  loss {event['loss']:.3f} acc {event['accuracy']:.1%}"
            f"  val loss {event['val_loss']:.3f} acc {event['val_accuracy']:.1%}{'  best' if event['best'] else ''}"
        )
    return {
        "begin": f"{event.get('pictures')} pictures, {event.get('epochs')} epochs at most",
        "resumed": f"goes on after epoch {event.get('epoch')}",
    }.get(event["kind"], "")


def _stop(runs: list) -> int:
    for one in runs:
        if not one.alive:
            raise TrainingError(f"The run {one.id} is not going on (it is {one.state}): there is nothing to stop.")
        one.stop()
        print(f"{one.id} ends after the step it is at.")
    return 0


def _resume(runs: list) -> int:
    from carvis.training import resume

    for one in runs:
        resume(one)
        print(f"{one.id} goes on: `python -m carvis runs follow {one.id}` shows how.")
    return 0


def _compare(runs: list) -> int:
    told = [(one, one.history) for one in runs]
    told = [(one, history) for one, history in told if len(history)]
    if not told:
        print("No run has finished an epoch yet.")
        return 0
    width = max(len(one.id) for one, _ in told)
    print(f"{'run':<{width}}  recipe     backbone      rate    epochs  best  val acc  val loss  seconds an epoch")
    for one, history in told:
        # Of equal accuracies the lower loss, as the loop keeps it.
        history = history.reindex(columns=[*history, *({"val_accuracy", "val_loss", "seconds"} - {*history})])
        config, best = one.config, history.sort_values(["val_accuracy", "val_loss"], ascending=[False, True]).iloc[0]
        print(
            f"{one.id:<{width}}  {config['recipe']:<9}  {config['backbone'] or '-':<12}  {config['learning_rate']:<6g}"
            f"  {len(history):>6}  {int(best['epoch']):>4}  {best['val_accuracy']:>7.1%}  {best['val_loss']:>8.3f}"
            f"  {history['seconds'].median():>16.1f}"
        )
    return 0


def _remove(runs: list) -> int:
    for one in runs:
        if one.alive:
            raise TrainingError(f"The run {one.id} is going on: stop it first.")
    for one in runs:
        shutil.rmtree(one.directory)
        print(f"{one.id} is removed; its model, if there is one, stays.")
    return 0
