"""Page Try it in a browser: several files at once, one of them broken, and the table to download."""

import io

import numpy as np
import pandas as pd
from PIL import Image


def test_uploads_get_cards_and_a_table(open_view, wait, tmp_path):
    Image.fromarray(np.full((50, 60, 3), (220, 30, 20), np.uint8)).save(tmp_path / "mine.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    page = open_view("/try-it?data=colours&model=good&model=poor", width=420)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files([tmp_path / "mine.png", tmp_path / "broken.png"])
    page.get_by_test_id("stProgress").first.wait_for()
    wait(page)
    assert page.get_by_test_id("stProgress").count() == 2
    assert page.get_by_test_id("stAlert").filter(has_text="broken.png").is_visible()
    # Nothing is wider than the window.
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    with page.expect_download() as table:
        page.get_by_role("button", name="Table").click()
    found = pd.read_csv(io.BytesIO(table.value.path().read_bytes()))
    assert found["status"].tolist() == ["ok", "ok", "unreadable", "unreadable"]
    assert set(found["predicted"].dropna()) == {"red *car*"}
    assert not page.foreign
