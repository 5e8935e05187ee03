"""The dashboard in a real browser: ``streamlit run`` on a free port, Chromium driven by playwright."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "dashboard"))


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(200):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the dashboard did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """A Chromium started by playwright; the tests skip where either is not installed."""
    needed = os.environ.get("CARVIS_NEED_BROWSER")
    try:
        from playwright import sync_api as playwright
    except ImportError:
        assert not needed, "the playwright package is not installed"
        pytest.skip("the playwright package is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        assert not needed, "no Chromium is installed"
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory) -> Iterator[Callable[..., str]]:
    """Start the dashboard (or another script) on a workspace, from another folder than its own; return its address."""
    servers = []

    def start(workspace: Path, script: Path = ROOT / "dashboard" / "app.py", options: tuple[str, ...] = ()) -> str:
        folder = tmp_path_factory.mktemp("elsewhere")
        port = _free_port()
        log = folder / "log.txt"
        command = [sys.executable, "-m", "streamlit", "run", str(script)]
        command += ["--server.port", str(port), "--server.headless", "true", *options]
        command += ["--", "--workspace", str(workspace)]
        with open(log, "wb") as output:
            server = subprocess.Popen(
                command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, env=os.environ | {"PYTHONPATH": str(ROOT)}
            )
        servers.append(server)
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, server, log)
        return url

    yield start
    for server in servers:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture(scope="session")
def dashboard(chromium, serve, tmp_path_factory) -> str:
    """The address of a dashboard that shows the small workspace."""
    from small_workspace import build

    return serve(build(tmp_path_factory.mktemp("workspace")))


@pytest.fixture
def open_view(chromium, dashboard) -> Iterator[Callable]:
    """Open a view of the dashboard in a fresh browser session: ``open_view("/heatmaps?...", width=420)``."""
    contexts = []

    def open(path: str = "/", width: int = 1400, height: int = 900, locale: str = "en-US"):
        context = chromium.new_context(viewport={"width": width, "height": height}, locale=locale)
        contexts.append(context)
        page = context.new_page()
        page.foreign = []
        page.on("request", lambda request: None if _is_ours(request.url) else page.foreign.append(request.url))
        page.goto(dashboard + path)
        settle(page)
        return page

    yield open
    for context in contexts:
        context.close()


def _is_ours(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))


def settle(page) -> None:
    """Wait until the page has drawn everything."""
    page.wait_for_selector("[data-testid=stMain] h1", timeout=60_000)
    quiet = 0
    for _ in range(240):
        page.wait_for_timeout(150)
        busy = page.query_selector("[data-testid=stSkeleton], [data-testid=stApp][data-test-script-state=running]")
        quiet = 0 if busy else quiet + 1
        if quiet == 3:
            return
    raise AssertionError("the page never came to rest")


@pytest.fixture
def wait() -> Callable:
    return settle
