"""Each page of the dashboard on the demo: a rerun without new work, beside an empty Streamlit page.

A real server and a websocket client, not AppTest: Streamlit's own work on what a page sends (hashing, serialising,
sending, the forward-message cache) is part of what a press waits for. The client hands back the hashes of the cached
messages, as the browser does. The time is the server process's processor time, which other processes on the machine
do not touch, and beside it the clock from the press to the end of the run.
"""

import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

from tests.benchmarks.image_map import wait_for

ROOT = Path(__file__).resolve().parents[2]
ROUNDS, WARM_UP, LONGEST = 10, 3, 900
# Their buttons begin what is no part of the page: a report, checks of assumptions and of heatmaps.
UNPRESSED = ("", "models", "heatmaps")
DEMO = {"data": "demo", "split": "test"}
# What is chosen on a page beside the demo's test images; by default what the page shows by itself.
VIEWS: dict[str, tuple[str, dict[str, Any]]] = {
    "overview": ("", {}),
    "data-health": ("data-health", {}),
    "models": ("models", {}),
    "training": ("training", {}),
    "confusion": ("confusion", {}),
    "confusion, two models": ("confusion", {"beside": "demo/test/demo_own"}),
    "compare": ("compare", {}),
    "misclassified": ("misclassified", {}),
    "label issues": ("misclassified", {"look": "labels", "queue": "all"}),
    "slices": ("slices", {}),
    "image-map": ("image-map", {}),
    "heatmaps": ("heatmaps", {}),
    "heatmaps, 6 images": ("heatmaps", {"sample": 6}),
    "try-it": ("try-it", {"sample": 3}),
    "filters": ("filters", {"count": "16"}),
    "filters, blocks": ("filters", {"count": "16", "layers": "blocks"}),
    "activations": ("activations", {}),
    # Without occlusion it is measured within a minute.
    "attention": ("attention", {"cover": "no"}),
}


@dataclass
class Visitor:
    """A browser's side of one session: what it sends with each press, and what came back."""

    socket: Any
    query: str
    page: str
    page_hash: str = ""
    cached: set[str] = field(default_factory=set)
    buttons: dict[str, str] = field(default_factory=dict)

    def run(self, pressed: str = "") -> tuple[int, int]:
        """Run the page once; return the bytes and the messages that came back."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        back = BackMsg()
        state = back.rerun_script
        state.query_string, state.page_script_hash = self.query, self.page_hash
        if not self.page_hash:
            state.page_name = self.page
        state.cached_message_hashes.extend(self.cached)
        state.context_info.locale = "en-US"
        state.context_info.color_scheme = "light"
        if pressed:
            widget = state.widget_states.widgets.add()
            widget.id, widget.trigger_value = pressed, True
        self.socket.send(back.SerializeToString())
        size = messages = 0
        self.buttons.clear()
        while True:
            content = self.socket.recv(timeout=LONGEST)
            size, messages = size + len(content), messages + 1
            message = ForwardMsg.FromString(content)
            kind = message.WhichOneof("type")
            if kind == "navigation":
                self.page_hash = message.navigation.page_script_hash
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "delta":
                if message.metadata.cacheable:
                    self.cached.add(message.hash)
                element = message.delta.new_element
                if element.WhichOneof("type") == "button":
                    self.buttons[element.button.id] = element.button.label
            # A run that made way for another one, as after st.rerun, is followed by it.
            elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return size, messages


@contextlib.contextmanager
def served(script: Path, workspace: Path) -> Iterator[tuple[int, psutil.Process]]:
    """Serve an app on a free port; yield the port and the server's process."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    command += ["--server.headless", "true", "--server.address", "127.0.0.1", "--browser.gatherUsageStats", "false"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(
        [*command, "--", "--workspace", str(workspace)],
        cwd=workspace, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        yield port, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(timeout=20)


@contextlib.contextmanager
def visitor(port: int, page: str, params: dict[str, Any]) -> Iterator[Visitor]:
    """Begin a session at a page."""
    from websockets.sync.client import connect

    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    with connect(address, subprotocols=["streamlit"], max_size=None, compression=None) as connection:
        yield Visitor(connection, urlencode(params, doseq=True), page)


def measure(port: int, server: psutil.Process, page: str, params: dict[str, Any]) -> dict[str, float]:
    """Open a page, press what begins work until nothing is left to do, and time reruns: ms and kB of each."""
    with visitor(port, page, params) as session:
        began = time.perf_counter()
        session.run()
        first = time.perf_counter() - began
        for _ in range(6):
            begin = [identity for identity in session.buttons if identity.endswith("_begin")]
            if not begin or page in UNPRESSED:
                break
            session.run(begin[0])
        # Values of widgets are sent again for a moment after they were set.
        for _ in range(WARM_UP):
            session.run()
            time.sleep(0.6)
        clocks, sizes = [], []
        before = server.cpu_times()
        for _ in range(ROUNDS):
            began = time.perf_counter()
            size, messages = session.run()
            clocks.append(time.perf_counter() - began)
            sizes.append(size)
        after = server.cpu_times()
    spent = after.user + after.system - before.user - before.system
    return {
        "cpu": 1000 * spent / ROUNDS,
        "clock": 1000 * statistics.median(clocks),
        "kilobytes": statistics.median(sizes) / 1000,
        "messages": messages,
        "first": first,
    }


def run() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "workspace"
        for name in ("data/demo", "data/evaluations", "data/incorrect", "data/runs", "models"):
            shutil.copytree(ROOT / name, workspace / name)
        empty = Path(folder) / "empty.py"
        empty.write_text("import streamlit as st\nst.title('Empty')\n", encoding="utf-8")
        with served(empty, workspace) as (port, server):
            nothing = measure(port, server, "", {})
        yield line("empty Streamlit page", nothing, nothing)
        with served(ROOT / "dashboard" / "app.py", workspace) as (port, server):
            for name, (page, more) in VIEWS.items():
                yield line(name, measure(port, server, page, DEMO | chosen(workspace, more)), nothing)


def chosen(workspace: Path, more: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a view, with ids in place of a number of images."""
    if "sample" not in more:
        return more
    files = sorted((workspace / "data" / "demo" / "test").glob("*/*.jpg"))[:: 300 // more["sample"]]
    return more | {"sample": [f"test/{file.parent.name}/{file.name}" for file in files[: more["sample"]]]}


def line(name: str, found: dict[str, float], nothing: dict[str, float]) -> str:
    ratio = found["cpu"] / max(nothing["cpu"], 1)
    return (
        f"{name:>22}: {found['cpu']:4.0f} ms of the processor, {ratio:5.1f} times the empty page; "
        f"clock {found['clock']:4.0f} ms; {found['kilobytes']:6.1f} kB in {found['messages']:.0f} messages; "
        f"first opening {found['first']:.1f} s"
    )
