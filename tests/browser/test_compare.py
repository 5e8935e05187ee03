"""What only a browser shows of page Compare models: a click on the chart of patterns."""

import re


def test_a_click_on_a_pattern_opens_its_pictures(open_view, wait):
    page = open_view("/compare?data=colours&model=poor&model=good")
    pictures = page.locator("[data-testid=stMain] [data-testid=stImage] img")
    assert pictures.count() == 0
    chart = page.locator(".st-key-compare_lattice svg.marks")
    chart.scroll_into_view_if_needed()
    whole = chart.bounding_box()
    row = chart.locator("text", has_text="Only good is right").bounding_box()
    page.mouse.click(whole["x"] + 0.7 * whole["width"], row["y"] + row["height"] / 2)
    page.wait_for_url(re.compile("pattern=01"))
    wait(page)
    assert pictures.count() > 0 and page.get_by_text("Only good is right").count() > 0
    page.get_by_role("button", name="Close").click()
    page.wait_for_function("!location.href.includes('pattern=')")
    wait(page)
    assert pictures.count() == 0
