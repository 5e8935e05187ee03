"""``python -m tests.hostile sessions``: many people at once against one server, each with the right image."""

import argparse
import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from tests.hostile.expected import Library, chosen_samples
from tests.hostile.guests import ROOT, Guest, Tally

HELP = "many browser sessions at once against one server, each with its own model, images and language"
SAMPLES_EACH = 4
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sessions", type=int, default=10, metavar="N", help="how many browsers (10)")
    parser.add_argument("--seconds", type=float, default=120, metavar="S", help="how long they walk (120)")


def main(args: argparse.Namespace) -> int:
    """Print what the sessions saw; the exit code is 1 where an image or a text was wrong or an error was shown."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as folder:
        workspace = demo(Path(folder) / "workspace")
        library = Library(workspace, "demo")
        given = chosen_samples(library, sorted(library.classifiers), args.sessions, SAMPLES_EACH)
        for model, samples in given:
            for sample in samples:
                library.heatmap(sample, model)
        server, url, log = started(workspace, Path(folder))
        try:
            tally, memory = asyncio.run(crowd(url, server.pid, library, given, args.seconds))
            ended = server.poll()
        finally:
            server.terminate()
            server.wait(timeout=30)
        said = log.read_text("utf-8", errors="replace")
    if ended is not None:
        tally.errors.append(f"the server ended with exit code {ended}")
    if "Traceback" in said:
        tally.errors.append("the server's log has a traceback:\n" + said[said.index("Traceback") :][:3000])
    report(args, tally, memory)
    return int(bool(tally.wrong or tally.errors or not tally.compared))


def demo(root: Path) -> Path:
    """Copy the shipped demo to a workspace of its own, so that nothing is written into the checkout."""
    shutil.copytree(ROOT / "models", root / "models")
    for name in ("demo", "evaluations", "runs", "incorrect"):
        if (ROOT / "data" / name).is_dir():
            shutil.copytree(ROOT / "data" / name, root / "data" / name)
    return root


def started(workspace: Path, folder: Path) -> tuple[subprocess.Popen, str, Path]:
    """Start the dashboard on a workspace and wait until it answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    log, url = folder / "log.txt", f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "app.py")]
    command += ["--server.port", str(port), "--server.headless", "true", "--", "--workspace", str(workspace)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    environment.pop("CARVIS_LANGUAGE", None)
    with open(log, "wb") as output:
        server = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, env=environment)
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return server, url, log
        except OSError:
            time.sleep(0.2)
    server.kill()
    raise SystemExit(f"the dashboard did not start:\n{log.read_text('utf-8', errors='replace')}")


async def crowd(url: str, pid: int, library: Library, given: list, seconds: float) -> tuple[Tally, list[float]]:
    """Let all guests walk at once; return what they saw and the server's memory in MB: first, half-way, last."""
    from playwright.async_api import async_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    tally, process = Tally(), psutil.Process(pid)
    memory = [process.memory_info().rss / 1e6]
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        guests = []
        for number, (model, samples) in enumerate(given):
            locale = "ja-JP" if number % 2 else "en-US"
            context = await browser.new_context(viewport={"width": 1400, "height": 900}, locale=locale)
            guests.append(Guest(number, await context.new_page(), url, model, samples, library, tally))
        for guest in guests:
            guest.others = [other for other in guests if other is not guest]
        until = time.monotonic() + seconds
        walks = asyncio.gather(*(guest.walk(until) for guest in guests))
        await asyncio.sleep(seconds / 2)
        memory.append(process.memory_info().rss / 1e6 if process.is_running() else 0)
        await walks
        memory.append(process.memory_info().rss / 1e6 if process.is_running() else 0)
        await browser.close()
    return tally, memory


def report(args: argparse.Namespace, tally: Tally, memory: list[float]) -> None:
    views = ", ".join(f"{name} {count}" for name, count in sorted(tally.views.items()))
    seconds, where = tally.slowest
    print(f"{args.sessions} sessions, {args.seconds:.0f} s: {tally.views.total()} views ({views})")
    print(f"images compared: {tally.compared}, wrong: {len(tally.wrong)}; errors: {len(tally.errors)}")
    print(f"slowest view: {seconds:.1f} s ({where})")
    print("server's memory: {:.0f} MB before, {:.0f} MB half-way, {:.0f} MB at the end".format(*memory))
    for line in (*tally.wrong, *tally.errors):
        print(f"  {line}")
