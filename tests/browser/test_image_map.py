"""The map of images with a real pointer: pointing, lasso, gallery, saved set, heatmaps; moving keeps the choice."""

from pathlib import Path

import numpy as np
import pytest

N = 32
PAGE = "/image-map?data=colours&model=good"


@pytest.fixture(scope="module")
def mapped(serve, tmp_path_factory) -> tuple[str, Path]:
    """The address of a dashboard whose models were evaluated with their embeddings, and its workspace."""
    from small_workspace import build

    root = build(tmp_path_factory.mktemp("workspace"))
    return serve(root), root


@pytest.fixture
def page(chromium, mapped, wait):
    context = chromium.new_context(viewport={"width": 1400, "height": 1000}, locale="en-US")
    page = context.new_page()
    page.foreign = []
    page.on("request", lambda request: None if "127.0.0.1" in request.url else page.foreign.append(request.url))
    page.goto(mapped[0] + PAGE)
    drawn(page, wait)
    yield page
    context.close()


def drawn(page, wait) -> None:
    wait(page)
    page.locator(".stage[data-points]").wait_for(timeout=60_000)


def frame(page, share: float) -> list[tuple[float, float]]:
    """The corners of a part of the map around its middle."""
    box = page.locator(".stage").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    w, h = box["width"] / 2 * share, box["height"] / 2 * share
    return [(x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h)]


def lasso(page, corners) -> None:
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=4)
    page.mouse.up()


def chosen_count(page, n: int) -> None:
    page.get_by_text(f"{n} of {N} images chosen").wait_for(timeout=60_000)


def test_a_lasso_fills_the_gallery_from_which_heatmaps_open(page, wait, mapped):
    page.locator("button[data-mode=lasso]").click()
    lasso(page, frame(page, 0.97))
    chosen_count(page, N)
    wait(page)
    assert page.locator("[class*=st-key-open_] button").count() == 24
    # What is hidden in the legend is not chosen.
    group = page.locator(".legend .group").first
    name, n = group.locator(".name").inner_text(), int(group.locator(".count").inner_text())
    group.click()
    assert group.get_attribute("aria-pressed") == "false"
    lasso(page, frame(page, 0.97))
    chosen_count(page, N - n)
    wait(page)
    assert "test%2F" not in page.url and "test/" not in page.url  # The link holds no ids.
    # A name for it, and the link opens the same images.
    page.get_by_role("button", name="Save as a set").click()
    page.get_by_label("Name of the set").fill("no *first* <b>class</b>")
    page.get_by_role("button", name=f"Save {N - n} images").click()
    page.wait_for_url("**image_set=*", timeout=60_000)
    page.goto(page.url)
    drawn(page, wait)
    chosen_count(page, N - n)
    tiles = page.locator("[class*=st-key-tile_]")
    assert all(f"true: {name}" not in tiles.nth(i).inner_text() for i in range(tiles.count()))
    # Through the gallery: select one, see its heatmaps.
    page.locator("[class*=st-key-pick_] label").first.click()
    page.get_by_role("button", name="Show their heatmaps").click()
    page.wait_for_url("**/heatmaps?*", timeout=60_000)
    # The first heatmap brings TensorFlow with it.
    page.get_by_role("img", name="heatmap for").first.wait_for(timeout=180_000)
    assert page.locator("[data-testid=stMain] h1").inner_text() == "Heatmaps"
    assert "sample=test" in page.url and not page.foreign


def test_moving_and_zooming_neither_choose_nor_forget(page, wait):
    corners = frame(page, 0.5)
    before = page.locator(".stage .points").screenshot()
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[2], steps=5)
    page.mouse.up()
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(500)
    assert page.locator(".stage .points").screenshot() != before
    assert page.get_by_text("images chosen").count() == 0
    # All back in view, the box chooses all; a double click none.
    page.locator("button[data-act=home]").click()
    page.locator("button[data-mode=box]").click()
    first, _second, third, _fourth = frame(page, 0.97)
    lasso(page, [first, third])
    chosen_count(page, N)
    wait(page)
    page.mouse.dblclick(*first)
    page.get_by_text("images chosen").wait_for(state="detached", timeout=60_000)


def test_the_image_pointed_at_is_shown(page, wait):
    """Sweep until a point is hit: its class stands at the pointer, its thumbnail and file name beside the map."""
    box = page.locator(".stage").bounding_box()
    tip, image = page.locator(".stage .tip"), page.locator("figure img")
    for y in np.arange(box["y"] + 10, box["y"] + box["height"], 9):
        for x in np.arange(box["x"] + 10, box["x"] + box["width"], 12):
            page.mouse.move(float(x), float(y))
            if tip.is_visible():
                break
        else:
            continue
        break
    assert tip.is_visible()
    image.wait_for(state="visible", timeout=60_000)
    words = page.locator("figure figcaption").inner_text()
    assert f"true: {tip.inner_text()}" in words and "test/" in words
    assert image.get_attribute("src").startswith("data:image/jpeg;base64,")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0


def test_keys_move_the_map_and_the_list_of_clusters_chooses(page, wait):
    stage = page.locator(".stage")
    assert "laid out" in stage.get_attribute("aria-label")
    stage.focus()
    before = page.locator(".stage .points").screenshot()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("+")
    page.wait_for_timeout(400)
    assert page.locator(".stage .points").screenshot() != before
    box = page.locator("[class*=st-key-choose_cluster] input")
    box.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**cluster=*", timeout=60_000)
    wait(page)
    assert page.locator("[class*=st-key-open_] button").count() > 0


@pytest.mark.parametrize("width", [420, 1400])
def test_the_map_fits_the_screen(chromium, mapped, wait, width):
    page = chromium.new_page(viewport={"width": width, "height": 900}, locale="ja-JP")
    page.goto(mapped[0] + PAGE)
    drawn(page, wait)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.get_by_role("button", name="投げ縄").is_visible()
    page.close()
