"""Every page on a small real workspace, on an empty one, with broken files and with hostile links."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from carvis.language import _, speaking

DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard"
# The pages in the order of the menu, each with its title there.
PAGES = dict(
    re.findall(r'"app_pages/(\w+)\.py",\s+title=_\("(.+?)"\)', (DASHBOARD / "navigation.py").read_text("utf-8"))
)
del PAGES["overview_address"]


def through_all(app, **params):
    """Run every page in turn under the same URL parameters."""
    for page in PAGES:
        for name, value in params.items():
            app.query_params[name] = value
        app.switch_page(f"app_pages/{page}.py").run()
        assert not app.exception, page
        yield page


def test_every_page_is_in_the_menu():
    assert PAGES.keys() == {file.stem for file in DASHBOARD.glob("app_pages/*.py")} - {"overview_address"}


@pytest.mark.parametrize(("lang", "workspace_word"), [("en", "Workspace:"), ("ja", "ワークスペース:")])
def test_every_page_shows_the_workspace(workspace, open_page, words, lang, workspace_word):
    app = open_page(lang=lang)
    with speaking(lang):
        titles = {page: _(title) for page, title in PAGES.items()}
    assert (titles["overview"] == "概要") == (lang == "ja")
    for page in through_all(app, lang=lang):
        assert app.title[0].value == titles[page]
        assert workspace_word in words(app)


def test_an_empty_workspace_names_the_next_step(empty_workspace, open_page, words):
    app = open_page()
    for _page in through_all(app):
        assert app.info and app.code
        assert "python -m carvis" in words(app)


def test_a_workspace_that_is_not_there_is_said_in_one_sentence(monkeypatch, tmp_path, open_page):
    monkeypatch.setenv("CARVIS_WORKSPACE", str(tmp_path / "gone"))
    app = open_page()
    assert not app.exception
    assert len(app.error) == 1 and "gone" in app.error[0].value


@pytest.mark.parametrize(
    "params",
    [
        {"data": "../../../etc", "split": "test", "table": "/etc/passwd"},
        {"sample": ["../../../../etc/passwd", "/etc/hosts", "test/blue/broken.jpg", "test/none.png", "C:\\x.png"]},
        {"model": ["../broken", "broken", "<script>alert(1)</script>"], "layer": ["good:../x", "x", ":"]},
        {"page": "-3", "low": "x", "strength": "1e9", "view": "\x00", "sort": "'; --", "lang": "../../x"},
        {"page": "999999", "true": "**bold** $x$ :red[x]", "pred": "nobody", "open": "test/none.png"},
        {"parts": "../../../etc/passwd", "part": "**x**", "measure": "all", "cover": "maybe", "method": "magic"},
        {"explain": "class:[x](javascript:alert(1))", "scale": "density", "view": "both", "colours": "tutorial"},
    ],
)
def test_a_hostile_link_leaves_every_page_working(workspace, open_page, words, params):
    app = open_page(**params)
    for _page in through_all(app, **params):
        assert app.title and "root:x:0" not in words(app)


def test_the_language_follows_the_browser_and_can_be_changed(workspace, open_page):
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(DASHBOARD / "navigation.py"), default_timeout=180)
    app.context = {"locale": "ja-JP"}
    app.run()
    assert app.title[0].value == "概要"
    app.get_by_key("choose_lang").set_value("en").run()
    assert app.title[0].value == "Overview"
    assert app.query_params["lang"] == "en"
    app.switch_page("app_pages/models.py").run()
    assert app.title[0].value == "Models"


def test_pages_that_need_no_model_load_no_tensorflow(workspace):
    script = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({str(DASHBOARD / "navigation.py")!r}, default_timeout=180).run()
assert not app.exception and app.title[0].value == "Overview", app.exception
app.switch_page("app_pages/confusion.py").run()
assert not app.exception and app.title[0].value == "Confusion matrix", app.exception
app.switch_page("app_pages/misclassified.py").run()
assert not app.exception and app.title[0].value == "Misclassified", app.exception
sample = app.session_state
keys = [box.key for box in app.button if box.key and box.key.startswith("open_")]
app.button(key=keys[0]).click().run()
assert not app.exception, app.exception
assert not {{"tensorflow", "keras"}} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=300)


def test_overview_counts_and_measures(workspace, open_page, words):
    app = open_page()
    models = app.dataframe[0].value.set_index("model")
    assert set(models.index) == {"good", "poor", "no card", "broken"}
    assert models.loc["good", "accuracy"] > models.loc["poor", "accuracy"] > 0
    assert bool(models.loc["good", "card"]) and not bool(models.loc["no card", "card"])
    assert "4 classes" in words(app)
    assert "Training 8" in words(app).replace("\\", "") and "Test 33" in words(app).replace("\\", "")


def test_a_picture_that_vanished_is_listed_as_missing(workspace, open_page, words):
    app = open_page("misclassified", table="data/incorrect/df2.csv")
    assert not app.exception
    assert "Image missing" in words(app) and "gone" in words(app)
    assert "1 image was not found" in words(app)


def test_a_model_without_its_file_is_no_unknown_name(own_workspace, open_page):
    """Its predictions are shown; pages that would run it say why they do not."""
    (own_workspace / "models" / "poor.keras").unlink()
    app = open_page("compare", data="colours", model=["good", "poor"])
    assert not app.exception and not app.warning
    app = open_page("heatmaps", data="colours", model=["good", "poor"], sample=["test/blue/car 0.png"])
    assert [one.value for one in app.warning] == [
        "poor has no model file in this workspace, so it cannot be run. Its saved predictions are on other pages, such "
        "as Compare models."
    ]
    app = open_page("heatmaps", data="colours", model=["nobody"])
    assert [one.value for one in app.warning] == ["The link refers to items that are not in this workspace: nobody."]


def test_a_broken_table_and_evaluation_break_no_page(own_workspace, open_page):
    (own_workspace / "data" / "incorrect" / "bad.csv").write_bytes(b"\x00\x01\x02")
    (own_workspace / "data" / "evaluations" / "colours" / "test" / "good" / "metrics.json").write_text("{")
    app = open_page()
    for page in through_all(app, table="data/incorrect/bad.csv"):
        quiet = ("data_health", "training", "filters")
        named = any("cannot be read" in box.label for box in app.get("expander"))
        assert page in quiet or app.error or named, page


def test_a_link_in_japanese_shows_the_navigation_in_japanese_at_once(workspace, open_page):
    app = open_page(lang="ja")
    labels = [link.proto.label for link in app.sidebar.get("page_link")]
    assert "モデルの比較" in labels and "Compare models" not in labels
