"""Every page opens at its own address, whatever follows it."""

import pytest

PAGES = {
    "/": "Overview", "/overview": "Overview", "/models": "Models", "/data-health": "Data", "/training": "Training runs",
    "/confusion": "Confusion matrix", "/compare": "Compare models", "/misclassified": "Misclassified",
    "/heatmaps": "Heatmaps", "/attention": "Where models look", "/filters": "Filters", "/activations": "Activations",
    "/slices": "Slices",
}  # fmt: skip


@pytest.mark.parametrize("address", [*PAGES, "/overview?data=colours", "/models/?model=good", "/overview/"])
def test_a_page_opens_at_its_address(chromium, dashboard, wait, address):
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, locale="en-US")
    page, missing = context.new_page(), []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    page.goto(dashboard + address)
    wait(page)
    title = PAGES[address.partition("?")[0].rstrip("/") or "/"]
    assert page.locator("h1").all_inner_texts() == [title]
    assert page.get_by_text("Page not found").count() == 0
    # Streamlit asks for these beside a page's address before it asks at the root.
    assert all("/_stcore/" in url for url in missing)
    assert page.get_by_test_id("stSidebar").get_by_role("link", name=title, exact=True).count() == 1
    context.close()
