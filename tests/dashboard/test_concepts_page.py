"""Page Concepts: found on request, kept, named, and shown without the model."""

import json

import pytest


def opened(open_page, **params):
    app = open_page("concepts", **({"data": "colours", "split": "test", "model": ["good"]} | params))
    assert not app.exception and not app.error
    return app


def searched(open_page, **params):
    app = opened(open_page, **params)
    app.button(key="concepts_begin").click().run(timeout=300)
    assert not app.exception and not app.error
    return app


def names(app):
    return [field for field in app.text_input if (field.key or "").startswith("name_")]


def test_in_an_empty_workspace_the_page_says_what_to_do(empty_workspace, open_page, words):
    app = open_page("concepts")
    assert not app.exception and not app.error
    assert "python -m carvis train" in words(app)


def test_the_concepts_of_a_class_have_crops_figures_and_a_name(own_workspace, open_page, words, monkeypatch):
    app = searched(open_page, con_class="green", con_n=2)
    text = words(app)
    assert "counts most" in text
    assert "8 images, 128 crops, layer conv2d" in text
    assert "Removed: score" in text
    assert len(names(app)) in (1, 2)
    names(app)[0].set_value("green paint").run()
    assert not app.exception and not app.error
    assert "**green paint**" in words(app)
    [file] = (own_workspace / "data" / "concepts").glob("*.json")
    assert json.loads(file.read_text("utf-8"))["names"][0] == "green paint"

    from ui.concepts import search

    # Opened again, in another session: neither searched nor is the model opened.
    monkeypatch.setattr(search, "concepts", lambda *args, **more: pytest.fail("searched again"))
    monkeypatch.setattr(search, "open_model", lambda *args, **more: pytest.fail("opened the model"))
    again = opened(open_page, con_class="green", con_n=2)
    assert "**green paint**" in words(again)
    assert names(again)[0].value == "green paint"


def test_a_class_that_is_never_predicted_says_so(workspace, open_page, words):
    app = open_page("concepts", data="colours", split="test", model=["poor"], con_class="青い車")
    app.button(key="concepts_begin").click().run(timeout=300)
    assert not app.exception
    assert any("predicts no image" in error.value for error in app.error)


def test_a_damaged_file_of_names_breaks_nothing(own_workspace, open_page, words):
    app = searched(open_page, con_class="blue", con_n=2)
    names(app)[0].set_value("blue").run()
    [file] = (own_workspace / "data" / "concepts").glob("*.json")
    file.write_text("[]", "utf-8")
    again = opened(open_page, con_class="blue", con_n=2)
    assert "counts most" in words(again)


def test_a_name_from_another_window_is_not_lost(own_workspace, open_page):
    app = searched(open_page, con_class="green", con_n=4)
    assert len(names(app)) >= 2
    other = opened(open_page, con_class="green", con_n=4)
    names(other)[0].set_value("green paint").run()
    names(app)[1].set_value("backdrop").run()
    assert not app.exception and not app.error
    [file] = (own_workspace / "data" / "concepts").glob("*.json")
    assert json.loads(file.read_text("utf-8"))["names"][:2] == ["green paint", "backdrop"]
