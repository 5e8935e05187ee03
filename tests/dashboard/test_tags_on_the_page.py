"""Page Misclassified: tags and notes, other models' predictions, the orders, and the queue of label issues."""

import numpy as np
import pandas as pd
import pytest

from carvis.evaluation import label_errors, load_evaluation
from carvis.tags import Tags
from carvis.workspace import Workspace, sha256_of_file


@pytest.fixture
def evaluations(own_workspace):
    folder = own_workspace / "data" / "evaluations" / "colours" / "test"
    return {name: load_evaluation(folder / name) for name in ("good", "poor")}


@pytest.fixture
def mistakes(evaluations) -> pd.DataFrame:
    return evaluations["poor"].misclassified()


@pytest.fixture
def tags(own_workspace) -> Tags:
    return Tags.of(Workspace(own_workspace))


def shown(app) -> list[str]:
    return [button.key.removeprefix("open_") for button in app.button if (button.key or "").startswith("open_")]


def open_poor(open_page, **params):
    app = open_page("misclassified", table="colours/test/poor", **params)
    assert not app.exception
    return app


def test_other_models_predictions_are_a_filter(evaluations, mistakes, open_page, words):
    predictions = evaluations["good"].predictions.set_index("id")
    right = mistakes["id"].map(predictions["predicted"] == predictions["label"]).to_numpy(bool)
    assert 0 < right.sum() < len(mistakes)
    app = open_poor(open_page, answers="good:right")
    assert shown(app) == mistakes["id"][right].head(24).tolist()
    assert any(f"right: good ({right.sum()})" in option for option in app.selectbox(key="choose_answers").options)
    assert shown(open_poor(open_page, answers="good:wrong")) == mistakes["id"][~right].head(24).tolist()
    app = open_poor(open_page, answers="nobody:right")
    assert "nobody has no predictions" in words(app).replace("\\", "") and len(shown(app)) == min(24, len(mistakes))


def test_margin_and_loss_order_the_mistakes(mistakes, open_page):
    by_margin = mistakes.iloc[np.argsort(-mistakes["margin"].to_numpy(), kind="stable")]
    assert shown(open_poor(open_page, sort="margin")) == by_margin["id"].head(24).tolist()
    loss = -np.log(mistakes["p_true"].to_numpy(float).clip(1e-30))
    losses = dict(zip(mistakes["id"], loss))
    ordered = [losses[sample] for sample in shown(open_poor(open_page, sort="loss"))]
    assert ordered == sorted(loss, reverse=True)[:24] and len(set(ordered)) > 1


def test_heatmap_disagreement_orders_them_once_it_is_known(own_workspace, mistakes, open_page, words):
    models = ["poor", "good"]
    app = open_poor(open_page, sort="disagreement", model=models)
    assert "not computed yet" in words(app) and shown(app) == mistakes["id"].head(24).tolist()
    app.switch_page("app_pages/attention.py").run()
    app.button(key="work_begin").click().run()
    assert not app.exception
    app.switch_page("app_pages/misclassified.py").run()
    assert "not computed yet" not in words(app)
    file = next((own_workspace / "data" / "cache" / "disagreements").rglob("*.parquet"))
    distance = pd.read_parquet(file).set_index("id")["distance"].astype(float).fillna(-np.inf)
    ordered = [distance[sample] for sample in shown(app)]
    assert ordered == sorted(distance[mistakes["id"]], reverse=True)[:24] and len(set(ordered)) > 1


def test_a_tag_given_large_is_kept_and_filters(own_workspace, mistakes, tags, open_page, words):
    first, second = mistakes["id"].head(2)
    app = open_poor(open_page, open=first)
    app.button(key="tag_1").click().run()
    app.button(key="step_1").click().run()
    app.button(key="tag_2").click().run()
    assert not app.exception
    assert dict(zip(tags.records()["id"], tags.records()["tags"])) == {first: ("label-wrong",), second: ("blurred",)}
    assert shown(open_poor(open_page, tag="label-wrong")) == [first]
    app = open_poor(open_page, open=first)
    app.button(key="tag_1").click().run()
    assert first not in tags.records()["id"].tolist()
    app.text_input(key=f"new_tag_large_{first}").set_value("at night").run()
    assert tags.records("colours").set_index("id").loc[first, "tags"] == ("at-night",)
    assert (
        "at-night" in app.selectbox(key="choose_tag").options
        or "at-night" in open_poor(open_page).selectbox(key="choose_tag").options
    )
    # The image is replaced: the new one does not have its tag.
    path = own_workspace / "data" / "colours" / second
    other = own_workspace / "data" / "colours" / first
    path.write_bytes(other.read_bytes())
    assert not shown(open_poor(open_page, tag="blurred"))
    assert "replaced after the evaluation" in words(open_poor(open_page, open=second))


def test_the_tutorials_table_has_tags_too(own_workspace, tags, open_page):
    sample = "test/blue/car 0.png"
    app = open_page("misclassified", table="data/incorrect/df2.csv", open=sample)
    app.button(key="tag_5").click().run()
    assert not app.exception
    sha256 = sha256_of_file(own_workspace / "data" / "colours" / sample)
    assert tags.records()[["data", "id", "sha256"]].to_numpy().tolist() == [["colours", sample, sha256]]
    app = open_page("misclassified", table="data/incorrect/df2.csv", tag="cropped")
    assert shown(app) == [sample]


def test_tags_of_a_file_come_in_and_are_shown(mistakes, open_page, words):
    row = mistakes.iloc[2]
    app = open_poor(open_page, tag="not-a-car")
    assert not shown(app)
    table = f"data,id,sha256,tags,note\ncolours,{row['id']},{row['sha256']},not-a-car,from elsewhere\ncolours,,,x,\n"
    app.get("file_uploader")[0].set_value(("mine.csv", table.encode(), "text/csv")).run()
    assert not app.exception and shown(app) == [row["id"]]
    assert "Added: 1 tags, 1 notes." in words(app) and "was skipped" in words(app)
    app.get("file_uploader")[0].set_value(("wrong.csv", b"PATH\nx\n", "text/csv")).run()
    assert "wrong.csv has no column sha256" in words(app).replace("\\", "")
    app = open_poor(open_page, lang="ja")
    app.get("file_uploader")[0].set_value(("wrong.csv", b"PATH\nx\n", "text/csv")).run()
    assert "wrong.csv に" in words(app).replace("\\", "")


def test_a_note_is_kept_and_another_window_is_not_overwritten(mistakes, tags, open_page, words):
    sample, sha256 = mistakes["id"].iloc[0], mistakes["sha256"].iloc[0]
    key = f"note_large_{sample}"
    app = open_poor(open_page, open=sample)
    app.text_area(key=key).set_value("ours ").run()
    assert tags.records()["note"].tolist() == ["ours"]
    assert open_poor(open_page, open=sample).text_area(key=key).value == "ours"
    tags.note("colours", sample, sha256, "theirs", previous="ours")
    app.text_area(key=key).set_value("ours, longer").run()
    assert tags.records()["note"].tolist() == ["theirs"]
    assert app.text_area(key=key).value == "ours, longer"
    assert "another window" in words(app) and "Saved version: theirs" in words(app)
    app.button(key="note_both_large").click().run()
    assert tags.records()["note"].tolist() == ["theirs\nours, longer"]
    assert "another window" not in words(app) and not app.exception


def test_a_damaged_file_of_tags_gives_one_sentence_and_the_page_goes_on(mistakes, tags, open_page, words):
    tags.path.write_bytes(b"not a data base" * 100)
    app = open_poor(open_page)
    assert words(app).replace("\\", "").replace("**", "").count("tags.sqlite is damaged") == 1
    assert len(shown(app)) == min(24, len(mistakes))
    app = open_poor(open_page, open=mistakes["id"].iloc[0])
    app.button(key="tag_1").click().run()
    assert not app.exception and "tags.sqlite is damaged" in words(app).replace("\\", "").replace("**", "")
    assert not open_page("misclassified", look="labels").exception


def test_labels_are_judged_one_after_the_other(evaluations, tags, open_page, words):
    issues = label_errors([evaluations["good"], evaluations["poor"]])
    assert len(issues) > 3
    params = {"look": "labels", "queue": "all", "model": ["good", "poor"], "data": "colours"}
    app = open_page("misclassified", **params)
    assert not app.exception
    first, second, third = issues["id"].head(3)
    assert first in words(app).replace("\\", "")
    app.button(key="decide_confirmed").click().run()
    assert app.query_params["open"] == second
    app.button(key="queue_step_1").click().run()
    assert app.query_params["open"] == third
    app.button(key="decide_rejected").click().run()
    decisions = tags.decisions("colours", issues)
    assert decisions["decision"].to_dict() == {first: "confirmed", third: "rejected"}
    assert decisions.loc[first, "suggested"] == issues["suggested"].iloc[0]
    app = open_page("misclassified", **params | {"queue": "confirmed"})
    assert "1 / 1" in words(app)
    # The label is wrong, but not as the models think.
    app.selectbox(key=f"right_label_{first}").set_value("").run()
    assert tags.decisions("colours", issues).loc[first, ["suggested", "decision"]].tolist() == ["", "confirmed"]
    assert (
        open_page("misclassified", **params | {"queue": "confirmed"}).selectbox(key=f"right_label_{first}").value == ""
    )
    app.button(key="decide_none").click().run()
    assert tags.decisions("colours", issues).index.tolist() == [third]
    assert not app.exception


def test_weak_models_vote_only_when_asked(evaluations, open_page):
    assert evaluations["poor"].accuracy < 0.5 <= evaluations["good"].accuracy
    app = open_page("misclassified", look="labels", data="colours")
    assert app.multiselect(key="choose_model").value == ["good"]


def test_the_queue_without_evaluations_names_the_next_step(own_workspace, open_page, words):
    app = open_page("misclassified", look="labels", data="colours", split="train")
    assert not app.exception and "carvis evaluate" in words(app)


def test_it_all_speaks_japanese(mistakes, open_page):
    app = open_poor(open_page, lang="ja", open=mistakes["id"].iloc[0])
    labels = [button.label for button in app.button]
    assert {"ラベルの誤り", "車ではない", "次へ"} <= set(labels)
    app = open_page("misclassified", look="labels", data="colours", lang="ja", queue="all", model=["good", "poor"])
    assert "ラベルは誤り" in [button.label for button in app.button] and not app.exception
