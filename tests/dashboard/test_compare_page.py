"""Compare models: scoreboard, who is right where, fixed and broken, temperature, empty states."""

import json
import shutil
from dataclasses import replace

import pytest

import carvis
from carvis.evaluation import load_evaluation
from carvis.workspace import sha256_of_file

UNCHECKED = "not checked for leakage"


def frame(app, column):
    return next(table.value for table in app.dataframe if column in table.value)


def tiles(app):
    return len(app.get("image"))


def test_the_models_stand_side_by_side(workspace, open_page, words):
    app = open_page("compare", data="colours")
    assert not app.exception and not app.error
    board = frame(app, "top3")
    folder = workspace / "data" / "evaluations" / "colours" / "test"
    accuracy = {name: 100 * load_evaluation(folder / name).accuracy for name in ("good", "poor")}
    assert board["model"].tolist() == ["good", "poor"] and board["accuracy"].tolist() == list(accuracy.values())
    assert (board["parameters"] == 3 * 3 + 3 + 3 * 4 + 4).all()
    text = words(app)
    assert "**good** is better than **poor**" in text and "Only **good** is right on" in text
    numbers = frame(app, "McNemar p")
    assert numbers.loc[0, "Both right"] + numbers.loc[0, "Only second right"] == round(32 * accuracy["good"] / 100)
    assert UNCHECKED not in text
    assert tiles(app) == 0


def test_a_pattern_opens_its_pictures_and_stands_in_the_link(workspace, open_page, words):
    app = open_page("compare", data="colours", model=["poor", "good"])
    box = app.selectbox(key="choose_pattern")
    only_good = next(option for option in box.options if option.startswith("Only good is right"))
    count = int(only_good.split("(")[1].rstrip(")"))
    box.select("01").run()
    assert not app.exception and app.query_params["pattern"] == "01"
    assert tiles(app) == min(12, count) > 0
    linked = open_page("compare", data="colours", model=["poor", "good"], pattern="01")
    assert tiles(linked) == min(12, count) and f"**Only good is right** · {count} images" in words(linked)
    linked.button(key="compare_close").click().run()
    assert tiles(linked) == 0 and "pattern" not in linked.query_params
    # Another set of models has other patterns.
    nonsense = open_page("compare", data="colours", model=["poor", "good"], pattern="0101")
    assert not nonsense.exception and tiles(nonsense) == 0


def test_fixed_and_broken_between_two_models(workspace, open_page, words):
    app = open_page("compare", data="colours", model=["poor", "good"], change="fixed")
    assert app.selectbox(key="choose_first").value == "poor" and "Fixed by good" in words(app)
    fixed = tiles(app)
    app.selectbox(key="choose_first").select("good").run()
    assert app.selectbox(key="choose_second").value == "poor"
    app.get_by_key("choose_change").set_value("broken").run()
    assert not app.exception and tiles(app) == fixed > 0 and "Broken by poor" in words(app)
    # One gallery at a time.
    app.selectbox(key="choose_pattern").select("11").run()
    assert "change" not in app.query_params and "Broken by" not in words(app)
    classes = frame(app, "Class")
    assert sorted(classes["Class"]) == ["blue", "green", "red *car*", "青い車"] and (classes["Images"] == 8).all()


def test_without_validation_pictures_and_with_them(own_workspace, open_page, words):
    app = open_page("compare", data="colours")
    assert "has no validation images" in words(app)
    root = own_workspace / "data" / "colours"
    shutil.copytree(root / "test", root / "valid")
    app = open_page("compare", data="colours")
    assert "--split valid" in words(app) and "models/good.keras" in words(app)
    evaluations = own_workspace / "data" / "evaluations" / "colours"
    for name in ("good", "poor"):
        as_valid(evaluations / "test" / name, evaluations / "valid" / name)
    app = open_page("compare", data="colours", split="test")
    assert not app.exception and not app.error
    assert words(app).count("validation images: temperature") + words(app).count("no temperature fits") == 2
    app = open_page("compare", data="colours", split="valid")
    assert "choose the test split" in words(app)


def as_valid(folder, to):
    """Save the predictions as those for the validation split."""
    evaluation = load_evaluation(folder)
    evaluation.setup["split"] = "valid"
    predictions = evaluation.predictions.assign(id=evaluation.predictions["id"].str.replace("test/", "valid/"))
    replace(evaluation, predictions=predictions).save(to)


def test_leaked_images_can_be_ignored_where_they_are_known(own_workspace, open_page, words):
    folder = own_workspace / "data" / "evaluations" / "colours" / "test"
    evaluations = {name: load_evaluation(folder / name) for name in ("good", "poor")}
    for name, evaluation in evaluations.items():
        metrics = {metric: value for metric, value in evaluation.metrics.items() if metric != "leak"}
        predictions = evaluation.predictions.drop(columns="copy_of")
        replace(evaluation, predictions=predictions, metrics=metrics).save(folder / name)
    app = open_page("compare", data="colours")
    assert UNCHECKED in words(app) and "choose_copies" not in app.session_state
    for name, evaluation in evaluations.items():
        leaked = ["train/x/1.png", "train/x/2.png"] + [""] * (len(evaluation.predictions) - 2)
        replace(evaluation, predictions=evaluation.predictions.assign(copy_of=leaked)).save(folder / name)
    app = open_page("compare", data="colours")
    assert not app.exception and not app.error
    app.get_by_key("choose_copies").set_value("without").run()
    assert "2 images that are also in training" in words(app)
    assert app.query_params["copies"] == "without"


def test_speed_is_measured_on_a_button(workspace, open_page):
    app = open_page("compare", data="colours")
    assert "ms" not in frame(app, "top3")
    app.button(key="work_begin").click().run(timeout=180)
    assert not app.exception and (frame(app, "top3")["ms"] > 0).all()


def test_one_model_is_no_comparison(own_workspace, open_page, words):
    app = open_page("compare", data="colours", model=["good", "no card"])
    assert "Choose a second model" in words(app) and "not evaluated on this split" in words(app)
    next(button for button in app.button if button.label.startswith("Compare all")).click().run()
    assert frame(app, "top3")["model"].tolist() == ["good", "poor"]
    shutil.rmtree(own_workspace / "data" / "evaluations" / "colours" / "test" / "poor")
    app = open_page("compare", data="colours")
    assert not app.exception and app.info[0].proto.title == "Nothing to compare yet"
    assert "python -m carvis evaluate" in app.code[0].value and "poor" in "".join(code.value for code in app.code)


def test_evaluations_of_other_pictures_are_refused_and_a_broken_one_is_told(own_workspace, open_page, words):
    evaluations = own_workspace / "data" / "evaluations" / "colours" / "test"
    evaluation = load_evaluation(evaluations / "poor")
    replace(evaluation, predictions=evaluation.predictions.assign(sha256="0" * 64)).save(evaluations / "poor")
    app = open_page("compare", data="colours")
    assert not app.exception and "evaluated on different images" in app.error[0].value
    (evaluations / "poor" / "predictions.parquet").write_bytes(b"nothing")
    app = open_page("compare", data="colours")
    assert not app.exception and "written only in part" in words(app)
    assert app.get("expander")[1].label == "1 evaluation cannot be read"
    app = open_page("compare", data="colours", model=["good", "poor"])
    assert not app.exception and "written only in part" in app.error[0].value
    assert app.info[0].proto.title == "Nothing to compare yet"


def test_an_empty_workspace(empty_workspace, open_page):
    app = open_page("compare")
    assert not app.exception and app.info[0].proto.title == "No models yet"


@pytest.mark.parametrize("lang", ["ja"])
def test_in_japanese(workspace, open_page, words, lang):
    app = open_page("compare", data="colours", lang=lang, pattern="01", model=["poor", "good"])
    assert not app.exception
    assert "優れています" in words(app) and "good だけ正解" in words(app)


@pytest.mark.parametrize("page", ["compare", "confusion", "misclassified", "models"])
def test_a_model_file_changed_since_its_evaluation_is_named(own_workspace, open_page, words, page):
    file = own_workspace / "models" / "good.keras"
    warned = "good\\.keras has changed since it was evaluated"
    metrics = own_workspace / "data" / "evaluations" / "colours" / "test" / "good" / "metrics.json"
    document = json.loads(metrics.read_text("utf-8"))
    document["setup"]["model"]["sha256"] = sha256_of_file(file)
    metrics.write_text(json.dumps(document), "utf-8")
    view = {"data": "colours", "table": "colours/test/good", "model": ["good", "poor"][: 1 + (page == "compare")]}
    assert warned not in words(open_page(page, **view))
    shutil.copy(own_workspace / "models" / "poor.keras", file)
    app = open_page(page, **view)
    assert not app.exception and not app.error
    assert words(app).count(warned) == 1
    command = f'evaluate "{file}" "{own_workspace / "data" / "colours"}" --split test --workspace "{own_workspace}"'
    assert command in words(app)


def test_whether_averaging_would_help_and_on_which_images(workspace, open_page, words):
    app = open_page("compare", data="colours", model=["poor", "good"])
    assert not app.exception and "Averaging would" in words(app) and "Cost:" in words(app)
    folder = workspace / "data" / "evaluations" / "colours" / "test"
    found = carvis.compare({name: load_evaluation(folder / name) for name in ("poor", "good")}).averaging
    app = open_page("compare", data="colours", model=["poor", "good"], averaging="lost")
    assert not app.exception and tiles(app) == min(len(found.lost), 12)
    assert len(found.lost) == 0 or "average: **" in words(app)
