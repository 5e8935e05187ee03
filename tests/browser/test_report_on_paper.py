"""The report on A4: nothing is cut, the summary is one page, and on screens it fits narrow ones and dark ones."""

import re

import pytest

from carvis.report import ReportSettings, report_html
from tests.report.test_summary import model

# An A4 page less the margins of page.css, in CSS pixels.
WIDTH, HEIGHT = 680, 998
LONG = [
    "ファインチューニング済みのとても長い名前のモデルその{}・とても長い名前のモデル",
    "model_{}_" + "with_a_long_name_" * 3,
]


@pytest.fixture(scope="module", params=[(1, 2, False), (3, 20, False), (8, 20, True), (8, 120, True)], ids=str)
def report(request, tmp_path_factory):
    n, classes, long = request.param
    names = [LONG[i % 2].format(i) if long else f"model {i}" for i in range(n)]
    labels = [f"{'とても長いクラスの名前' * 3 if long and i % 2 else 'class'} {i}" for i in range(classes)]
    models = [model(name, range(90 + 8 * i), 240, labels) for i, name in enumerate(names)]
    for evaluation in models:
        evaluation.setup["notes"] += [
            f"{k}: the order of the classes was assumed from the folders. " * 3 for k in range(9)
        ]
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report_html(models, ReportSettings(language="ja" if long else "en")), encoding="utf-8")
    return path


def cut(page):
    """What sticks out at the right."""
    return page.evaluate(
        "[...document.querySelectorAll('table, td, th, img, svg, p, li, h1, h2, h3')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
    )


def test_printed(chromium, report):
    page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(report.as_uri())
    page.emulate_media(media="print")
    assert cut(page) == []
    assert page.evaluate("document.querySelector('.summary').getBoundingClientRect().height") < HEIGHT
    # Every image fits a page whole.
    assert page.evaluate("[...document.images].every(i => i.getBoundingClientRect().height < 900)")
    assert page.evaluate("[...document.images].every(i => i.alt.length > 3 && i.naturalWidth > 0)")
    pdf = page.pdf(prefer_css_page_size=True)
    boxes = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf))
    assert {(round(float(w)), round(float(h))) for w, h in boxes} == {(595, 842)}
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    page.close()


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (1200, "dark"), (420, "light")])
def test_on_a_screen(chromium, report, width, scheme):
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    paper, ink = page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    assert paper != ink and (paper == "rgb(255, 255, 255)") == (scheme == "light")
    page.close()
