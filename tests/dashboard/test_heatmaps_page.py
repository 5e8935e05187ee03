"""Heatmaps side by side: what is explained, how it is drawn, and what stands where there is nothing to draw."""

import io

import numpy as np
from PIL import Image

from carvis.classifier.card import ModelCard, write_card
from carvis.explain import METHODS

SAMPLE = "test/red *car*/car 0.png"


def images(app) -> int:
    return len(app.get("image"))


def test_each_model_has_a_column_with_its_prediction(workspace, open_page, words):
    app = open_page("heatmaps", sample=[SAMPLE], model=["good", "poor"], data="colours")
    assert not app.exception and not app.error
    text = words(app).replace("\\", "")
    assert text.count("red *car*") >= 3 and "check_circle" in text
    assert images(app) == 1 + 1 + 2  # the colour scale, the image, one overlay a model


def test_both_views_the_shared_scale_and_another_layer(workspace, open_page):
    app = open_page("heatmaps", sample=[SAMPLE], model=["good", "poor"], data="colours", view="both", scale="density")
    assert not app.exception and images(app) == 1 + 1 + 4
    app = open_page("heatmaps", sample=[SAMPLE], model=["good"], data="colours", layer=["good:nonsense"])
    assert not app.exception and len(app.error) == 1 and images(app) == 3


def test_the_class_explained_can_be_chosen(workspace, open_page, words):
    app = open_page("heatmaps", sample=[SAMPLE], model=["good"], data="colours")
    app.selectbox(key="choose_explain").select("class:blue").run()
    assert not app.exception and app.query_params["explain"] == "class:blue"
    assert "**blue**" in words(app)


def test_one_class_rather_than_another(workspace, open_page, words):
    app = open_page("heatmaps", sample=[SAMPLE], model=["good"], data="colours", explain="true")
    app.selectbox(key="choose_against").select("class:blue").run()
    assert not app.exception and not app.error and app.query_params["against"] == "class:blue"
    assert "rather than blue" in words(app)
    app.selectbox(key="choose_against").select("predicted").run()
    assert len(app.error) == 1 and "Both classes are" in app.error[0].value
    app = open_page("heatmaps", sample=[SAMPLE], model=["good"], data="colours", against="class:nonsense")
    assert not app.exception and len(app.error) == 1 and images(app) == 3


def test_every_method_draws_its_heatmap_and_an_unknown_one_is_ignored(workspace, open_page, words):
    app = open_page("heatmaps", sample=[SAMPLE], model=["good"], data="colours")
    offered = app.selectbox(key="choose_method").options
    assert [name for name in METHODS if name not in offered] == ["attention-rollout", "gradient-attention"]
    assert "Not available: attention-rollout, gradient-attention. good has no attention weights" in words(app)
    for method in offered:
        app.selectbox(key="choose_method").select(method).run()
        assert not app.exception and not app.error and images(app) == 3
        assert f"Method: {method}." in words(app)
    app = open_page("heatmaps", sample=[SAMPLE], model=["good"], data="colours", method="magic")
    assert not app.exception and "method" in app.warning[0].value and images(app) == 3


def test_a_heatmap_without_evidence_says_so(workspace, open_page):
    # No weight leads to this class of the model, whatever the image shows.
    app = open_page("heatmaps", sample=[SAMPLE], model=["poor"], data="colours", explain="class:青い車")
    assert not app.exception
    assert app.warning and "No evidence" in app.warning[0].proto.title


def test_a_broken_model_and_a_broken_image_leave_the_others(workspace, open_page):
    app = open_page("heatmaps", sample=["test/blue/broken.jpg", SAMPLE], model=["broken", "good"], data="colours")
    assert not app.exception
    assert len(app.error) == 2
    assert images(app) == 3


def test_a_model_of_other_classes_is_neither_right_nor_wrong(own_workspace, open_page):
    card = ModelCard(class_names=["a", "b", "c", "d"], preprocessing="unit", resize="bilinear")
    write_card(own_workspace / "models" / "no card.keras", card)
    app = open_page("heatmaps", sample=[SAMPLE], model=["no card"], data="colours")
    predictions = [element.value for element in app.markdown if "no card" in element.value]
    assert not app.exception and len(predictions) == 1 and ":material/" not in predictions[0]


def test_an_upload_is_explained_and_its_true_class_is_not_known(workspace, open_page, words):
    buffer = io.BytesIO()
    Image.fromarray(np.full((40, 30, 3), (230, 20, 20), np.uint8)).save(buffer, "PNG")
    app = open_page("heatmaps", model=["good"], data="colours")
    app.file_uploader[0].upload("mine.png", buffer.getvalue()).run()
    assert not app.exception
    assert "mine" in words(app) and "label unknown" in words(app)
    app.selectbox(key="choose_explain").select("true").run()
    assert not app.exception and app.error


def test_with_nothing_selected_the_page_opens_on_an_example(workspace, open_page):
    app = open_page("heatmaps")
    assert not app.exception and images(app) > 2


def badges(app) -> list[str]:
    return [element.value for element in app.markdown if "-badge[" in element.value]


def test_heatmaps_are_tested_on_request_and_keep_their_badges(own_workspace, open_page):
    view = {"sample": [SAMPLE], "model": ["good", "poor"], "data": "colours"}
    app = open_page("heatmaps", **view)
    assert not badges(app)
    app.button(key="work_begin").click().run()
    assert not app.exception and not app.error
    tested = badges(app)
    assert sum("the baselines" in badge for badge in tested) == 2
    assert len(list((own_workspace / "data" / "cache" / "faithfulness").glob("*/*.npz"))) == 2
    app = open_page("heatmaps", **view)
    assert badges(app) == tested
    app.session_state["curves_0_good"] = True
    app.run()
    assert not app.exception and len(app.get("vega_lite_chart")) == 1


def test_a_blank_heatmap_cannot_be_tested_or_compared(own_workspace, open_page, words):
    app = open_page(
        "heatmaps", sample=[SAMPLE], model=["good", "poor"], data="colours", explain="class:青い車", method="hirescam"
    )
    app.session_state["compare_0"] = True
    app.button(key="work_begin").click().run()
    assert not app.exception and not app.error
    assert "no evidence to test" in words(app) and "cannot be compared" in words(app)


def test_heatmaps_are_compared_when_opened(workspace, open_page):
    comparison = "Compare these heatmaps"
    app = open_page("heatmaps", sample=[SAMPLE], model=["good", "poor"], data="colours")
    assert not app.dataframe and comparison in [box.label for box in app.expander]
    app.session_state["compare_0"] = True
    app.run()
    assert not app.exception
    measured = app.dataframe[0].value
    assert measured[["first", "second"]].to_numpy().tolist() == [["good", "poor"]]
    # Both weigh the same convolution, so their heatmaps of the same prediction are alike.
    assert measured["rank_correlation"][0] > 0.9
    app.toggle(key="swap_0").set_value(True).run()
    assert not app.exception and app.table[0].value.shape == (2, 2)
    app = open_page("heatmaps", sample=[SAMPLE], model=["good"], data="colours")
    assert not app.exception and comparison not in [box.label for box in app.expander]


def test_uploads_that_cannot_be_read_are_named(workspace, open_page):
    app = open_page("heatmaps", model=["good"], data="colours")
    app.file_uploader[0].upload("cut [1].jpg", b"no image").run()
    assert not app.exception
    [sentence] = [error.value for error in app.error]
    assert "cut [1].jpg" in sentence.replace("\\", "") and "not an image" in sentence
