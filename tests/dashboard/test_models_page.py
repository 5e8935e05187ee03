"""Cards: what is shown of a model, and saving one for a file without."""

import shutil

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


def save(app):
    """Confirm the names and save, as a person does."""
    button = app.button(key="card_save_no card")
    assert button.disabled
    app.checkbox[0].check().run()
    return app.button(key="card_save_no card").click().run()


def test_saving_a_card(own_workspace, open_page):
    app = open_page("models", model="no card")
    assert not app.exception
    app.selectbox(key="card_preprocessing_no card").select("unit")
    # Without a card, images are read as Keras reads them.
    assert app.selectbox(key="card_alpha_no card").value == "drop-alpha"
    assert app.selectbox(key="card_orientation_no card").value == "as-stored"
    app.selectbox(key="card_alpha_no card").select("on-black")
    app.text_input(key="card_notes_no card").set_value("from a friend")
    app.text_area[0].set_value("blau\ngrün\nrot\n青い車").run()
    app = save(app)
    assert not app.exception and not app.error
    card = read_card(own_workspace / "models" / "no card.keras")
    assert list(card.class_names) == ["blau", "grün", "rot", "青い車"]
    assert card.notes == "from a friend"
    assert (card.alpha, card.orientation) == ("on-black", "as-stored")
    assert not app.checkbox


def test_a_guess_is_confirmed_against_images_before_it_is_saved(own_workspace, open_page, words):
    """The data set lends its names; under each image stands what the model predicts, and nothing is saved yet."""
    app = open_page("models", model="no card", data="colours")
    shown = words(app)
    assert "label: blue" in shown and "label: 青い車" in shown
    assert app.button(key="card_save_no card").disabled
    app.checkbox[0].check().run()
    assert not app.button(key="card_save_no card").disabled
    # Other names have not been compared with anything.
    app.text_area[0].set_value("a\nb\nc\nd").run()
    assert app.button(key="card_save_no card").disabled and "**a**" in words(app)
    assert read_card(own_workspace / "models" / "no card.keras") is None


def test_what_is_assumed_is_checked_and_taken_into_the_card(own_workspace, open_page, words):
    # The names of the first two classes are in the wrong order, as a file beside the model has them.
    (own_workspace / "models" / "no card_labels.txt").write_text("green\nblue\nred *car*\n青い車\n", "utf-8")
    shutil.copytree(own_workspace / "data" / "colours" / "test", own_workspace / "data" / "colours" / "valid")
    app = open_page("models", model="no card", data="colours")
    assert "no card_labels.txt" in words(app).replace("\\", "") and app.text_area[0].value.startswith("green\nblue")
    app.button(key="work_begin").click().run()
    assert not app.exception
    warnings = "\n".join(element.value for element in app.warning).replace("\\", "")
    assert "30 of 40 images are right; with class order as assumed, 10" in warnings
    app.button(key="assumptions_use_no card").click().run()
    assert app.text_area[0].value == "blue\ngreen\nred *car*\n青い車"
    assert read_card(own_workspace / "models" / "no card.keras") is None
    save(app)
    assert read_card(own_workspace / "models" / "no card.keras").class_names == ["blue", "green", "red *car*", "青い車"]


def test_pages_say_what_was_not_checked(workspace, open_page):
    view = {"sample": ["test/red *car*/car 0.png"], "data": "colours"}
    app = open_page("heatmaps", model=["no card"], **view)
    assert not app.exception
    captions = [element.value for element in app.caption]
    assert any("no card has an incomplete card" in caption.replace("\\", "") for caption in captions)
    assert "Check it on page Models" in [element.proto.label for element in app.get("page_link")]
    app = open_page("heatmaps", model=["good"], **view)
    assert not any("incomplete card" in element.value for element in app.caption)


def test_a_card_that_names_no_reading_is_completed(own_workspace, open_page):
    path = own_workspace / "models" / "no card.keras"
    write_card(
        path, ModelCard(class_names=list("abcd"), preprocessing="unit", resize="area", notes="old", other={"x": 1})
    )
    app = open_page("models", model="no card")
    app.selectbox(key="card_orientation_no card").select("upright").run()
    save(app)
    assert not app.exception and not app.error
    card = read_card(path)
    assert (card.alpha, card.orientation, card.resize) == ("drop-alpha", "upright", "area")
    assert (card.notes, card.other, card.class_names) == ("old", {"x": 1}, list("abcd"))


def test_heatmaps_speak_the_names_of_a_card_saved_meanwhile(own_workspace, open_page, words):
    view = {"sample": ["test/red *car*/car 0.png"], "model": ["no card"], "data": "colours"}
    before = words(open_page("heatmaps", **view))
    app = open_page("models", model="no card")
    app.text_area[0].set_value("eins\nzwei\ndrei\nvier").run()
    save(app)
    after = words(open_page("heatmaps", **view))
    names = ("eins", "zwei", "drei", "vier")
    assert not any(name in before for name in names) and any(name in after for name in names)


def test_heatmaps_speak_the_names_of_a_file_changed_meanwhile(own_workspace, open_page, words):
    view = {"sample": ["test/red *car*/car 0.png"], "model": ["no card"], "data": "colours"}
    file = own_workspace / "models" / "labels.txt"
    file.write_text("0 blue\n1 green\n2 red *car*\n3 eins\n", "utf-8")
    assert "zwei" not in words(open_page("heatmaps", **view))
    file.write_text("0 blue\n1 green\n2 zwei\n3 red *car*\n", "utf-8")
    assert "zwei" in words(open_page("heatmaps", **view))


def test_too_few_names_are_refused(workspace, open_page):
    app = open_page("models", model="no card")
    app.text_area[0].set_value("one\ntwo").run()
    assert not app.exception
    assert any("4" in error.value for error in app.error)
    assert "card_save_no card" not in [button.key for button in app.button]
    assert read_card(workspace / "models" / "no card.keras") is None


def test_models_of_which_the_same_is_to_be_said_share_one_line(own_workspace, open_page):
    models = own_workspace / "models"
    (models / "another.keras").write_bytes((models / "no card.keras").read_bytes())
    app = open_page("heatmaps", model=["another", "no card"], data="colours", sample=["test/red *car*/car 0.png"])
    labels = [element.value for element in app.caption if "incomplete card" in element.value]
    assert len(labels) == 1 and "another, no card have incomplete cards" in labels[0].replace("\\", "")


def test_what_was_filled_in_outlives_a_change_of_language(own_workspace, open_page):
    app = open_page("models", model=["no card"], data="colours")
    app.selectbox(key="card_preprocessing_no card").select("caffe").run()
    app.get_by_key("choose_lang").set_value("ja").run()
    assert not app.exception and app.selectbox(key="card_preprocessing_no card_ja").value == "caffe"
    app.selectbox(key="card_preprocessing_no card_ja").select("torch").run()
    app.get_by_key("choose_lang").set_value("en").run()
    assert app.selectbox(key="card_preprocessing_no card_en").value == "torch"


def test_why_a_file_cannot_be_opened_is_said_in_the_language_in_use(own_workspace, open_page):
    (own_workspace / "models" / "empty.h5").write_bytes(b"")
    view = {"model": ["empty", "good"], "data": "colours", "sample": ["test/red *car*/car 0.png"]}
    for page in ("models", "heatmaps", "filters"):
        for code, sentence in (("en", "is empty"), ("ja", "は空です")):
            app = open_page(page, lang=code, **view)
            assert not app.exception and sentence in "\n".join(error.value for error in app.error), (page, code)
