"""Models that are not opened unasked: what the page shows of them, and what asking brings."""

import os
import shutil

import keras
import pytest

from carvis.workspace import Workspace


def attending(side: int) -> keras.Model:
    """Attention between all pixels: its memory grows with the fourth power of the side, and no output shows it."""
    inputs = keras.Input((side, side, 3))
    tokens = keras.layers.Reshape((side * side, 3))(inputs)
    tokens = keras.layers.MultiHeadAttention(2, 2, name="attention")(tokens, tokens)
    tokens = keras.layers.GlobalAveragePooling1D()(tokens)
    return keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(tokens))


def plain(text: str) -> str:
    """Take out the backslashes that keep Markdown from reading signs."""
    return text.replace("\\", "")


def test_an_unusual_model_is_opened_when_somebody_asks(own_workspace, open_page, words):
    attending(6).save(own_workspace / "models" / "unusual.keras")
    app = open_page("models", model="unusual")
    assert not app.exception and not app.error
    assert "is not opened automatically" in app.info[0].value and "MultiHeadAttention" in app.info[0].value
    # What the file says of itself is there, the other models are as before, and other pages ask for what they show.
    assert "6 × 6 × 3" in str(app.table[0].value) and "broken" in words(app)
    app.button(key="model_open").click().run()
    assert not app.exception and not app.error and not app.info
    assert "attention" in app.dataframe[-1].value["name"].tolist()
    # It came through: the next one is not asked.
    app = open_page("models", model="unusual")
    assert "attention" in app.dataframe[-1].value["name"].tolist()
    assert list((Workspace.open(own_workspace).cache_dir / "model-trials").rglob("*.json"))


def test_a_model_that_needs_too_much_memory_says_so_and_can_be_retried(own_workspace, open_page, monkeypatch):
    from carvis.classifier.files.sandbox import policy, verdict

    attending(200).save(own_workspace / "models" / "hungry.keras")
    monkeypatch.setattr(policy, "allowed_memory", lambda most: 600_000_000)
    monkeypatch.setattr(verdict, "allowed_memory", lambda most: 600_000_000)
    app = open_page("models", model="hungry")
    app.button(key="model_open").click().run()
    assert not app.exception
    assert "needs more than 0.6 GB of memory" in plain(app.error[0].value)
    assert app.button(key="model_open").label == "Try again" and "200 × 200 × 3" in str(app.table[0].value)
    # Page Heatmaps shows the sentence in the place of its maps, and the other model's.
    page = open_page("heatmaps", model=["good", "hungry"], sample=["test/blue/car 0.png"], data="colours")
    assert not page.exception
    texts = [element.value for element in (*page.error, *page.warning, *page.info, *page.markdown, *page.caption)]
    assert any("needs more than 0.6 GB" in plain(text) for text in texts)
    # A model of another size in its place is another model.
    shutil.copy(own_workspace / "models" / "good.keras", own_workspace / "models" / "hungry.keras")
    app = open_page("models", model="hungry")
    assert not app.exception and not app.error


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_nobody_waits_for_a_pipe_in_place_of_a_card(own_workspace, open_page):
    os.mkfifo(own_workspace / "models" / "piped.json")
    shutil.copy(own_workspace / "models" / "good.keras", own_workspace / "models" / "piped.keras")
    for page in ("models", "compare", "attention"):
        app = open_page(page, model=["good", "piped"])
        assert not app.exception, page


def test_modules_are_no_garbage_to_look_through_and_models_are(workspace, open_page):
    import gc

    from ui.state.models import open_model

    app = open_page("models", model=["good"], data="colours")
    assert not app.exception and gc.get_freeze_count() > 10_000
    # What is set aside is not among these, and would never be freed.
    model = open_model("good").clf.model
    assert any(one is model for one in gc.get_objects())
