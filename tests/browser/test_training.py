"""A run outlives the page that started it, and a killed one goes on."""

import os
import re
import signal
import time

import pytest


@pytest.fixture
def own_dashboard(serve, tmp_path):
    """A dashboard on a workspace of its own, since a run writes into it."""
    from small_workspace import build

    space = build(tmp_path)
    return space, serve(space)


def until(page, text: str, seconds: float = 90) -> None:
    page.get_by_text(text).locator("visible=true").first.wait_for(timeout=seconds * 1000)


def test_start_close_kill_and_go_on(own_dashboard, chromium, wait):
    from carvis.training import Run
    from carvis.workspace import Workspace

    folder, url = own_dashboard
    space = Workspace(folder)
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, locale="en-US")
    page = context.new_page()
    page.goto(url + "/training?data=colours")
    wait(page)
    page.get_by_test_id("stMain").get_by_role("button", name="Start a training").click()
    page.get_by_role("radio", name="Own CNN").click()
    wait(page)
    side = page.get_by_role("spinbutton", name="Side of the pictures")
    side.fill("64")
    side.press("Enter")
    page.get_by_text("More", exact=True).click()
    epochs = page.get_by_role("spinbutton", name="Epochs at most")
    epochs.fill("1000")
    epochs.press("Enter")
    patience = page.get_by_role("spinbutton", name="Patience")
    patience.fill("1000")
    patience.press("Enter")
    wait(page)
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url(re.compile("run="))
    until(page, "Best validation accuracy")
    address = page.url
    context.close()

    [place] = space.runs()
    run = Run(place, space)
    seen = len(run.history)
    end = time.monotonic() + 180
    while len(run.history) < seen + 2 and time.monotonic() < end:
        time.sleep(0.2)
    assert run.alive and len(run.history) >= seen + 2
    os.kill(int(run.status["pid"]), signal.SIGKILL)
    context = chromium.new_context(viewport={"width": 420, "height": 900}, locale="en-US")
    page = context.new_page()
    page.goto(address)
    until(page, "crashed")
    page.get_by_role("button", name="Go on").click()
    until(page, "running")
    page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True).click()
    until(page, "stopped")
    context.close()
    assert run.state == "stopped" and run.model_path.is_file()
    assert run.history["epoch"].is_monotonic_increasing and run.history["epoch"].is_unique
