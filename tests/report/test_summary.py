"""The first page says which model is best and whether that is real, and what speaks against believing it."""

import re
import unicodedata
from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest

from carvis.explain.attention import Attention
from carvis.explain.attention.result import MEASURES
from carvis.language import Message
from carvis.report import ReportSettings, report_html
from carvis.report.attention import Measured
from carvis.report.blocks import Range, Table, scale_start, shortened
from carvis.report.context import Context
from carvis.report.html import css_string
from carvis.report.sections.attention import attention as attention_section
from carvis.report.sections.summary import summary
from tests.evaluation.small_evaluations import evaluation

CONFIDENCE = 0.8


def model(name, right, n=40, classes=("a", "b"), confidence=CONFIDENCE):
    """A model that is right on the images ``right`` of ``n``, whose labels take turns."""
    rows = []
    for i in range(n):
        label = i % len(classes)
        named = label if i in right else (label + 1) % len(classes)
        rest = (1 - confidence) / (len(classes) - 1)
        scores = [confidence if k == named else rest for k in range(len(classes))]
        rows.append((f"test/{i:04d}.jpg", classes[label], scores))
    return evaluation(name, list(classes), rows)


def first_page(evaluations, **options):
    page = report_html(evaluations, **options)
    return unescape(re.sub(r"<[^>]+>", " ", page.split("<main>")[0].split("</style>")[1]))


def sentences(page):
    """Every text of a page in a paragraph, heading or list, without what stands on images."""
    body = re.sub(r"<(figcaption|svg|table|nav).*?</\1>", "", page.split("</style>")[1], flags=re.S)
    matches = re.findall(r"<(?:p|h\d|li)[^>]*>(.*?)</", body, re.S)
    texts = [unescape(re.sub(r"<[^>]+>", "", item)).strip() for item in matches]
    return [sentence for text in texts for sentence in re.split(r"(?<=[.。]) ?", text) if len(sentence) > 24]


def test_a_real_gap_is_called_real():
    # Right alone on 12 and 0 images: p = 2 / 2 ** 12 = 0.00049.
    page = first_page([model("worse", range(20)), model("better", range(32))])
    assert "better is the best model, and the gap is real." in page
    assert "better is right on 80.0% of 40 images (95 % CI 65.2 – 89.5%)." in page
    assert "Only better is right on 12 images; only worse on 0 (McNemar p = 0.00049)." in page


def test_a_gap_that_could_be_chance_is_not():
    page = first_page([model("one", range(30)), model("two", range(28, 40)), model("three", range(31))])
    assert "three has the highest accuracy, but its lead over one could be chance." in page
    assert "Only three is right on 1 image; only one on 0 (McNemar p = 1.00)." in page


def test_equal_models_are_called_equal():
    page = first_page([model("one", range(30)), model("two", range(30))])
    assert "one and two are equally accurate. " in page and "Both are right on exactly the same images." in page


def test_what_speaks_against_the_figures_is_said():
    leaky = model("m", range(32))
    leaky = replace(leaky, metrics=leaky.metrics | {"leak": {"copies": 8, "exact": 2, "clean": 32, "correct": 24}})
    leaky.setup["notes"].append(Message("The class order was guessed."))
    page = first_page([leaky])
    assert "Leakage: 8 of 40 images are also in training, exactly or nearly." in page
    assert "Without them the accuracy of m is 75.0% (95 % CI" in page
    assert "m: The class order was guessed." in page
    assert "The images of the data set are missing" in page
    # Sure of 0.8 and right on 0.8: nothing to say. Sure of 0.98 and right on 0.8: 18 points.
    assert "off by" not in page
    assert "The confidence of m is off by 18.0% on average" in first_page([model("m", range(32), confidence=0.98)])
    few = replace(leaky, metrics=leaky.metrics | {"leak": {"copies": 38, "exact": 38, "clean": 2, "correct": 1}})
    assert "Too few are left to measure without them" in first_page([few])


def test_without_training_images_leakage_is_called_unchecked():
    assert "Leakage was not checked" in first_page([model("m", range(32))])


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize(("models", "classes"), [(1, 2), (3, 20), (8, 5)])
def test_no_sentence_stands_twice(models, classes, language):
    names = [f"class {i}" for i in range(classes)]
    result = [model(f"model {i}", range(20 + 2 * i), classes=names) for i in range(models)]
    for item in result:
        item.setup["notes"].append("The same was assumed of all of these models.")
    sentences_found = sentences(report_html(result, ReportSettings(language=language)))
    assert len(sentences_found) > 6
    assert [item for item in set(sentences_found) if sentences_found.count(item) > 1] == (
        # Told once as a warning, once where everything assumed is listed.
        [item for item in set(sentences_found) if "The same was assumed" in item]
    )


def test_many_models_with_long_names_are_called_by_letters():
    names = [f"モデル{i}・{'とても長い名前' * 7}"[:60] for i in range(8)]
    result = [model(name, range(20 + 2 * i)) for i, name in enumerate(names)]
    context = Context({item.setup["model"]["name"]: item for item in result}, None, {})
    assert context.keys[names[7]] == "A" and context.keys[names[0]] == "H"
    page = report_html(result)
    assert f"A · {names[7]}" in page.split("<main>")[1] and ">H</th>" in page
    assert "The 4 most accurate of 8 models" in page
    short = Context({"one": result[0], "two": result[1]}, None, {})
    assert short.keys == {"one": "one", "two": "two"} and not short.lettered


def test_a_model_may_be_called_as_a_column_is():
    page = report_html([model("images", range(30)), model("class", range(32)), model("label", range(20))])
    assert page.count(">images</th>") > 2 and ">class</th>" in page


def test_names_are_names_in_the_heading_of_printed_pages():
    assert css_string('a"b\\</style>車') == '"a\\22 b\\5c \\3c \\2f style\\3e 車"'
    hostile = model('x"}</style><script>alert(1)</script>', range(30))
    hostile.setup["dataset"] = {"name": '"}</style><b>', "fingerprint": "f"}
    page = report_html([hostile])
    assert "<script" not in page and page.count("</style>") == 1 and "<b>" not in page


def test_the_size_of_the_file_stands_in_it():
    page = report_html([model("m", range(32))])
    match = re.search(r"One file \(([\d.]+) MB", page)
    assert abs(float(match.group(1)) - len(page.encode()) / 1e6) <= 0.051 and "{{" not in page


def test_long_tables_stand_side_by_side():
    table = Table(("class", "n"), tuple((f"c{i}", str(i)) for i in range(7)), beside=2)
    assert [[place for place, _row in piece] for piece in table.pieces] == [[0, 1, 2, 3], [4, 5, 6]]
    assert Table(("class",), ()).pieces == [[]]


def test_scales_hold_what_they_show():
    assert scale_start([0.238, 0.9]) == 0 and scale_start([0.74, 0.8]) == 0.7 and scale_start([1.0]) == 0.9
    assert scale_start([np.nan]) == 0
    patterns = Range(0.85, 0.7, 1.0, 0.7, "")
    assert [patterns.place(share) for share in (0.7, 0.85, 1.0, 0.1)] == [0, 50, 100, 0]


def test_a_long_file_name_keeps_both_ends():
    name = "Brentis-sedan_a0537a08ea20_5.jpg"
    assert shortened(name) == "Brentis-…37a08ea20_5.jpg" and shortened("a.jpg") == "a.jpg"
    assert unicodedata.normalize("NFC", shortened("車" * 40))[0] == "車"


def measured(occlude):
    """The attention of a model on 12 images: 60 % on the body, which is half of each, 40 % on the emblem, a tenth."""
    facts = {"id": [str(i) for i in range(12)], "label": "a", "predicted": "a", "confidence": 0.9, "right": True}
    facts |= {"target": "a", "probability": 0.9, "status": "ok"}
    for part, area, share, fall in (("body", 0.5, 0.6, 0.25), ("emblem", 0.1, 0.4, 0.5)):
        values = {"area": area, "share": share, "point": 0.0, "overlap": 0.0}
        values |= {"fall": fall, "control": 0.125} if occlude else {}
        facts |= {f"{measure}:{part}": values.get(measure, np.nan) for measure in MEASURES}
    setup = {"cover": occlude, "method": "grad-cam", "data": "cars", "split": "test", "model": "m"}
    return Attention(pd.DataFrame(facts), ("body", "emblem"), {}, setup=setup)


@pytest.mark.parametrize("full", [True, False])
def test_where_models_look_is_said_first_and_shown_later(full):
    context = Context({"m": model("m", range(32))}, None, {})
    context.__dict__["attention"] = {"m": Measured(measured(full), full)}
    section = attention_section(context)
    text = summary(context, [section]).looking
    assert text[0] == (
        "m: 60% of the evidence is on the body (50% of the image); relative to size, it looks most at the emblem "
        "(4.0 times its area)."
    )
    assert ("Whether a model needs what it looks at was not measured." in text) is not full
    tables = [block for block in section.blocks if block.kind == "table"]
    assert [row[:3] for row in tables[0].rows] == [("body", "12", "50.0%"), ("emblem", "12", "10.0%")]
    assert [cell.text for _part, _n, _area, cell in tables[0].rows] == ["60.0%", "40.0%"]
    assert [block.kind for block in section.blocks].count("image") == full
    if full:
        assert tables[1].rows == (("body", "+0.25 (+0.12)"), ("emblem", "+0.50 (+0.12)"))
