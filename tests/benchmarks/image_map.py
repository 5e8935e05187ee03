"""Page Image map at 1,000 and at 100,000 images: seconds a run on the server, and until the map can be moved."""

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.benchmarks.browsing import LARGE, ROOT, ROUNDS, SMALL, opened, repeated

MODEL = "demo_own"
DIMENSIONS = 64
# What a person does after opening the page: the link that each step leads to.
STEPS: dict[str, dict[str, str | None]] = {
    "colour by outcome": {"colour_by": "right"},
    "colour by confidence": {"colour_by": "confidence"},
    "choose a class": {"true": None},
    "search": {"find": "~7"},
    "choose a cluster": {"cluster": "1"},
}


def embedded(n: int, workspace: Path) -> None:
    """Keep embeddings of a repeated evaluation beside it, and a layout of them: neither is what is measured."""
    from carvis import load_evaluation
    from carvis.feature_space import Embeddings, write_shipped

    folder = workspace / "data" / "evaluations" / f"demo{n}" / "test" / MODEL
    evaluation = load_evaluation(folder)
    table = evaluation.predictions
    labels = table["label"].to_numpy(str)
    rng = np.random.default_rng(0)
    centres = {label: rng.normal(size=DIMENSIONS) for label in sorted(set(labels))}
    vectors = np.stack([centres[label] for label in labels]) + rng.normal(scale=0.4, size=(n, DIMENSIONS))
    vectors = vectors.astype(np.float16).astype(np.float32)
    facts = (
        "layer",
        "score-input",
        MODEL,
        evaluation.setup["model"].get("fingerprint") or "f" * 64,
        f"demo{n}",
        "test",
    )
    write_shipped(Embeddings(table["id"].to_numpy(str), labels, vectors, *facts), None, folder)


def address(n: int, **more: str) -> dict[str, str]:
    return {"data": f"demo{n}", "split": "test", "model": MODEL} | more


def visit(workspace: Path, params: dict[str, str]) -> float:
    """Return the seconds that one run of the page takes."""
    app = opened("overview", workspace).run().switch_page("app_pages/image_map.py")
    for name, value in params.items():
        app.query_params[name] = value
    begun = time.perf_counter()
    app.run()
    seconds = time.perf_counter() - begun
    assert not app.exception and not app.error, (params, app.exception, [one.value for one in app.error])
    # Without a page it would be quick, too.
    assert any(element.proto.bytes for element in app.get("bidi_component")), params
    return seconds


def run() -> Iterator[str]:
    sys.path.insert(0, str(ROOT / "dashboard"))
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        for n in (SMALL, LARGE):
            shutil.copytree(ROOT / "data" / "demo", workspace / "data" / f"demo{n}", copy_function=os.link)
            repeated(MODEL, n, workspace)
            embedded(n, workspace)
        place_by_components()
        yield from on_the_server(workspace)
        yield from in_the_browser(workspace)


def place_by_components() -> None:
    """Let the first two components stand for the layout, at once: ``neighbours`` measures layouts."""
    from ui.image_map import layouts

    layouts.layout, os.environ["CARVIS_UNASKED_SECONDS"] = components, "1e6"


def components(vectors: np.ndarray, **_more: object):
    from carvis.feature_space import Layout

    spread = vectors[:, :2] - vectors[:, :2].mean(axis=0)
    return Layout(spread.astype(np.float32), 0.9, "PCA", len(vectors))


def on_the_server(workspace: Path) -> Iterator[str]:
    first = {n: visit(workspace, address(n)) for n in (SMALL, LARGE)}
    yield f"first load: {first[LARGE]:.2f} s for {LARGE:,} images against {first[SMALL]:.2f} s for {SMALL:,}"
    label = sorted(path.name for path in (workspace / "data" / f"demo{SMALL}" / "test").iterdir())[0]
    for name, step in STEPS.items():
        more = {key: value or label for key, value in step.items()}
        for n in (SMALL, LARGE):
            visit(workspace, address(n, **more))
        times = [tuple(visit(workspace, address(n, **more)) for n in (LARGE, SMALL)) for _ in range(ROUNDS)]
        large, small = (statistics.median(column) * 1000 for column in zip(*times, strict=True))
        yield f"{name}: {large:.0f} ms against {small:.0f} ms a run on the server (median of {ROUNDS})"


def in_the_browser(workspace: Path) -> Iterator[str]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        yield "browser: playwright is not installed"
        return
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        yield "browser: no Chromium"
        return
    shutil.copytree(ROOT / "dashboard", workspace / "dashboard")
    script = workspace / "dashboard" / "navigation.py"
    text = script.read_text("utf-8")
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.benchmarks.image_map import place_by_components\nplace_by_components()\n" + text,
        "utf-8",
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(workspace / "dashboard" / "app.py"), "--server.headless"]
    command += ["true", "--server.port", str(port), "--", "--workspace", str(workspace)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        with sync_playwright() as driver:
            arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
            browser = driver.chromium.launch(executable_path=chromium, args=arguments)
            url = f"http://127.0.0.1:{port}/image-map?data=demo{{n}}&split=test&model={MODEL}"
            # The first visit warms the server.
            lines = [seen(browser, url.format(n=n), n) for n in (SMALL, LARGE, SMALL, LARGE)]
            yield from lines[2:]
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_for(url: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(url)


def seen(browser, url: str, n: int) -> str:
    """Open the page in a browser that knows it not, move the map, lasso all of it; say how long each takes."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    begun = time.perf_counter()
    page.goto(url)
    page.locator(f".stage[data-points='{n}']").wait_for(timeout=300_000)
    ready = time.perf_counter() - begun
    page.wait_for_timeout(3000)
    box = page.locator(".stage").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    begun, moves = time.perf_counter(), 40
    for i in range(moves):
        page.mouse.move(x + 3 * (i % 20), y + 2 * (i % 20))
        page.evaluate("() => new Promise(requestAnimationFrame)")
    frame = (time.perf_counter() - begun) / moves
    page.mouse.up()
    page.locator("button[data-act=home]").click()
    page.locator("button[data-mode=box]").click()
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + box["height"] - 3, steps=3)
    begun = time.perf_counter()
    page.mouse.up()
    page.get_by_text(re.compile(f"{n:,} of {n:,} images chosen")).wait_for(timeout=300_000)
    page.locator("[class*=st-key-tile_]").first.wait_for(timeout=300_000)
    chosen = time.perf_counter() - begun
    page.close()
    return (
        f"in Chromium without a graphics card, {n:,} images: can be moved after {ready:.1f} s, "
        f"{1000 * frame:.0f} ms a frame while moved, gallery of all of them {chosen:.1f} s after a lasso"
    )
