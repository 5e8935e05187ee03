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
    page.get_by_test_id("stMain").get_by_role("button", name="Start training").click()
    page.get_by_role("radio", name="Own CNN").click()
    wait(page)
    side = page.get_by_role("spinbutton", name="Image size")
    side.fill("64")
    side.press("Enter")
    page.get_by_text("More settings", exact=True).click()
    epochs = page.get_by_role("spinbutton", name="Maximum epochs")
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
    n_epochs = len(run.history)
    end = time.monotonic() + 180
    while len(run.history) < n_epochs + 2 and time.monotonic() < end:
        time.sleep(0.2)
    assert run.alive and len(run.history) >= n_epochs + 2
    os.kill(int(run.status["pid"]), signal.SIGKILL)
    context = chromium.new_context(viewport={"width": 420, "height": 900}, locale="en-US")
    page = context.new_page()
    page.goto(address)
    until(page, "crashed")
    page.get_by_role("button", name="Resume").click()
    until(page, "running")
    # Stopped before it has read its images again, it writes no model: the checkpoint stays.
    end = time.monotonic() + 180
    while not any(event["kind"] == "resumed" for event in run.events()[0]) and time.monotonic() < end:
        time.sleep(0.2)
    page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True).click()
    until(page, "stopped")
    context.close()
    assert run.state == "stopped" and run.model_path.is_file()
    assert run.history["epoch"].is_monotonic_increasing and run.history["epoch"].is_unique


def test_a_newcomer_trains_the_demo_and_sees_where_the_model_looks(serve, chromium, wait, tmp_path):
    from carvis.demo import draw_split
    from carvis.workspace import Workspace

    space = Workspace(tmp_path)
    draw_split(space.data_dir / "demo", "test", per_class=1)
    page = chromium.new_context(viewport={"width": 1400, "height": 900}, locale="en-US").new_page()
    page.goto(serve(tmp_path) + "/training")
    wait(page)
    page.get_by_test_id("stMain").get_by_role("button", name="Start training").click()
    page.get_by_role("radio", name="Own CNN").click()
    wait(page)
    side = page.get_by_role("spinbutton", name="Image size")
    assert side.input_value() == "160"
    side.fill("32")
    side.press("Enter")
    page.get_by_text("More settings", exact=True).click()
    epochs = page.get_by_role("spinbutton", name="Maximum epochs")
    epochs.fill("1")
    epochs.press("Enter")
    wait(page)
    page.get_by_role("button", name="Start", exact=True).click()
    window = page.get_by_role("dialog")
    window.get_by_text("draws 40 images first").wait_for(timeout=60_000)
    window.get_by_role("button", name="Draw and start").click()
    page.wait_for_url(re.compile("run="), timeout=90_000)
    until(page, "Best validation accuracy", 180)
    assert page.get_by_role("radio", name="Own CNN").count() == 0 and page.get_by_role("dialog").count() == 0
    [place] = space.runs()
    assert place.name in page.url
    until(page, "See where it looks")
    wait(page)
    # One epoch is a point for each side in both charts, not an empty line.
    assert page.locator("[aria-roledescription=point]").count() >= 4
    page.get_by_text("See where it looks").click()
    page.wait_for_url(re.compile("/heatmaps.*model=demo_own"))
    wait(page)
    assert page.get_by_test_id("stMain").get_by_test_id("stImage").count() >= 2
    page.context.close()
