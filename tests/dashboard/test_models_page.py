"""Cards: what is shown of a model, and saving one for a file without."""

from carvis.classifier.card import ModelCard, read_card, write_card


def test_a_card_and_its_layers_are_shown(workspace, open_page, words):
    app = open_page("models", model="good")
    assert not app.exception
    assert "conv2d" in app.dataframe[-1].value["name"].tolist()
    assert "broken" in words(app)


def test_a_broken_file_is_named_with_its_sentence(workspace, open_page):
    app = open_page("models", model="broken")
    assert not app.exception
    assert any("broken" in error.value for error in app.error)


def test_saving_a_card(own_workspace, open_page):
    app = open_page("models", model="no card")
    assert not app.exception
    app.text_area[0].set_value("blau\ngrün\nrot\n青い車")
    app.selectbox(key="card_preprocessing_no card").select("unit")
    # Without a card, images are read as Keras reads them.
    assert app.selectbox(key="card_alpha_no card").value == "drop-alpha"
    assert app.selectbox(key="card_orientation_no card").value == "as-stored"
    app.selectbox(key="card_alpha_no card").select("on-black")
    app.text_input(key="card_notes_no card").set_value("from a friend")
    app.form_submit_button[0].click().run()
    assert not app.exception and not app.error
    card = read_card(own_workspace / "models" / "no card.keras")
    assert list(card.class_names) == ["blau", "grün", "rot", "青い車"]
    assert card.notes == "from a friend"
    assert (card.alpha, card.orientation) == ("on-black", "as-stored")
    assert not app.form_submit_button


def test_a_card_that_names_no_reading_is_completed(own_workspace, open_page):
    path = own_workspace / "models" / "no card.keras"
    write_card(
        path, ModelCard(class_names=list("abcd"), preprocessing="unit", resize="area", notes="old", other={"x": 1})
    )
    app = open_page("models", model="no card")
    app.selectbox(key="card_orientation_no card").select("upright")
    app.form_submit_button[0].click().run()
    assert not app.exception and not app.error
    card = read_card(path)
    assert (card.alpha, card.orientation, card.resize) == ("drop-alpha", "upright", "area")
    assert (card.notes, card.other, card.class_names) == ("old", {"x": 1}, list("abcd"))


def test_heatmaps_speak_the_names_of_a_card_saved_meanwhile(own_workspace, open_page, words):
    view = {"sample": ["test/red *car*/car 0.png"], "model": ["no card"], "data": "colours"}
    before = words(open_page("heatmaps", **view))
    app = open_page("models", model="no card")
    app.text_area[0].set_value("eins\nzwei\ndrei\nvier")
    app.form_submit_button[0].click().run()
    after = words(open_page("heatmaps", **view))
    names = ("eins", "zwei", "drei", "vier")
    assert not any(name in before for name in names) and any(name in after for name in names)


def test_too_few_names_are_refused(workspace, open_page):
    app = open_page("models", model="no card")
    app.text_area[0].set_value("one\ntwo")
    app.form_submit_button[0].click().run()
    assert not app.exception
    assert any("4" in error.value for error in app.error)
    assert read_card(workspace / "models" / "no card.keras") is None
