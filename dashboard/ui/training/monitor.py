"""The live part of page Training: how each run stands, its curves, what they say, and the end of its log."""

import io
import time
from pathlib import Path

import pandas as pd
import streamlit as st

from carvis.errors import PathError, TrainingError
from carvis.tables import to_csv
from carvis.training.diagnosis import diagnose
from carvis.training.end_reasons import localised_reason
from carvis.training.histories import read_history
from carvis.training.run import CONFIG, EVENTS, STATUS, Run
from carvis.training.tensorboard_logs import tensorboard_folders
from carvis.workspace import children, modified, resolved
from ui.state import data, selection
from ui.state.file_cache import read_once
from ui.state.i18n import N_, _, of_library
from ui.state.widget_values import careful
from ui.training import curves, replay
from ui.widgets import error_message, unreadable
from ui.widgets.download import download
from ui.widgets.layout import guarded, part
from ui.widgets.text import percent, plain

MOST_SHOWN = 3
_SHOWN = "_runs_shown"
_EVERY = 2.0
_LOOK_EVERY = 10.0
_LOG_LINES = 15
_BEGINS_WITHIN = 180.0
STATE = {
    "queued": (N_("queued"), ":material/schedule:", "gray"),
    "running": (N_("running"), ":material/play_circle:", "blue"),
    "stopping": (N_("stopping"), ":material/stop_circle:", "orange"),
    "finished": (N_("finished"), ":material/check_circle:", "green"),
    "stopped": (N_("stopped"), ":material/stop_circle:", "orange"),
    "crashed": (N_("crashed"), ":material/error:", "red"),
}
# What a run does before its first epoch: the event's count, and the words for it.
_BEFOREHAND = {
    "drawing": ("images", N_("Drawing the training images")),
    "reading": ("pictures", N_("Reading pictures")),
    "caching": ("rows", N_("Computing the frozen layers")),
}


def runs() -> dict[str, Run]:
    """Return the workspace's runs by id, the newest first; those that cannot be read are named on the page."""
    space = data.workspace()
    return unreadable.each("run", {folder.name: folder for folder in reversed(space.runs())}, _opened)


def _opened(folder: Path) -> Run:
    """Open a run once what all of the page rests on can be read."""
    words = _("{path} does not tell the state of the run: remove this run.")
    run = Run(folder, data.workspace())
    if str(run.status["state"]) not in STATE or not isinstance(run.config, dict):
        raise TrainingError(words.format(path=folder / STATUS))
    return run


def first_shown(found: dict[str, Run]) -> list[str]:
    """Choose the runs to show where none was chosen: those going on, else the newest; they stay while one looks on."""
    kept = [name for name in st.session_state.get(_SHOWN, []) if name in found]
    if selection.arrived() or not kept:
        alive = [name for name, run in found.items() if _goes_on(run)]
        kept = (alive or list(found)[:1])[:MOST_SHOWN]
    st.session_state[_SHOWN] = kept
    return kept


def _goes_on(run: Run) -> bool:
    """Tell whether a process carries a run out, or may be about to: on a busy computer it takes long to begin."""
    if run.alive:
        return True
    with unreadable.item("run", run.id):
        status = run.status
        if status["state"] == "queued" and "pid" not in status:
            return time.time() - (run.directory / CONFIG).stat().st_mtime < _BEGINS_WITHIN
    return False


def foreign_histories() -> dict[str, pd.DataFrame]:
    """Offer to read logs of trainings that were not started here, and return their histories by file name."""
    with st.expander(_("Logs of other trainings"), icon=":material/upload_file:", type="compact"):
        files = st.file_uploader(
            _("A `CSVLogger` file, or a `history` saved as JSON"),
            type=["csv", "log", "tsv", "json"],
            accept_multiple_files=True,
            key="histories",
            help=_("They stay in this browser session. Pickles are not read: opening one can run code."),
        )
        space = data.workspace()
        places = (space.root / "logs", space.root / "data" / "logs")
        logs = {space.relative(one): one for place in places for one in tensorboard_folders(place, links=space.links)}
        chosen = st.multiselect(
            _("TensorBoard logs"),
            list(logs),
            key="tensorboard",
            disabled=not logs,
            placeholder=_("Choose logs") if logs else _("none below logs/ or data/logs/ of the workspace"),
        )
        named = st.text_input(
            _("Another folder of TensorBoard logs"),
            key="tensorboard_folder",
            placeholder="experiments/first",
            help=_("In the workspace; a path may begin there or in the folder where the dashboard was started."),
        )
    found = {}
    for name in chosen:
        with guarded():
            found[name] = _logged(logs[name])
    if named.strip():
        with guarded():
            found |= _named_logs(named.strip())
    for file in files or []:
        with guarded():
            found[file.name] = _uploaded(file.name, file.getvalue())
    return found


def _named_logs(text: str) -> dict[str, pd.DataFrame]:
    """Read the trainings in a folder or file that a person names, each under its own path."""
    space = data.workspace()
    place = space.resolve(text)
    if not place.exists() and Path(text).exists():
        place = space.resolve(resolved(text))
    if place == space.root:
        words = _("{path} is the whole workspace: name the folder of the logs in it.")
        raise PathError(words.format(path=text))
    folders = _logs_in(str(place), int(time.monotonic() / _LOOK_EVERY)) if place.is_dir() else ()
    return {space.relative(one): _logged(one) for one in (folders or (place,))[:MOST_SHOWN]}


@st.cache_data(max_entries=32, show_spinner=False)
def _logs_in(folder: str, moment: int) -> tuple[Path, ...]:
    """Look for logs in a folder once in a while: the page runs anew with every click."""
    return tuple(tensorboard_folders(folder, links=data.workspace().links))


def _logged(place: Path) -> pd.DataFrame:
    links = data.workspace().links
    files = [one for one in children(place, links, folders=False) if ".tfevents." in one.name] or [place]
    return _read_log(place, tuple((str(file), modified(file)) for file in files))


@read_once(max_entries=32)
def _read_log(place: Path, times: tuple[tuple[str, int], ...]) -> pd.DataFrame:
    return read_history(place)


@read_once(max_entries=32)
def _uploaded(name: str, content: bytes) -> pd.DataFrame:
    return read_history(io.BytesIO(content), name=Path(name).name)


def show(chosen: list[str], foreign: dict[str, pd.DataFrame]) -> None:
    """Show runs and other histories; refreshed every two seconds while one of the runs goes on."""
    live = any(_goes_on(run) for name, run in runs().items() if name in chosen)
    st.fragment(part(_live), run_every=_EVERY if live else None)(chosen, foreign, live)


def _live(chosen: list[str], foreign: dict[str, pd.DataFrame], live: bool) -> None:
    found = {name: run for name, run in runs().items() if name in chosen}
    found = {name: found[name] for name in chosen if name in found}
    if live and not any(_goes_on(run) for run in found.values()):
        # The last one has ended: a whole new run of the page leaves the timer out.
        st.rerun()
    histories, events = {}, {}
    for name, run in found.items():
        try:
            events[name], history = run.events()[0], curves.check(run.history, run.directory / EVENTS)
        except Exception as problem:
            with st.container(border=True, gap="small"):
                st.markdown(f"**{plain(name)}**")
                error_message.of(problem, of_item=True).show()
            continue
        with guarded():
            _card(name, run, events[name], history)
            histories[name] = history
    uploaded = foreign
    foreign = unreadable.each("log", {name: name for name in foreign}, lambda name: curves.check(uploaded[name], name))
    histories |= foreign
    curves.show({name: history for name, history in histories.items() if len(history)})
    for name, history in foreign.items():
        for note in history.attrs.get("notes", []):
            st.caption(f"**{plain(name)}**: {plain(of_library(note))}")
        _say(name, history, None)
    replay.show(found)


def _card(name: str, run: Run, events: list[dict], history: pd.DataFrame) -> None:
    status = run.status
    words, icon, colour = STATE[status["state"]]
    with st.container(border=True, gap="small", key=f"run_{name}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(name)}**", width="content")
            st.badge(_(words), icon=icon, color=colour)
            if status.get("reason"):
                reason = status["reason"]
                st.caption(plain(localised_reason(reason)), width="content")
            if status.get("behind") and status["state"] == "queued":
                st.caption(_("waits for {run}").format(run=plain(status["behind"])), width="content")
            _actions(name, run, status)
        _progress(status, events, history)
        _say(name, history, run.config.get("class_names"))
        _details(name, run, status, events)


def _actions(name: str, run: Run, status: dict) -> None:
    state, alive = status["state"], run.alive
    if state in ("running", "queued") and alive:
        st.button(_("Stop"), icon=":material/stop:", key=f"stop_{name}", on_click=careful(run.stop))
    if not alive and state in ("stopped", "crashed", "queued"):
        words = _("Start") if state == "queued" else _("Go on")
        if st.button(words, icon=":material/play_arrow:", key=f"resume_{name}"):
            with guarded(), st.spinner(_("Starting …")):
                from carvis.training import resume

                resume(run)
            st.rerun()
    if status.get("model"):
        stem = Path(status["model"]).stem
        st.page_link(
            "app_pages/models.py",
            label=plain(stem),
            icon=":material/network_node:",
            query_params=selection.link(model=(stem,)),
        )
        name = run.config.get("dataset", "")
        st.page_link(
            "app_pages/heatmaps.py",
            label=_("See where it looks"),
            icon=":material/blur_on:",
            query_params=selection.link(model=(stem,), **({"data": name} if name in data.datasets() else {})),
        )


def _progress(status: dict, events: list[dict], history: pd.DataFrame) -> None:
    epochs, done = status.get("epochs") or 0, status.get("epoch") or 0
    running = status["state"] in ("running", "stopping")
    last = next((event for event in reversed(events) if event.get("kind") in (*_BEFOREHAND, "steps", "epoch")), {})
    if running and last.get("kind") in _BEFOREHAND:
        counted, words = _BEFOREHAND[last["kind"]]
        count, total = last.get(counted, 0), last.get("total", 0)
        st.progress(min(1.0, count / max(total, 1)), text=f"{_(words)}: {count:,} / {total:,}")
    elif running and epochs:
        share = (done - 1 + status.get("step", 0) / max(status.get("steps") or 1, 1)) / epochs if done else 0.0
        st.progress(min(1.0, max(0.0, share)), text=_("Epoch {done} of {epochs}").format(done=done, epochs=epochs))
    if not len(history):
        return
    history = history.reindex(columns=[*history, *({"val_accuracy", "val_loss", "seconds"} - {*history})])
    best = history.sort_values(["val_accuracy", "val_loss"], ascending=[False, True]).iloc[0]
    facts = [
        (_("Best validation accuracy"), percent(best["val_accuracy"])),
        (_("in epoch"), f"{int(best['epoch'])} / {int(history['epoch'].max())}"),
    ]
    if (seconds := float(history["seconds"].median())) == seconds:
        facts.append((_("Seconds an epoch"), f"{seconds:.1f}"))
    if last.get("images_per_second"):
        facts.append((_("Pictures a second"), f"{last['images_per_second']:.0f}"))
    memory = next((event["memory"] for event in reversed(events) if event.get("memory")), None)
    if memory:
        facts.append((_("Memory"), f"{memory / 1e9:.1f} GB"))
    if running and epochs and seconds == seconds:
        left = (epochs - int(history["epoch"].max())) * seconds
        facts.append((_("Time left, at most"), duration(left)))
    with st.container(horizontal=True, gap="medium"):
        for label, value in facts:
            st.caption(f"{label}: **{value}**", width="content")


def duration(seconds: float) -> str:
    """Write a time in the two largest units that matter."""
    if seconds < 90:
        return _("{n} s").format(n=max(1, round(seconds)))
    minutes = round(seconds / 60)
    if minutes < 120:
        return _("{n} min").format(n=minutes)
    return _("{h} h {m} min").format(h=minutes // 60, m=minutes % 60)


def _say(name: str, history: pd.DataFrame, class_names: list[str] | None) -> None:
    for finding in diagnose(history, len(class_names) if class_names else None):
        prefix = "" if class_names else f"**{plain(name)}**: "
        icon = ":material/trending_up:" if finding.kind in ("improving", "settled") else ":material/lightbulb:"
        st.markdown(f"{icon} {prefix}{plain(of_library(finding.message))}")


def _details(name: str, run: Run, status: dict, events: list[dict]) -> None:
    if status["state"] == "crashed" and status.get("log_end"):
        st.code(status["log_end"], language=None, wrap_lines=True)
    box = st.expander(_("Events and log"), key=f"log_{name}", on_change="rerun", type="compact")
    if not box.open:
        return
    with box:
        lines = [line for event in events if (line := _told(event))]
        st.markdown("\n".join(f"- {line}" for line in lines[-12:]) or _("Nothing yet."))
        st.code(run.log(_LOG_LINES), language=None, wrap_lines=True)
        download(
            _("Numbers"),
            lambda: to_csv(run.history),
            file_name=f"{name}.csv",
            key=f"history_{name}",
        )


def _told(event: dict) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(event.get("time", 0)))
    if event.get("kind") == "epoch" and event.get("best") and event.get("val_accuracy") is not None:
        words = _("best so far: epoch {epoch}, validation accuracy {accuracy}")
        return f"{at} {words.format(epoch=event.get('epoch'), accuracy=percent(event['val_accuracy']))}"
    words = {
        "begin": _("training begins with {n} pictures").format(n=event.get("pictures")),
        "resumed": _("goes on after epoch {epoch}").format(epoch=event.get("epoch")),
        "end": _("ended: {reason}").format(reason=plain(event.get("reason") or _("all epochs are done"))),
    }.get(event.get("kind"), "")
    return f"{at} {words}" if words else ""
