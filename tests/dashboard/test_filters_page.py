"""Page Filters: patterns on request, spectra, the fine-tuning lens, and top images."""

import pytest

SMALL = {"data": "colours", "size": "16", "steps": "3", "count": "3"}


def images(app) -> int:
    return len(app.get("image"))


def press(app, key="work_begin"):
    app.button(key=key).click().run()
    assert not app.exception and not app.error
    return app


def test_patterns_are_drawn_on_request_and_kept(own_workspace, open_page, words):
    app = open_page("filters", model=["good", "poor"], **SMALL)
    assert not app.exception and images(app) == 0 and "6 patterns" in app.button(key="work_begin").label
    press(app)
    assert images(app) == 2 and "conv2d" in words(app) and "3 steps" in words(app)
    reopened = open_page("filters", model=["good"], **SMALL | {"count": "2"})
    assert not reopened.exception and images(reopened) == 1
    assert not [button for button in reopened.button if button.key == "work_begin"]
    assert len(list((own_workspace / "data" / "cache" / "filters").glob("*/*.npz"))) == 6


def test_settings_change_what_is_asked_for(own_workspace, open_page):
    app = open_page("filters", model=["good"], **SMALL)
    press(app)
    app.segmented_control(key="choose_form").set_value("regularised").run()
    assert not app.exception and app.query_params["form"] == "regularised" and images(app) == 0
    press(app)
    assert images(app) == 1


def test_a_stopped_drawing_shows_what_is_kept(own_workspace, open_page, monkeypatch):
    from ui.filters import pattern_grid

    own = pattern_grid.draw
    monkeypatch.setattr(
        pattern_grid, "draw", lambda model, layer, filters, how, watch: own(model, layer, filters[:1], how, watch)
    )
    app = press(open_page("filters", model=["good"], **SMALL))
    monkeypatch.undo()
    monkeypatch.setenv("CARVIS_WORKSPACE", str(own_workspace))
    app = open_page("filters", model=["good"], **SMALL)
    assert not app.exception and images(app) == 1 and "2 patterns" in app.button(key="work_begin").label


def test_a_few_patterns_are_drawn_unasked(own_workspace, unasked, open_page, words):
    app = open_page("filters", model=["good", "poor"], **SMALL)
    assert not app.exception and not app.error and images(app) == 2 and "3 steps" in words(app)
    assert not [button for button in app.button if button.key == "work_begin"]


def test_the_first_layer_of_each_block_is_drawn_in_one_go(own_workspace, open_page, words):
    from carvis.explain import first_of_each_block
    from ui.state.models import open_model

    app = open_page("filters", model=["good", "poor"], layers="blocks", **SMALL)
    listed = [(name, layer) for name in ("good", "poor") for layer in first_of_each_block(open_model(name).clf)]
    assert not app.exception and images(app) == 0
    assert f"{3 * len(listed)} patterns" in app.button(key="work_begin").label
    press(app)
    # A grid a layer.
    assert images(app) == len(listed) and all(layer in words(app) for _name, layer in listed)
    app.selectbox(key="choose_layers").set_value("one").run()
    assert not app.exception and "layers" not in app.query_params


@pytest.mark.parametrize("of", ["patterns", "activations"])
def test_the_spectrum_says_what_it_found(own_workspace, open_page, words, of):
    app = press(open_page("filters", model=["good", "poor"], lens="spectrum", of=of, **SMALL))
    assert "cycles per image" in words(app) and len(app.dataframe[0].value) == 2
    assert len(app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart")) == 1


def test_the_lens_says_that_equal_layers_are_equal(own_workspace, open_page, words):
    app = open_page("filters", lens="tuning", before="good", one="poor", **SMALL)
    assert not app.exception and "identical in both models" in words(app)
    press(app)
    table = app.dataframe[0].value
    assert not table[["weight_change", "activation_change"]].to_numpy().any() and images(app) == 6


def test_the_lens_needs_two_models(workspace, open_page, words):
    app = open_page("filters", lens="tuning", before="good", one="good", **SMALL)
    assert not app.exception and "two different models" in words(app)
    app = open_page("filters", lens="tuning", before="good", one="broken", **SMALL)
    assert not app.exception and len(app.error) == 1


def test_a_filter_has_its_top_images(own_workspace, open_page, words):
    app = press(open_page("filters", lens="pictures", one="good", filter="2", **SMALL))
    assert images(app) == 1 + 6 and "blue" in words(app) and "1 image could not be read" in words(app)
    app = open_page("filters", lens="pictures", one="good", filter="1", **SMALL)
    assert not app.exception and images(app) == 1 + 6 and "green" in words(app)
    app = open_page("filters", lens="pictures", one="good", filter="99999", **SMALL)
    assert not app.exception and app.number_input(key="choose_filter").value == 2


def test_a_broken_model_leaves_the_others(own_workspace, open_page):
    app = open_page("filters", model=["broken", "good"], **SMALL)
    assert not app.exception and len(app.error) == 1
    app.button(key="work_begin").click().run()
    assert images(app) == 1


def test_a_hostile_link_is_left_out(workspace, open_page):
    app = open_page("filters", model=["good"], lens="../x", size="9999", form="<b>", filter="-1", layer=["good:../x"])
    assert not app.exception and app.warning
