"""Activations page: channels of a layer, which are dead, one of them over the picture, models beside each other."""

import io

import keras
import numpy as np
from PIL import Image

from carvis.classifier import Classifier, ModelCard, save_classifier

L = keras.layers
SAMPLE = "test/red *car*/car 0.png"
OTHER = "test/blue/car 1.png"


def images(app) -> int:
    return len(app.get("image"))


def test_models_stand_beside_each_other(workspace, open_page, words):
    app = open_page("activations", sample=[SAMPLE], model=["good", "poor"], data="colours")
    assert not app.exception and not app.error
    # The scale and the picture, then for each model its tiles, one channel and the mean.
    assert images(app) == 2 + 2 * 3
    assert words(app).count("16×16 · 3 channels") == 2
    assert "Each channel has its own colour scale" in words(app)


def two_sizes(root) -> None:
    """A model whose first layer has two dead channels of four, and whose second has none."""
    image = keras.Input((16, 16, 3))
    x = L.Conv2D(4, 1, activation="relu", name="first")(image)
    x = L.Conv2D(2, 2, strides=2, activation="relu", name="second")(x)
    model = keras.Model(image, L.Dense(4)(L.GlobalAveragePooling2D()(x)))
    kernel = np.zeros((1, 1, 3, 4), np.float32)
    kernel[0, 0, :2, :2] = np.eye(2)
    weights = [kernel, np.array([0, 0.5, -1e3, -1e3]), np.ones((2, 2, 4, 2)), np.zeros(2), np.ones((2, 4)), np.zeros(4)]
    model.set_weights(weights)
    clf = Classifier(model, ["a", "b", "c", "d"], preprocessing="unit", name="half dead", card=ModelCard())
    save_classifier(clf, root / "models" / "half dead.keras")


def test_dead_channels_are_counted_and_the_layer_can_be_chosen(own_workspace, open_page, words):
    two_sizes(own_workspace)
    app = open_page("activations", sample=[SAMPLE], model=["half dead"], data="colours")
    assert not app.exception and not app.error
    assert "8×8 · 2 channels · 0 dead (0\u00a0%)" in words(app)
    app.selectbox(key="activation_layer_half dead").select("first").run()
    assert app.query_params["layer"] == ["half dead:first"] or app.query_params["layer"] == "half dead:first"
    assert "16×16 · 4 channels · 2 dead (50\u00a0%)" in words(app)
    assert len(app.get("vega_lite_chart")) == 1


def test_a_channel_is_chosen_for_one_layer_and_stands_in_the_link(own_workspace, open_page, words):
    two_sizes(own_workspace)
    link = {"sample": [SAMPLE], "model": ["half dead"], "data": "colours", "layer": ["half dead:first"]}
    app = open_page("activations", **link)
    # Green has a bias: it is the largest.
    assert app.number_input[0].value == 1
    app.number_input[0].set_value(3).run()
    assert not app.exception and "Channel 3 overlaid on the image: 0 to 0" in words(app).replace("\\", "")
    app = open_page("activations", **link, channel=["half dead:first:0"])
    assert app.number_input[0].value == 0
    for nonsense in ("half dead:second:0", "half dead:first:99", "half dead:first:x", "half dead", "::"):
        app = open_page("activations", **link, channel=[nonsense])
        assert not app.exception and app.number_input[0].value == 1


def test_order_scale_and_colours(workspace, open_page, words):
    app = open_page("activations", sample=[SAMPLE], model=["good"], data="colours")
    app.segmented_control(key="choose_order").set_value("largest").run()
    app.segmented_control(key="choose_range").set_value("layer").run()
    app.segmented_control(key="choose_columns").set_value("8").run()
    app.selectbox(key="choose_colours").select("tutorial").run()
    assert not app.exception and images(app) == 5
    assert "share a colour scale" in words(app)
    assert (app.query_params["order"], app.query_params["range"]) in ((["largest"], ["layer"]), ("largest", "layer"))


def test_the_picture_chosen_is_the_last_of_the_selection(workspace, open_page):
    app = open_page("activations", sample=[SAMPLE, OTHER], model=["good"], data="colours")
    assert app.selectbox(key="activations_picture").value == OTHER
    app.selectbox(key="activations_picture").select(SAMPLE).run()
    assert not app.exception and app.query_params["sample"] == [OTHER, SAMPLE]
    assert app.selectbox(key="activations_picture").value == SAMPLE


def test_an_upload_is_shown_at_once(workspace, open_page, words):
    buffer = io.BytesIO()
    Image.fromarray(np.full((40, 30, 3), (230, 20, 20), np.uint8)).save(buffer, "PNG")
    app = open_page("activations", sample=[SAMPLE], model=["good"], data="colours")
    app.file_uploader[0].upload("mine.png", buffer.getvalue()).run()
    assert not app.exception and "mine" in words(app) and images(app) == 5
    # A plain picture excites every place alike: all three channels tell nothing.
    assert "3 dead (100\u00a0%)" in words(app)


def test_broken_models_pictures_and_links_leave_the_rest(workspace, open_page):
    app = open_page("activations", sample=[SAMPLE], model=["broken", "good"], data="colours", layer=["good:nonsense"])
    assert not app.exception and len(app.error) == 2 and images(app) == 5
    app = open_page("activations", sample=["test/blue/broken.jpg"], model=["good"], data="colours")
    assert not app.exception and len(app.error) == 1


def test_with_nothing_selected_the_page_opens_on_an_example(workspace, open_page):
    app = open_page("activations")
    assert not app.exception and images(app) > 4


def test_a_layer_of_many_channels_shows_the_first_and_all_on_request(own_workspace, open_page):
    image = keras.Input((8, 8, 3))
    x = L.Conv2D(150, 1, name="wide")(image)
    model = keras.Model(image, L.Dense(4)(L.GlobalAveragePooling2D()(x)))
    clf = Classifier(model, ["a", "b", "c", "d"], preprocessing="unit", name="wide", card=ModelCard())
    save_classifier(clf, own_workspace / "models" / "wide.keras")
    app = open_page("activations", sample=[SAMPLE], model=["wide"], data="colours")
    button = app.button(key="all_channels_wide_button")
    assert "150" in button.label
    button.click().run()
    assert not app.exception and not [box for box in app.button if box.key == "all_channels_wide_button"]
