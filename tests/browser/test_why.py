"""The panel "Why?" in a browser: from the large view to the heatmaps of an image and one near it."""


def test_from_an_opened_image_to_both_heatmaps(open_view, wait):
    page = open_view("/misclassified?data=colours&table=colours/test/good&model=good&near=test", width=420)
    page.locator("[class*=st-key-open_] button").first.click()
    window = page.get_by_role("dialog")
    window.get_by_text("of the 10 test images nearest to it for").wait_for()
    wait(page)
    # Nothing is wider than the window.
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    window.get_by_role("link", name="Compare").first.click()
    page.get_by_role("heading", name="Heatmaps").wait_for()
    maps = page.get_by_role("img", name="heatmap for")
    maps.nth(1).wait_for()
    wait(page)
    assert maps.count() == 2
    assert page.url.count("sample=") == 2 and "explain=class" in page.url
    page.get_by_text("Why? The images nearest to it").first.click()
    page.get_by_text("of the 10 test images nearest to it for").first.wait_for()
    assert not page.foreign
