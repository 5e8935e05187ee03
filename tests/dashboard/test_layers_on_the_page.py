"""Layers on page Heatmaps: branches are marked, a model without a map has other methods, labels lie below the split."""

import keras
import pytest

from carvis.classifier import Classifier, save_classifier

L = keras.layers
CLASSES = ("blue", "green", "red *car*", "青い車")


@pytest.fixture
def with_models(own_workspace, make_pictures):
    image = keras.Input((8, 8, 3))
    x = L.Conv2D(3, 1, name="stem")(image)
    x = L.Multiply(name="gated")([x, L.Conv2D(1, 1, activation="sigmoid", name="gate")(x)])
    gated = keras.Model(image, L.Dense(4, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    flat = keras.Sequential([keras.Input((8, 8, 3)), L.Flatten(), L.Dense(4, activation="softmax")])
    for name, model in (("gated", gated), ("flat", flat)):
        clf = Classifier(model, CLASSES, preprocessing="unit", name=name)
        save_classifier(clf, own_workspace / "models" / f"{name}.keras")
    make_pictures(own_workspace / "data" / "colours" / "test" / "blue" / "2019", ["deep.png"])
    return own_workspace


def test_branches_are_marked_in_the_selector_and_on_the_map(with_models, open_page, words):
    chosen = {"sample": ["test/blue/2019/deep.png"], "model": ["gated"], "data": "colours"}
    app = open_page("heatmaps", **chosen)
    assert not app.exception and not app.error
    box = app.selectbox(key="layer_gated")
    assert box.value == "gated"
    assert box.options == ["stem", "gate · one of several branches", "gated"]
    assert "one of several branches" not in words(app)
    # The picture lies in a folder of its class.
    assert "true: **blue**" in words(app)
    app = open_page("heatmaps", **chosen, layer=["gated:gate"], explain="true")
    assert not app.exception and not app.error
    assert app.selectbox(key="layer_gated").value == "gate"
    assert "gate is one of several branches" in words(app).replace("\\", "")


def test_a_model_without_a_map_is_explained_by_occlusion(with_models, open_page, words):
    app = open_page("heatmaps", sample=["test/blue/car 0.png"], model=["flat", "gated"], data="colours")
    assert not app.exception
    assert [element.value.replace("\\", "") for element in app.error] and "flat" in app.error[0].value
    app.button(key="without_layers").click().run()
    assert not app.exception and not app.error
    assert "Method: occlusion" in words(app)


def test_page_models_names_the_default_layer_and_marks_branches(with_models, open_page):
    app = open_page("models", model=["gated"])
    assert not app.exception
    table = app.dataframe[0].value.set_index("name")
    assert [name for name, branch in table["branch"].items() if branch] == ["gate"]


@pytest.mark.parametrize("page", ["filters", "activations"])
def test_a_layer_chosen_on_page_heatmaps_breaks_no_other_page(with_models, open_page, page):
    app = open_page(page, sample=["test/blue/car 0.png"], model=["gated"], data="colours", layer=["gated:gated"])
    assert not app.exception and not app.error
