"""Real keys: J and K step, 1 to 5 tag, Y and N judge; what is typed is kept; two tabs do not overwrite each other."""

import re
from pathlib import Path

GALLERY = "/misclassified?table=colours/test/poor&true=blue&sort=name"
QUEUE = "/misclassified?data=colours&look=labels&queue=all&model=good&model=poor"


def opened(page) -> str:
    """The image that the address names."""
    return page.evaluate("new URL(location.href).searchParams.get('open')")


def press(page, key, wait) -> None:
    page.keyboard.press(key)
    wait(page)


def until_saved(open_view, wait, address: str, text: str) -> None:
    """Wait until the note is saved, as a window opened anew shows it."""
    page = open_view(address)
    for _ in range(30):
        if page.get_by_role("dialog").locator("textarea").input_value() == text:
            page.context.close()
            return
        page.reload()
        wait(page)
    raise AssertionError(f"never saved: {text}")


def tag_button(page, number):
    return page.locator(f".st-key-tag_{number} button")


def test_keys_step_through_the_gallery_and_tag(open_view, wait):
    page = open_view(GALLERY)
    press(page, "j", wait)
    page.get_by_role("dialog").wait_for()
    assert opened(page) == "test/blue/car 0.png"
    press(page, "j", wait)
    assert opened(page) == "test/blue/car 1.png"
    press(page, "k", wait)
    press(page, "k", wait)
    assert opened(page) == "test/blue/car 0.png"
    assert tag_button(page, 1).get_attribute("kind") == "secondary"
    press(page, "1", wait)
    press(page, "4", wait)
    assert [tag_button(page, n).get_attribute("kind") for n in (1, 2, 4)] == ["primary", "secondary", "primary"]
    press(page, "4", wait)
    press(page, "Escape", wait)
    page.get_by_role("dialog").wait_for(state="hidden")
    assert "label wrong" in page.locator("[class*=st-key-tagging_]").first.inner_text()
    page = open_view(GALLERY + "&tag=label-wrong")
    assert page.locator("[class*=st-key-open_] button").count() == 1


def test_a_note_is_saved_while_it_is_typed_and_its_letters_press_no_keys(open_view, wait):
    page = open_view(GALLERY + "&open=test%2Fblue%2Fcar+2.png")
    field = page.get_by_role("dialog").locator("textarea")
    field.click()
    page.keyboard.type("jk1 青い車")
    until_saved(open_view, wait, GALLERY + "&open=test%2Fblue%2Fcar+2.png", "jk1 青い車")
    wait(page)
    assert opened(page) == "test/blue/car 2.png"
    assert tag_button(page, 1).get_attribute("kind") == "secondary"
    page.keyboard.type(" and more")
    until_saved(open_view, wait, GALLERY + "&open=test%2Fblue%2Fcar+2.png", "jk1 青い車 and more")
    assert field.input_value() == "jk1 青い車 and more"


def test_two_tabs_do_not_overwrite_each_others_notes(open_view, wait):
    address = GALLERY + "&open=test%2Fblue%2Fcar+3.png"
    first, second = open_view(address), open_view(address)
    first.get_by_role("dialog").locator("textarea").fill("from the first")
    until_saved(open_view, wait, address, "from the first")
    dialog = second.get_by_role("dialog")
    dialog.locator("textarea").fill("from the second")
    dialog.get_by_text("changed in another window").wait_for(timeout=60_000)
    assert dialog.locator("textarea").input_value() == "from the second"
    dialog.get_by_role("button", name="Keep both").click()
    until_saved(open_view, wait, address, "from the first\nfrom the second")


def test_a_picture_is_tagged_right_in_the_gallery(open_view, wait):
    page = open_view(GALLERY.replace("true=blue", "true=green"))
    page.locator("[class*=st-key-tagging_] button").first.click()
    wait(page)
    page.get_by_test_id("stPopoverBody").get_by_text("not a car", exact=True).click()
    wait(page)
    page.keyboard.press("Escape")
    assert "not a car" in page.locator("[class*=st-key-tagging_]").first.inner_text()


def test_labels_are_judged_by_key(open_view, wait):
    page = open_view(QUEUE)
    position = page.get_by_text(re.compile(r"^\d+ / \d+$"))
    assert position.inner_text().startswith("1 /")
    press(page, "y", wait)
    assert position.inner_text().startswith("2 /")
    press(page, "j", wait)
    press(page, "n", wait)
    assert position.inner_text().startswith("4 /")
    press(page, "k", wait)
    assert page.locator(".st-key-decide_rejected button").get_attribute("kind") == "primary"
    assert page.get_by_text("Confirmed wrong in total: 1").is_visible()
    with page.expect_download() as event:
        page.get_by_role("button", name="Corrected labels").click()
    lines = Path(event.value.path()).read_text("utf-8-sig").splitlines()
    assert lines[0] == "id,path,label,suggested,decision,corrected" and len(lines) == 33
    assert sum(",confirmed," in line for line in lines) == sum(",rejected," in line for line in lines) == 1


def test_the_queue_speaks_japanese_on_a_narrow_screen(open_view):
    page = open_view(QUEUE, width=420, locale="ja-JP")
    assert page.get_by_role("button", name="ラベルは誤り").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
