"""Boxes drawn in a real browser: by mouse, by finger and by keys; what is stored is what was drawn, and it counts."""

import json
from pathlib import Path

import pytest

PAGE = "/attention?data=colours&model=good&cover=no&sample=test%2Fgreen%2Fcar%201.png"
SAMPLE = "test/green/car 1.png"
SIZE = (64, 48)


@pytest.fixture
def place(serve, tmp_path_factory) -> tuple[str, Path]:
    """The address of a dashboard on a small workspace, and the file of its drawn boxes."""
    from small_workspace import build

    root = build(tmp_path_factory.mktemp("workspace"))
    return serve(root), root / "data" / "parts" / "colours.json"


def opened(chromium, place, wait, **options):
    page = chromium.new_context(
        **({"viewport": {"width": 1400, "height": 900}, "locale": "en-US"} | options)
    ).new_page()
    page.goto(place[0] + PAGE)
    wait(page)
    page.locator(".stage[data-sample]").scroll_into_view_if_needed()
    return page


def point(page, x, y):
    """Where a pixel of the image lies on the screen."""
    stage = page.locator(".stage")
    box = stage.bounding_box()
    scale, left, top = map(float, stage.get_attribute("data-view").split())
    return box["x"] + left + x * scale, box["y"] + top + y * scale


def drag(page, start, end):
    page.mouse.move(*point(page, *start))
    page.mouse.down()
    page.mouse.move(*point(page, *end), steps=6)
    page.mouse.up()


def saved(page, n):
    page.locator(f".stage[data-saved=true][data-boxes='{n}']").wait_for(timeout=60_000)


def boxes(path):
    document = json.loads(path.read_text(encoding="utf-8"))
    ids = {row["id"]: row["file_name"] for row in document["images"]}
    return [(ids[row["image_id"]], *row["bbox"]) for row in document["annotations"]]


def test_the_part_that_is_drawn_is_in_the_address(chromium, place, wait):
    page = opened(chromium, place, wait)
    page.get_by_label("Another part").fill("wheel")
    page.get_by_label("Another part").press("Enter")
    page.wait_for_url(lambda url: "draw_part=wheel" in url, timeout=20_000)


def test_a_dragged_box_is_stored_and_counted(chromium, place, wait):
    page = opened(chromium, place, wait)
    drag(page, (10, 8), (40, 32))
    saved(page, 1)
    [(sample, *box)] = boxes(place[1])
    assert sample == SAMPLE and box == pytest.approx([10, 8, 30, 24], abs=1)
    wait(page)
    # Moved by its middle, resized by a corner, then by keys.
    left, top, width, height = box
    drag(page, (left + width / 2, top + height / 2), (left + width / 2 + 5, top + height / 2 + 4))
    page.locator(".stage[data-saved=true]").wait_for()
    wait(page)
    assert boxes(place[1])[0][1:] == (left + 5, top + 4, width, height)
    drag(page, (left + 5 + width, top + 4 + height), (left + width + 15, top + 8 + height))
    page.locator(".stage[data-saved=true]").wait_for()
    wait(page)
    assert boxes(place[1])[0][1:] == pytest.approx((left + 5, top + 4, width + 10, height + 4), abs=1)
    before = boxes(place[1])[0]
    page.locator(".stage").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    page.wait_for_timeout(100)
    page.locator(".stage[data-saved=true]").wait_for()
    wait(page)
    assert boxes(place[1])[0] == (SAMPLE, before[1] - 1, before[2], before[3], before[4] - 1)
    # A reload shows it.
    page.reload()
    wait(page)
    saved(page, 1)
    # The next image: a second box; then attention counts both.
    page.keyboard.press("j")
    page.locator(f".stage:not([data-sample='{SAMPLE}'])").wait_for(timeout=60_000)
    wait(page)
    drag(page, (5, 5), (50, 40))
    saved(page, 1)
    wait(page)
    assert len(boxes(place[1])) == 2
    page.get_by_role("button", name="Use the new boxes below").click()
    page.get_by_text("2 of 33 images are annotated").wait_for(timeout=60_000)
    page.get_by_role("button", name="Measure").click()
    page.get_by_text("What the images so far can tell").wait_for(timeout=120_000)
    page.get_by_text("n = 2").first.wait_for(timeout=60_000)


def test_quick_work_loses_nothing(chromium, place, wait):
    """Three boxes and a deletion faster than the server answers."""
    page = opened(chromium, place, wait)
    for i in range(3):
        drag(page, (2 + 20 * i, 4), (14 + 20 * i, 20))
        page.keyboard.press("Escape")
        page.locator(".stage").focus()
        page.keyboard.press("Escape")
    page.mouse.click(*point(page, 8, 12))
    page.keyboard.press("Delete")
    saved(page, 2)
    wait(page)
    saved(page, 2)
    assert sorted(row[1] for row in boxes(place[1])) == pytest.approx([22, 42], abs=1)


def test_a_finger_draws_on_a_phone(chromium, place, wait):
    page = opened(chromium, place, wait, viewport={"width": 420, "height": 900}, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    touch = page.context.new_cdp_session(page)
    scroll = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    start, end = point(page, 12, 10), point(page, 44, 30)

    def send(kind, at=None):
        points = [{"x": at[0], "y": at[1]}] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", start)
    for share in (0.3, 0.6, 1):
        send("touchMove", [a + (b - a) * share for a, b in zip(start, end)])
    send("touchEnd")
    saved(page, 1)
    [(_sample, *box)] = boxes(place[1])
    assert box == pytest.approx([12, 10, 32, 20], abs=1)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == scroll
