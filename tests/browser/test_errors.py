"""An error that nobody foresaw, in the browser: a sentence with a number, the page goes on, no box of Streamlit's."""

import re
import shutil
from pathlib import Path

DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard"
BROKEN = """

def stay(table, **values):
    raise ValueError("broken for this test")
"""


def test_an_error_in_a_callback_is_a_sentence_whose_number_stands_in_the_log(chromium, serve, wait, tmp_path_factory):
    from small_workspace import build

    root = build(tmp_path_factory.mktemp("workspace"))
    broken = tmp_path_factory.mktemp("broken") / "dashboard"
    shutil.copytree(DASHBOARD, broken)
    gallery = broken / "ui" / "widgets" / "gallery.py"
    gallery.write_text(gallery.read_text("utf-8") + BROKEN, "utf-8")
    page = chromium.new_page(viewport={"width": 1400, "height": 900})
    page.goto(f"{serve(root, broken / 'app.py')}/misclassified?table=colours/test/good")
    wait(page)
    page.locator("[class*=st-key-open_] button").first.click()
    page.get_by_text("Internal error in carvis").wait_for(timeout=60_000)
    wait(page)
    alert = page.get_by_test_id("stAlert").inner_text()
    number = re.search(r"\(error ([0-9a-f]{6})\)", alert)[1]
    assert page.get_by_test_id("stCode").filter(has_text=number).count() == 1
    assert page.get_by_test_id("stException").count() == 0
    assert page.locator("[class*=st-key-tile_]").count() > 1
    log = (root / "data" / "logs" / "dashboard.log").read_text("utf-8")
    assert f"error {number} " in log and "broken for this test" in log
    page.close()


def test_a_download_that_fails_says_why_in_the_words_of_the_page(chromium, serve, wait, tmp_path_factory):
    from small_workspace import build

    root = build(tmp_path_factory.mktemp("workspace"))
    page = chromium.new_page(viewport={"width": 1400, "height": 900})
    page.goto(f"{serve(root)}/misclassified?table=colours/test/poor&lang=ja")
    wait(page)
    page.get_by_role("button", name="タグとメモ").click()
    (root / "data" / "tags.sqlite").write_bytes(b"no database" * 100)
    page.locator(".st-key-tags_csv button").click()
    alert = page.get_by_test_id("stAlert").filter(has_text="tags.sqlite").first
    alert.wait_for(timeout=60_000)
    assert "壊れています" in alert.inner_text()
    assert page.get_by_text("Failed to generate").filter(visible=True).count() == 0
    page.close()
