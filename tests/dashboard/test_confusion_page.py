"""Page Confusion matrix: whose matrix, what a cell opens, tables, differences, what cannot be compared."""

import json
from urllib.parse import parse_qs

import pandas as pd
import pyarrow as pa
import pytest

from carvis.evaluation import class_scores, load_evaluation
from tests.evaluation.small_evaluations import evaluation

POOR, GOOD = "colours/test/poor", "colours/test/good"


def saved(workspace, name):
    return load_evaluation(workspace / "data" / "evaluations" / "colours" / "test" / name)


def charts(app) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]


def cells(app, number=0) -> dict[tuple[str, str], str]:
    """What stands in the cells of a chart: (true, predicted) -> words."""
    chart = app.get("vega_lite_chart")[number]
    named = {one.name: one.data.data for one in chart.proto.datasets}
    spec = json.loads(chart.proto.spec)
    source = spec.get("data") or spec["layer"][0]["data"]
    table = pa.ipc.open_stream(named[source["name"]]).read_pandas()
    return dict(zip(zip(table["true"], table["pred"]), table["words"]))


def classes(app) -> set[str]:
    """The classes that a chart has rows for."""
    return set(charts(app)[0]["layer"][0]["encoding"]["y"]["scale"]["domain"])


def frames(app) -> list[pd.DataFrame]:
    return [frame.value for frame in app.dataframe]


def link_of(app, page: str) -> str:
    return next(link.proto.query_string for link in app.main.get("page_link") if link.proto.page.endswith(page))


def open_poor(open_page, **params):
    app = open_page("confusion", table=POOR, **params)
    assert not app.exception and not app.error
    return app


def test_the_cells_are_the_evaluations_counts(workspace, open_page):
    counts = saved(workspace, "poor").confusion
    app = open_poor(open_page)
    filled = counts.stack()
    assert cells(app) == {pair: str(n) for pair, n in filled[filled > 0].items()}
    app = open_poor(open_page, cells="row", diagonal="hide", axis="log")
    share = counts.div(counts.sum(axis=1), axis=0).stack()
    expected = {pair: str(round(100 * v)) for pair, v in share[share > 0].items() if pair[0] != pair[1]}
    assert cells(app) == expected


def test_without_a_choice_the_most_confused_cell_is_open_and_boxes_choose_another(workspace, open_page, words):
    app = open_poor(open_page)
    # The poor model answers blue for green and green for blue and for 青い車, eight pictures each.
    assert (app.selectbox(key="cell_true").value, app.selectbox(key="cell_pred").value) == ("blue", "green")
    app.selectbox(key="cell_true").select("red *car*").run()
    app.selectbox(key="cell_pred").select("red *car*").run()
    assert app.query_params["true"] == "red *car*" and app.query_params["pred"] == "red *car*"
    assert "8 of 8 images of **red *car*** are predicted correctly" in words(app).replace("\\", "")
    assert len(app.get("image")) == 8
    app.selectbox(key="cell_pred").select("green").run()
    assert "0 of 8 images of **red *car*** are predicted as **green**" in words(app).replace("\\", "")
    assert not app.get("image") and not app.exception


def test_a_cells_pictures_are_exactly_its_own(workspace, open_page):
    predictions = saved(workspace, "poor").predictions
    pairs = predictions.groupby(["label", "predicted"]).size()
    for (label, predicted), n in pairs.items():
        app = open_poor(open_page, true=label, pred=predicted)
        assert len(app.get("image")) == n
        if label != predicted:
            link = link_of(app, "misclassified")
            assert "true=" in link and "pred=" in link and "table=colours" in link
            heatmaps = link_of(app, "heatmaps")
            assert "explain=class%3A" in heatmaps and "against=class%3A" in heatmaps and "sample=test" in heatmaps


def test_the_links_open_the_pair_elsewhere(workspace, open_page):
    app = open_poor(open_page)
    true, pred = app.selectbox(key="cell_true").value, app.selectbox(key="cell_pred").value
    gallery = open_page("misclassified", table=POOR, true=true, pred=pred)
    shown = [button.key for button in gallery.button if (button.key or "").startswith("open_")]
    assert len(shown) == len(app.get("image"))


def test_two_models_stand_beside_their_difference(workspace, open_page, words):
    first, second = saved(workspace, "poor"), saved(workspace, "good")
    app = open_poor(open_page, beside=GOOD)
    assert len(charts(app)) == 3
    change = (second.confusion - first.confusion).stack()
    expected = {pair: f"{n:+d}".replace("-", "−") for pair, n in change[change != 0].items()}
    assert cells(app, 2) == expected
    assert "orange: good is higher; purple: poor is higher" in words(app).replace("\\", "")
    domains = [chart["layer"][0]["encoding"]["color"]["scale"]["domain"] for chart in charts(app)[:2]]
    assert domains[0] == domains[1]


def test_evaluations_on_other_pictures_are_said_to_be_so(own_workspace, open_page):
    other = evaluation("far", ["blue", "yellow"], [("test/blue/x.png", "blue", [0.0, 1.0])], data="elsewhere")
    other.save(own_workspace / "data" / "evaluations" / "elsewhere" / "test" / "far")
    app = open_page("confusion", table=POOR, beside="elsewhere/test/far")
    assert not app.exception
    assert len(charts(app)) == 2
    assert any("were evaluated on different images" in info.value for info in app.info)
    assert cells(app, 1) == {("blue", "yellow"): "1"}


def test_a_model_without_mistakes_has_an_empty_matrix_beside_the_diagonal(own_workspace, open_page):
    names = ["blue", "red", "yellow"]
    rows = [(f"test/{name}/x.png", name, [float(name == other) for other in names]) for name in names]
    best = evaluation("best", names, rows, data="colours")
    best.save(own_workspace / "data" / "evaluations" / "colours" / "test" / "best")
    app = open_page("confusion", table="colours/test/best", diagonal="hide")
    assert not app.error and not app.exception and cells(app) == {}


def test_pictures_changed_in_between_are_left_out_and_counted(own_workspace, open_page, words):
    folder = own_workspace / "data" / "evaluations" / "colours" / "test"
    changed = load_evaluation(folder / "good")
    changed.predictions.loc[:2, "sha256"] = "0" * 64
    changed.save(folder / "good")
    app = open_page("confusion", table=POOR, beside=GOOD)
    assert not app.exception
    assert "3 images that changed between the evaluations" in words(app)


def test_super_classes_are_merged_and_opened(own_workspace, open_page, words):
    (own_workspace / "data" / "colours" / "super_classes.csv").write_text(
        "class,super_class\nblue,cold\n青い車,cold\ngreen,warm\nred *car*,warm\n", encoding="utf-8"
    )
    counts = saved(own_workspace, "poor").confusion
    app = open_page("confusion", table=POOR, level="super", groups="data/colours/super_classes.csv")
    assert not app.exception
    cold, warm = ["blue", "青い車"], ["green", "red *car*"]
    groups = {"cold": cold, "warm": warm}
    sums = {(a, b): int(counts.loc[groups[a], groups[b]].to_numpy().sum()) for a in groups for b in groups}
    assert cells(app) == {pair: str(n) for pair, n in sums.items() if n}
    app.selectbox(key="cell_true").select("warm").run()
    app.selectbox(key="cell_pred").select("cold").run()
    assert app.query_params["within"] == ["warm", "cold"]
    assert len(app.get("image")) == min(12, sums["warm", "cold"])
    link = {name: values[0] for name, values in parse_qs(link_of(app, "misclassified")).items() if name != "family"}
    app.button(key="drill").click().run()
    assert not app.exception and len(classes(app)) == 4
    # The same pictures on page Misclassified, and all of them again once that is left.
    app = open_page("misclassified", **link, family=["warm", "cold"])
    wrong = int(counts.to_numpy().sum() - counts.to_numpy().trace())
    assert not app.exception and f"{sums['warm', 'cold']} images match the filters" in words(app)
    assert "warm predicted as cold" in app.button(key="leave_family").label
    app.button(key="leave_family").click().run()
    assert f"{wrong} of" in words(app) and "match the filters" not in words(app) and "family" not in app.query_params
    app = open_page("confusion", table=POOR, groups="data/colours/super_classes.csv", within="warm")
    assert classes(app) == {"green", "red *car*"} and cells(app) == {("red *car*", "red *car*"): "8"}
    assert "Only the classes of **warm**" in words(app)


def test_a_broken_file_of_super_classes_stops_nothing(own_workspace, open_page):
    (own_workspace / "data" / "super_classes.json").write_text("[1]", encoding="utf-8")
    app = open_page("confusion", table=POOR, groups="data/super_classes.json")
    assert not app.exception and charts(app)
    assert len(app.error) == 1 and "super" in app.error[0].value


def test_the_tables_hold_both_directions_and_the_scores(workspace, open_page):
    poor = saved(workspace, "poor")
    app = open_poor(open_page)
    pairs, table = frames(app)
    assert pairs["both"].is_monotonic_decreasing
    assert pairs["both"].sum() == (poor.predictions["label"] != poor.predictions["predicted"]).sum()
    scores = class_scores(poor.predictions, poor.class_names)
    assert table["class"].tolist() == scores.index.tolist()
    assert table["recall"].tolist() == pytest.approx((100 * scores["recall"]).tolist())
    # The poor model never answers the last class: it has no precision, and that is no 0.
    row = table[table["class"] == "青い車"].iloc[0]
    assert pd.isna(row["precision"]) and row["precision interval"] == "undefined: never predicted"


def test_200_classes_begin_with_the_most_confused(own_workspace, open_page, words):
    # One of them is a class of the data set: an evaluation of other classes alone is refused.
    names = [*(f"m{i % 20}-{i:03}" for i in range(199)), "blue"]
    rows = []
    for i, name in enumerate(names):
        for k in range(2):
            answer = [0.0] * 200
            answer[(i + 1) % 200 if k and i < 60 else i] = 1.0
            rows.append((f"test/{name}/{k}.png", name, answer))
    many = evaluation("many", names, rows, data="colours")
    many.save(own_workspace / "data" / "evaluations" / "colours" / "test" / "many")
    app = open_page("confusion", table="colours/test/many")
    assert not app.exception
    assert len(classes(app)) == 30
    assert "The 30 most confused of 200 classes are shown." in words(app)
    app.button(key="draw_all").click().run()
    assert not app.exception
    assert len(classes(app)) == 200
    assert [layer["mark"]["type"] for layer in charts(app)[0]["layer"]][:2] == ["rect", "rect"]


def test_an_empty_workspace_says_what_to_do(empty_workspace, open_page):
    app = open_page("confusion")
    assert not app.exception and app.info and "carvis evaluate" in app.code[0].value


def test_models_on_other_pictures_show_those_of_the_one_that_has_some(own_workspace, open_page, words):
    other = evaluation("far", ["blue", "yellow"], [("test/blue/x.png", "blue", [0.0, 1.0])], data="elsewhere")
    other.save(own_workspace / "data" / "evaluations" / "elsewhere" / "test" / "far")
    app = open_page("confusion", table=POOR, beside="elsewhere/test/far", true="blue", pred="yellow")
    assert not app.exception and "Images evaluated with far" in words(app)
    pairs, scores = frames(app)
    assert "change" not in pairs and "change" not in scores and "other" in scores
    app = open_page("confusion", table=POOR, beside="elsewhere/test/far", true="blue", pred="green")
    assert "Images evaluated with poor." in words(app) and len(app.get("image")) == 8


def test_a_broken_evaluation_is_one_sentence(own_workspace, open_page):
    folder = own_workspace / "data" / "evaluations" / "colours" / "test" / "good"
    (folder / "metrics.json").write_text("{", encoding="utf-8")
    app = open_page("confusion", table=POOR, beside=GOOD)
    assert not app.exception and len(app.error) == 1 and len(charts(app)) == 1
    app = open_page("confusion", table=GOOD)
    assert not app.exception and len(app.error) == 1 and not charts(app)
