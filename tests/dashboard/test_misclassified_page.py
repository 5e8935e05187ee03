"""The gallery: filters, order, selection, the image in the large view."""

import re

import pandas as pd
import pytest

from carvis.evaluation import load_evaluation


@pytest.fixture
def mistakes(workspace) -> pd.DataFrame:
    return load_evaluation(workspace / "data" / "evaluations" / "colours" / "test" / "poor").misclassified()


def shown(app) -> list[str]:
    return [button.key.removeprefix("open_") for button in app.button if (button.key or "").startswith("open_")]


def open_poor(open_page, **params):
    app = open_page("misclassified", table="colours/test/poor", **params)
    assert not app.exception
    return app


def test_the_most_confident_mistakes_come_first(mistakes, open_page):
    app = open_poor(open_page)
    assert len(mistakes) >= 8
    assert shown(app) == mistakes["id"].head(24).tolist()


def test_filters_and_order_change_what_is_shown(mistakes, open_page):
    app = open_poor(open_page)
    label = mistakes["label"].iloc[0]
    app.selectbox(key="choose_true").select(label).run()
    of_label = mistakes[mistakes["label"] == label]
    assert shown(app) == of_label["id"].tolist()
    assert app.query_params["true"] == label
    app.selectbox(key="choose_sort").select("name").run()
    assert shown(app) == sorted(of_label["id"])
    app.selectbox(key="choose_true").set_value(None).run()
    assert len(shown(app)) == min(24, len(mistakes))
    confidence = int(mistakes["confidence"].median() * 100)
    app.slider(key="choose_confidence").set_range(confidence, 100).run()
    assert len(shown(app)) == (mistakes["confidence"] >= confidence / 100).sum()
    assert not app.exception


def test_selected_images_go_to_the_heatmaps_and_come_back(mistakes, open_page, words):
    app = open_poor(open_page)
    first, second = mistakes["id"].iloc[0], mistakes["id"].iloc[1]
    app.checkbox(key=f"pick_{first}").check().run()
    app.checkbox(key=f"pick_{second}").check().run()
    assert app.query_params["sample"] == [first, second]
    app.switch_page("app_pages/heatmaps.py").run()
    assert not app.exception
    assert app.query_params["sample"] == [first, second]
    text = words(app).replace("\\", "")
    assert first in text and second in text
    app.switch_page("app_pages/misclassified.py").run()
    assert app.checkbox(key=f"pick_{first}").value and app.query_params["table"] == "colours/test/poor"
    app.checkbox(key=f"pick_{first}").uncheck().run()
    assert app.query_params["sample"] == second


def test_the_large_view_names_its_five_most_probable_classes(mistakes, open_page):
    row = mistakes.iloc[0]
    app = open_poor(open_page, open=row["id"])
    assert not app.exception
    bars = [bar.text.replace("\\", "") for bar in app.progress]
    assert len(bars) == 4 and bars[0].startswith(f"**{row['predicted']}** ")
    assert re.search("check_circle", "".join(bars))
    app.button(key="step_1").click().run()
    assert app.query_params["open"] == mistakes["id"].iloc[1]


def test_the_tutorials_table_shows_what_the_evaluations_know(workspace, open_page):
    app = open_page("misclassified", table="data/incorrect/df2.csv", open="test/blue/car 0.png")
    assert not app.exception
    assert app.progress


def test_many_rows_are_shown_page_by_page(own_workspace, open_page):
    folder = own_workspace / "data" / "colours" / "test" / "blue"
    rows = [f"colours/test/blue/{path.name}" for path in sorted(folder.glob("*.png"))] + [
        f"colours/test/blue/gone {i}.png" for i in range(60)
    ]
    (own_workspace / "data" / "incorrect" / "long.csv").write_text("PATH\n" + "\n".join(rows), encoding="utf-8")
    app = open_page("misclassified", table="data/incorrect/long.csv", sort="name")
    assert sum("gone" in str(caption.value) for caption in app.caption) <= 24
    app.get_by_key("choose_page").set_value(2).run()
    assert not app.exception and app.query_params["page"] == "2"
