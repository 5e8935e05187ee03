"""One run: its state, its progress, its buttons, the end of its log."""

import time
from pathlib import Path

import pandas as pd
import streamlit as st

from carvis.tables import to_csv
from carvis.training.end_reasons import localised_reason
from carvis.training.run import Run
from ui.state import selection, workspace
from ui.state.i18n import N_, _
from ui.state.widget_values import careful
from ui.training import findings, runs
from ui.widgets.download import download
from ui.widgets.layout import guarded
from ui.widgets.text import duration, percent, plain

_LOG_LINES = 15
# What a run does before its first epoch: the field of the event that counts, and the label.
_BEFOREHAND = {
    "drawing": ("images", N_("Drawing the training images")),
    "reading": ("pictures", N_("Reading images")),
    "caching": ("rows", N_("Computing the frozen layers")),
}


def show(name: str, run: Run, events: list[dict], history: pd.DataFrame) -> None:
    """Show one run.

    Args:
        history: one row an epoch.
    """
    status = run.status
    state_name, icon, colour = runs.STATE[status["state"]]
    with st.container(border=True, gap="small", key=f"run_{name}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(name)}**", width="content")
            st.badge(_(state_name), icon=icon, color=colour)
            if status.get("reason"):
                reason = status["reason"]
                st.caption(plain(localised_reason(reason)), width="content")
            if status.get("behind") and status["state"] == "queued":
                st.caption(_("waiting for {run}").format(run=plain(status["behind"])), width="content")
            _actions(name, run, status)
        _progress(status, events, history)
        findings.show(name, history, run.config.get("class_names"))
        _details(name, run, status, events)


def _actions(name: str, run: Run, status: dict) -> None:
    state, alive = status["state"], run.alive
    if state in ("running", "queued") and alive:
        st.button(_("Stop"), icon=":material/stop:", key=f"stop_{name}", on_click=careful(run.stop))
    if not alive and state in ("stopped", "crashed", "queued"):
        label = _("Start") if state == "queued" else _("Resume")
        if st.button(label, icon=":material/play_arrow:", key=f"resume_{name}"):
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
            query_params=selection.link(model=(stem,), **({"data": name} if name in workspace.datasets() else {})),
        )


def _progress(status: dict, events: list[dict], history: pd.DataFrame) -> None:
    epochs, epoch = status.get("epochs") or 0, status.get("epoch") or 0
    running = status["state"] in ("running", "stopping")
    last: dict = next(
        (event for event in reversed(events) if event.get("kind") in (*_BEFOREHAND, "steps", "epoch")), {}
    )
    if running and last.get("kind") in _BEFOREHAND:
        counted, activity = _BEFOREHAND[last["kind"]]
        count, total = last.get(counted, 0), last.get("total", 0)
        st.progress(min(1.0, count / max(total, 1)), text=f"{_(activity)}: {count:,} / {total:,}")
    elif running and epochs:
        share = (epoch - 1 + status.get("step", 0) / max(status.get("steps") or 1, 1)) / epochs if epoch else 0.0
        st.progress(min(1.0, max(0.0, share)), text=_("Epoch {done} of {epochs}").format(done=epoch, epochs=epochs))
    if not len(history):
        return
    history = history.reindex(columns=[*history, *({"val_accuracy", "val_loss", "seconds"} - {*history})])
    best = history.sort_values(["val_accuracy", "val_loss"], ascending=[False, True]).iloc[0]
    facts = [
        (_("Best validation accuracy"), percent(best["val_accuracy"])),
        (_("Best epoch"), f"{int(best['epoch'])} / {int(history['epoch'].max())}"),
    ]
    if (seconds := float(history["seconds"].median())) == seconds:
        facts.append((_("Seconds per epoch"), f"{seconds:.1f}"))
    if last.get("images_per_second"):
        facts.append((_("Images per second"), f"{last['images_per_second']:.0f}"))
    memory = next((event["memory"] for event in reversed(events) if event.get("memory")), None)
    if memory:
        facts.append((_("Memory"), f"{memory / 1e9:.1f} GB"))
    if running and epochs and seconds == seconds:
        seconds_left = (epochs - int(history["epoch"].max())) * seconds
        facts.append((_("Time left (at most)"), duration(seconds_left)))
    with st.container(horizontal=True, gap="medium"):
        for label, value in facts:
            st.caption(f"{label}: **{value}**", width="content")


def _details(name: str, run: Run, status: dict, events: list[dict]) -> None:
    if status["state"] == "crashed" and status.get("log_end"):
        st.code(status["log_end"], language=None, wrap_lines=True)
    box = st.expander(_("Events and log"), key=f"log_{name}", on_change="rerun", type="compact")
    if not box.open:
        return
    with box:
        lines = [line for event in events if (line := _event_line(event))]
        st.markdown("\n".join(f"- {line}" for line in lines[-12:]) or _("No events yet."))
        st.code(run.log(_LOG_LINES), language=None, wrap_lines=True)
        download(
            _("Download CSV"),
            lambda: to_csv(run.history),
            file_name=f"{name}.csv",
            key=f"history_{name}",
        )


def _event_line(event: dict) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(event.get("time", 0)))
    if event.get("kind") == "epoch" and event.get("best") and event.get("val_accuracy") is not None:
        sentence = _("best so far: epoch {epoch}, validation accuracy {accuracy}")
        return f"{at} {sentence.format(epoch=event.get('epoch'), accuracy=percent(event['val_accuracy']))}"
    sentence = {
        "begin": _("training started with {n} images").format(n=event.get("pictures")),
        "resumed": _("resumed after epoch {epoch}").format(epoch=event.get("epoch")),
        "end": _("ended: {reason}").format(reason=plain(event.get("reason") or _("all epochs done"))),
    }.get(str(event.get("kind")), "")
    return f"{at} {sentence}" if sentence else ""
