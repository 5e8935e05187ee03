"""What the server says beside its answers, and that nothing is lost by it."""

import functools
import http.server
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEADERS = {
    "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": "frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def missing(headers) -> dict[str, str]:
    """Those of the headers that an answer lacks, or has otherwise."""
    return {name: value for name, value in HEADERS.items() if headers.get_all(name) != [value]}


@pytest.mark.parametrize("address", ["/", "/heatmaps", "/_stcore/health", "/_stcore/host-config", "/media/none.png"])
def test_every_answer_has_the_headers(dashboard, address):
    try:
        answer = urllib.request.urlopen(dashboard + address, timeout=20)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    assert missing(answer.headers) == {}


def test_pages_images_scripts_and_downloads_still_come(open_view, dashboard):
    answers, sockets = [], []
    page = open_view("/misclassified?table=colours/test/poor")
    page.on("response", lambda answer: answers.append(answer))
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto(f"{dashboard}/heatmaps?data=colours&model=good&sample=test/blue/car+0.png")
    page.locator("[data-testid=stImage] img, [data-testid=stMain] img").first.wait_for(timeout=60_000)
    page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert any(url.startswith("ws://") and "/_stcore/stream" in url for url in sockets)
    kinds = {answer.request.resource_type for answer in answers}
    assert {"document", "script", "stylesheet", "image", "font"} <= kinds, kinds
    for answer in answers:
        if answer.url.startswith(dashboard):
            headers = answer.all_headers()
            assert {name: headers.get(name.lower()) for name in HEADERS} == HEADERS, answer.url
    assert any("/media/" in answer.url for answer in answers), "no image came over the media endpoint"


def test_no_other_address_may_frame_the_dashboard(chromium, dashboard, tmp_path):
    (tmp_path / "index.html").write_text(f"<iframe src='{dashboard}/' width=900 height=600></iframe>")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        page = chromium.new_page()
        # By name rather than number: for a browser this is another site.
        with page.expect_console_message(lambda message: "frame-ancestors 'self'" in message.text, timeout=60_000):
            page.goto(f"http://localhost:{other.server_port}/")
        assert all(not frame.url.startswith(dashboard) for frame in page.frames), [frame.url for frame in page.frames]
        page.close()
        other.shutdown()


@pytest.mark.skipif(os.name == "nt", reason="Windows takes no browser from the environment, and no SIGINT")
@pytest.mark.parametrize("headless", ["true", "false"])
def test_the_start_opens_the_browser_and_ctrl_c_ends_it_with_a_page_open(chromium, headless, tmp_path):
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" > "{opened}"\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "app.py")]
    command += ["--server.headless", headless, "--server.port", "0", "--", "--workspace", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "BROWSER": f"{browser} %s"}
    log = tmp_path / "log"
    with open(log, "wb") as output:
        server = subprocess.Popen(command, cwd=tmp_path, stdout=output, stderr=subprocess.STDOUT, env=environment)
    try:
        url = _eventually(lambda: re.search(r"URL: (http://127\.0\.0\.1:\d+)", log.read_text("utf-8")))[1]
        if headless == "false":
            _eventually(opened.is_file)
            assert opened.read_text() == url + "/"
        page = chromium.new_page()
        page.goto(url)
        page.wait_for_selector("[data-testid=stMain] h1", timeout=60_000)
        assert opened.is_file() == (headless == "false")
        server.send_signal(signal.SIGINT)
        server.wait(timeout=20)
        assert "Traceback" not in log.read_text("utf-8")
        page.close()
    finally:
        server.kill()
        server.wait(timeout=20)


def _eventually(look, seconds: float = 60):
    """Return the first true result of ``look``."""
    end = time.monotonic() + seconds
    while not (result := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.2)
    return result
