"""What only a browser shows: links, the back button, windows, narrow screens, downloads."""

import io
import re
import zipfile

import numpy as np
from PIL import Image

HEATMAPS = "/heatmaps?data=colours&model=poor&model=good&sample=test%2Fgreen%2Fcar+1.png"
ACTIVATIONS = HEATMAPS.replace("heatmaps", "activations")
CONFUSION = "/confusion?table=colours/test/poor"
PAGES = (
    "/", "/data-health?data=colours", "/models?model=good", CONFUSION, "/compare?data=colours", "/misclassified",
    HEATMAPS, ACTIVATIONS, "/attention?model=good",
)  # fmt: skip


def images(page):
    return page.locator("[data-testid=stMain] [data-testid=stImage] img")


def test_the_selection_travels_with_links_and_the_way_back_is_one_step(open_view, wait):
    page = open_view("/misclassified?table=colours/test/poor&true=green")
    assert images(page).count() == 8
    page.get_by_test_id("stSidebar").get_by_role("link", name="Heatmaps").click()
    page.wait_for_url(re.compile("/heatmaps"))
    wait(page)
    assert "true=green" in page.url
    page.go_back()
    page.wait_for_url(re.compile("/misclassified"))
    wait(page)
    assert "true=green" in page.url and images(page).count() == 8
    page.reload()
    wait(page)
    assert images(page).count() == 8


def test_the_back_button_takes_back_a_choice(open_view, wait):
    page = open_view("/misclassified?table=colours/test/poor")
    everything = images(page).count()
    page.get_by_role("combobox", name="True class").click()
    page.get_by_role("option", name="green").click()
    page.wait_for_url(re.compile("true=green"))
    wait(page)
    assert images(page).count() < everything
    page.go_back()
    page.wait_for_function("!location.href.includes('true=')")
    wait(page)
    assert images(page).count() == everything


def test_pictures_selected_in_the_gallery_are_explained(open_view, wait):
    page = open_view("/misclassified?table=colours/test/poor&true=green")
    for number in (0, 1):
        page.get_by_role("checkbox").nth(number).focus()
        page.keyboard.press("Space")
        wait(page)
    assert page.get_by_text("2 images selected").is_visible()
    page.get_by_role("button", name="Show their heatmaps").click()
    page.wait_for_url(re.compile("/heatmaps"))
    wait(page)
    assert page.url.count("sample=") == 2
    page.wait_for_function("document.querySelectorAll('[data-testid=stMain] [data-testid=stImage] img').length >= 7")
    assert all(images(page).nth(i).get_attribute("alt") for i in range(images(page).count()))


def test_a_picture_opens_in_a_window_that_steps_and_closes(open_view, wait):
    page = open_view("/misclassified?table=colours/test/poor&true=green&sort=name")
    page.locator("[class*=st-key-open_] button").first.click()
    window = page.get_by_role("dialog")
    window.wait_for()
    wait(page)
    first = page.url
    assert "open=" in first and window.get_by_text("Top-5 classes").is_visible()
    window.get_by_role("button", name="Next").click()
    page.wait_for_function(f"location.href !== {first!r}")
    wait(page)
    assert "car+1" in page.url or "car%201" in page.url
    page.keyboard.press("Escape")
    window.wait_for(state="hidden")
    page.wait_for_function("!location.href.includes('open=')")


def test_the_browser_decides_the_language_until_someone_else_does(open_view, wait):
    page = open_view("/", locale="ja-JP")
    assert page.locator("h1").inner_text() == "概要"
    page.get_by_role("radio", name="English").or_(page.get_by_role("button", name="English")).first.click()
    page.wait_for_url(re.compile("lang=en"))
    wait(page)
    assert page.locator("h1").inner_text() == "Overview"


def test_a_change_of_language_chooses_nothing_else(open_view, wait):
    page = open_view("/misclassified?data=colours")
    sidebar, main = page.get_by_test_id("stSidebar"), page.get_by_test_id("stMain")
    for name, code, split in (("日本語", "ja", "テスト"), ("English", "en", "Test")):
        sidebar.get_by_text(name).click()
        page.wait_for_url(re.compile(f"lang={code}"))
        wait(page)
        assert sidebar.locator("input[role=combobox]").last.input_value() == split
        main.get_by_role("button").first.click()
        wait(page)
        assert f"lang={code}" in page.url and "split=" not in page.url and "sort=" not in page.url
        assert not main.get_by_test_id("stAlert").count()


def test_a_narrow_screen_scrolls_one_way_only(open_view):
    for path in PAGES:
        page = open_view(path, width=420)
        width = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
        assert width <= 420, f"{path} is {width} pixels wide"


def test_nothing_is_asked_of_another_machine(open_view):
    for path in PAGES:
        assert open_view(path).foreign == []


def test_the_figure_and_the_numbers_can_be_taken_home(open_view):
    page = open_view(HEATMAPS)
    with page.expect_download() as figure:
        page.get_by_role("button", name="Figure").click()
    with Image.open(figure.value.path()) as image:
        assert image.format == "PNG" and image.width > 600
    with page.expect_download() as numbers:
        page.get_by_role("button", name="Numbers").click()
    with zipfile.ZipFile(numbers.value.path()) as archive:
        assert archive.namelist() == ["poor.npz", "good.npz"]
        with np.load(io.BytesIO(archive.read("good.npz"))) as file:
            assert file["raw"].shape == (16, 16)


def test_an_uploaded_picture_is_explained(open_view, wait, tmp_path):
    Image.fromarray(np.full((50, 60, 3), (220, 30, 20), np.uint8)).save(tmp_path / "mine.png")
    page = open_view("/heatmaps?data=colours&model=good")
    page.get_by_role("button", name="Add images").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "mine.png")
    page.get_by_text("label unknown").wait_for()
    wait(page)
    assert page.get_by_text("mine.png").first.is_visible()


def test_a_window_that_was_closed_shows_what_is_chosen(open_view, wait):
    page = open_view(f"{HEATMAPS}&method=layercam&strength=40&scale=density")
    # Any further run of the page, with the window closed.
    page.get_by_role("button", name="Remove poor").click()
    wait(page)
    page.get_by_role("button", name="Settings").click()
    window = page.get_by_test_id("stPopoverBody")
    window.wait_for()
    assert window.get_by_role("combobox", name="Method").input_value() == "layercam"
    window.get_by_text("40 %").wait_for()
    assert window.get_by_role("radio", name="Density, shared by all").is_checked()


def test_maps_are_tested_and_compared(open_view, wait):
    page = open_view(HEATMAPS)
    page.get_by_role("button", name="Test these heatmaps").click()
    curves = page.get_by_role("button", name="Curves")
    curves.first.wait_for()
    wait(page)
    assert curves.count() == 2
    curves.first.click()
    page.get_by_text("area under the deletion curve").wait_for()
    page.keyboard.press("Escape")
    page.get_by_text("Compare these heatmaps").last.click()
    page.get_by_text("Difference", exact=True).first.wait_for()
    page.reload()
    wait(page)
    assert curves.count() == 2


def cell(page, true, predicted, chart=0):
    chart = page.get_by_test_id("stVegaLiteChart").nth(chart)
    words = f"Predicted class: {predicted}; True class: {true};"
    return chart.locator(f'[aria-roledescription="rect mark"][aria-label*="{words}"]')


def click(page, wait, mark, address):
    """Click a cell, and wait until the address matches."""
    # The numbers lie above the cells, and a click there counts as well.
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url(re.compile(address), timeout=60_000)
    wait(page)


def test_a_click_on_a_cell_opens_its_pictures_and_leads_on(open_view, wait):
    page = open_view(CONFUSION)
    click(page, wait, cell(page, "green", "blue"), "true=green.*pred=blue")
    assert images(page).count() == 8
    assert images(page).first.get_attribute("alt") == "green, predicted as blue"
    click(page, wait, cell(page, "blue", "green"), "true=blue.*pred=green")
    assert images(page).first.get_attribute("alt") == "blue, predicted as green"
    # The boxes choose as well; what was clicked before can then be clicked again.
    page.get_by_test_id("stMain").get_by_role("combobox", name="True class").click()
    page.get_by_role("option", name="red *car*").click()
    page.wait_for_url(re.compile("true=red"))
    wait(page)
    click(page, wait, cell(page, "blue", "green"), "true=blue.*pred=green")
    assert images(page).count() == 8
    page.get_by_role("link", name="Why green rather than blue?").click()
    page.wait_for_url(re.compile("/heatmaps"))
    wait(page)
    assert "explain=class%3Agreen" in page.url and "against=class%3Ablue" in page.url
    page.go_back()
    page.wait_for_url(re.compile("/confusion"))
    wait(page)
    page.get_by_role("link", name="Open in Misclassified").click()
    page.wait_for_url(re.compile("/misclassified"))
    wait(page)
    assert images(page).count() == 8


def test_a_click_counts_in_each_of_the_charts_of_two_models(open_view, wait):
    page = open_view(f"{CONFUSION}&beside=colours/test/good")
    assert page.get_by_test_id("stVegaLiteChart").count() == 3
    click(page, wait, cell(page, "red *car*", "red *car*", 1), "true=red")
    click(page, wait, cell(page, "green", "blue", 2), "true=green.*pred=blue")
