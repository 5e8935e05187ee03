"""What only a browser shows of page Compare models: a click on the chart of patterns, a narrow screen, downloads."""

import json
import re
import zipfile
from pathlib import Path

from PIL import Image


def test_a_click_on_a_pattern_opens_its_pictures(open_view, wait):
    page = open_view("/compare?data=colours&model=poor&model=good")
    images = page.locator("[data-testid=stMain] [data-testid=stImage] img")
    assert images.count() == 0
    chart = page.locator(".st-key-compare_lattice svg.marks")
    chart.scroll_into_view_if_needed()
    whole = chart.bounding_box()
    row = chart.locator("text", has_text="Only good is right").bounding_box()
    page.mouse.click(whole["x"] + 0.7 * whole["width"], row["y"] + row["height"] / 2)
    page.wait_for_url(re.compile("pattern=01"))
    wait(page)
    assert images.count() > 0 and page.get_by_text("Only good is right").count() > 0
    page.get_by_role("button", name="Close").click()
    page.wait_for_function("!location.href.includes('pattern=')")
    wait(page)
    assert images.count() == 0


def test_a_narrow_screen_scrolls_one_way_only_and_nothing_comes_from_elsewhere(open_view):
    page = open_view("/compare?data=colours&pattern=01&model=poor&model=good", width=420)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 420
    assert page.foreign == []


def test_tables_and_figures_can_be_taken_home(open_view):
    page = open_view("/compare?data=colours")
    with page.expect_download() as tables:
        page.get_by_role("button", name="Tables").click()
    with zipfile.ZipFile(tables.value.path()) as archive:
        assert "pairs.csv" in archive.namelist() and b"good" in archive.read("scoreboard.csv")
    with page.expect_download() as document:
        page.get_by_role("button", name="JSON").click()
    assert json.loads(Path(document.value.path()).read_text("utf-8"))["n"] == 32
    for place in (0, 1):
        with page.expect_download() as figure:
            page.get_by_role("button", name="Figure").nth(place).click()
        with Image.open(figure.value.path()) as figure_image:
            assert figure_image.format == "PNG" and figure_image.width > 600
