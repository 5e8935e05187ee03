"""Faults around a page rather than in its items: pipes in the cache, errors of Keras, a section that breaks."""

import os
import sys

import pytest
from streamlit.testing.v1 import AppTest

# Fixtures of the dashboard's own tests.
from tests.dashboard.conftest import built_workspace, open_page, own_workspace, texts, workspace  # noqa: F401

pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")


@pipes
def test_a_pipe_in_place_of_a_thumbnail_is_replaced(own_workspace):  # noqa: F811
    from ui.state.thumbnails import thumbnails

    paths = [str(own_workspace / "data" / "colours" / "test" / "blue" / name) for name in ("car 0.png", "broken.jpg")]
    [small, refused] = thumbnails(paths)
    assert small[:2] == b"\xff\xd8" and refused.startswith("broken.jpg ")
    [kept] = (own_workspace / "data" / "cache" / "thumbnails").rglob("*.jpg")
    kept.unlink()
    os.mkfifo(kept)
    assert thumbnails(paths) == [small, refused] and kept.is_file()
    assert "gone.png cannot be used" in thumbnails([str(own_workspace / "gone.png")])[0]


@pipes
def test_a_pipe_in_place_of_a_card_holds_no_page_up(own_workspace, open_page):  # noqa: F811
    os.mkfifo(own_workspace / "models" / "poor.json.pipe")
    (own_workspace / "models" / "poor.json").unlink(missing_ok=True)
    (own_workspace / "models" / "poor.json.pipe").rename(own_workspace / "models" / "poor.json")
    for page in ("models", "compare", "overview"):
        app = open_page(page, data="colours", model=["good", "poor"])
        assert not app.exception and "Internal error in carvis" not in texts(app)


def not_fitting() -> None:
    import keras
    import numpy as np

    from ui.widgets.layout import guarded

    with guarded():
        keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten()])(np.zeros((1, 9)))
    with guarded():
        raise ValueError("the widths must be the same")


def test_what_keras_cannot_compute_is_said_in_words_and_a_fault_of_ours_is_not_called_one_of_the_model(workspace):  # noqa: F811
    app = AppTest.from_function(not_fitting, default_timeout=120).run()
    [of_model, of_ours] = [one.value.replace("\\", "") for one in app.error]
    assert of_model.startswith("The model cannot process this input")
    assert "Internal error in carvis" in of_ours


def test_a_fault_in_the_chosen_model_leaves_the_list_of_all(workspace, open_page, monkeypatch):  # noqa: F811
    from ui.models import opened_model

    def broken(*_what):
        raise LookupError("broken for this test")

    monkeypatch.setattr(opened_model, "show", broken)
    app = open_page("models", model=["good"])
    assert not app.exception and "Internal error in carvis" in app.error[0].value
    assert "good\\.keras" in texts(app) and "poor\\.keras" in texts(app)


def test_an_empty_name_of_a_workspace_is_not_taken_for_the_demo(monkeypatch, open_page):  # noqa: F811
    monkeypatch.setattr(sys, "argv", ["navigation.py", "--workspace", ""])
    app = open_page()
    assert not app.exception and "name is empty" in app.error[0].value
