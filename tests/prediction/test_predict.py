"""``carvis.predict`` on a small workspace: temperature, novelty by distance and by energy, broken files, averages."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest

import carvis
from carvis.dataset import Dataset
from carvis.errors import ImageError, ModelError
from carvis.evaluation import evaluate, evaluation_folder
from carvis.evaluation.comparison import rescaled
from carvis.images import write_image
from carvis.prediction import COLUMNS, ImageSource, average_reference, predict_images, reference_of
from carvis.workspace import Workspace

CLASSES = ("blue", "green", "red")


def coloured_model(sharpness: float = 8.0, order=(2, 1, 0)):
    """Predict the strongest colour: the score of class i is ``sharpness`` times the mean of its channel."""
    import keras

    inputs = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(inputs)
    outputs = keras.layers.Dense(3, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    kernel = np.zeros((3, 3), np.float32)
    for place, channel in enumerate(order):
        kernel[channel, place] = sharpness
    model.set_weights([kernel, np.zeros(3, np.float32)])
    return model


def plain_image(rng, channel: int):
    colour = rng.integers(0, 70, 3)
    colour[channel] = rng.integers(150, 250)
    return np.clip(colour + rng.integers(-5, 6, (10, 12, 3)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> Workspace:
    """A workspace with a data set, a model that is evaluated on all of it, and one that is not."""
    from carvis.classifier import Classifier, save_classifier

    root = tmp_path_factory.mktemp("space")
    rng = np.random.default_rng(1)
    for split, n in (("train", 12), ("valid", 10), ("test", 3)):
        for name, channel in zip(CLASSES, (2, 1, 0)):
            for i in range(n):
                # One validation image of each class is labelled wrong: without mistakes no temperature fits.
                shown = (channel + 1) % 3 if split == "valid" and i == 0 else channel
                write_image(root / "data" / "colours" / split / name / f"{i}.png", plain_image(rng, shown))
    space, data = Workspace(root), Dataset(root / "data" / "colours")
    for name in ("known", "unknown"):
        save_classifier(Classifier(coloured_model(), CLASSES, name=name), root / "models" / f"{name}.keras")
    clf = carvis.load_classifier(root / "models" / "known.keras", data=data)
    for split in ("train", "valid"):
        evaluate(clf, data, split, leakage=False, workspace=space).save(
            evaluation_folder(space, "colours", split, "known")
        )
    return space


@pytest.fixture(scope="module")
def known(space):
    return carvis.load_classifier(space.models_dir / "known.keras")


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(2)
    write_image(folder / "a red one.png", plain_image(rng, 0))
    write_image(folder / "b green.png", plain_image(rng, 1))
    # Grey is no colour that the training images have.
    write_image(folder / "c grey.png", np.full((9, 9, 3), 230, np.uint8))
    (folder / "d broken.jpg").write_bytes(b"no image at all")
    (folder / "notes.txt").write_text("nothing")
    return folder


def test_a_row_an_image_and_model_with_what_the_training_images_say(space, known, photos):
    table = carvis.predict(known, photos, workspace=space)
    assert list(table.columns) == list(COLUMNS)
    assert [Path(path).name for path in table["path"]] == ["a red one.png", "b green.png", "c grey.png", "d broken.jpg"]
    assert table["status"].tolist() == ["ok", "ok", "ok", "unreadable"]
    assert table["predicted"].tolist()[:2] == ["red", "green"]
    assert table["nearest_label"].tolist()[:2] == ["red", "green"]
    assert table["nearest_id"].iloc[0].startswith("train/red/")
    assert table["novelty"].tolist() == ["typical", "typical", "novel", ""]
    assert set(table["novelty_by"][:3]) == {"training-distance"} and table["novelty_p"].iloc[2] == pytest.approx(1 / 31)
    assert "d broken.jpg" in table["reason"].iloc[3] and math.isnan(table["confidence"].iloc[3])
    assert any("notes.txt" in str(note) for note in table.attrs["notes"])


def test_the_confidence_is_calibrated_by_the_stored_validation_predictions(space, known, photos):
    row = carvis.predict(known, photos / "a red one.png", workspace=space).iloc[0]
    valid = carvis.load_evaluation(evaluation_folder(space, "colours", "valid", "known"))
    from carvis.evaluation.comparison import fit_temperature

    fit = fit_temperature(valid)
    assert not fit.bounded, "the images are too easy for this test"
    assert row["calibration"] == "temperature" and row["temperature"] == fit.value
    [probabilities] = known.predict([carvis.images.read_image(photos / "a red one.png")])
    assert row["calibrated_confidence"] == pytest.approx(
        float(rescaled(probabilities[None], fit.value).max()), rel=1e-5
    )
    assert row["confidence"] == pytest.approx(float(probabilities.max()), rel=1e-5)
    assert [row["second"], row["third"]] == [known.class_names[i] for i in np.argsort(-probabilities)[1:]]


def test_without_an_evaluation_it_says_raw_and_takes_energies_of_the_validation_images(space, photos):
    clf = carvis.load_classifier(space.models_dir / "unknown.keras")
    # Its card names no data set, so nothing is known of its training images.
    table = carvis.predict(clf, photos / "a red one.png", workspace=space)
    assert table["calibration"].tolist() == ["raw"]
    assert table["calibrated_confidence"].equals(table["confidence"])
    assert table["novelty"].tolist() == ["unknown"] and table["nearest_id"].tolist() == [""]
    notes = " ".join(map(str, table.attrs["notes"]))
    assert "the confidence is raw" in notes and "--split valid" in notes
    # Called the model of that data set, it is held against validation images.
    clf.card.dataset = "colours"
    progress: list[float] = []
    reference = reference_of(clf, space, progress=lambda done, total: progress.append(done / total) and None)
    assert reference.novelty.score == "energy" and len(reference.novelty.calibration) == 30 and progress[-1] == 1
    again: list[float] = []
    reference_of(clf, space, progress=lambda done, total: again.append(done))
    assert not again, "they are kept"
    dark = ImageSource("dark", write_image(photos.parent / f"{photos.name}-dark.png", np.zeros((9, 9, 3), np.uint8)))
    [prediction] = predict_images({"unknown": clf}, [dark], {"unknown": reference})
    # The energy of three scores of 0 is -log 3; those of the coloured images are lower.
    assert prediction.novelty_score == pytest.approx(-math.log(3), abs=1e-5) and prediction.novelty == "novel"


def test_the_data_set_can_be_named(space, photos):
    clf = carvis.load_classifier(space.models_dir / "unknown.keras")
    row = carvis.predict(clf, photos / "b green.png", data=space.data_dir / "colours", workspace=space).iloc[0]
    assert row["novelty_by"] == "training-distance" and row["nearest_label"] == "green"


def test_a_data_set_of_the_same_name_elsewhere_is_held_against_its_own_images(space, known, tmp_path):
    rng = np.random.default_rng(5)
    for split in ("train", "valid"):
        for name, channel in zip(CLASSES, (2, 1, 0)):
            for i in range(6):
                write_image(tmp_path / "colours" / split / name / f"other {i}.png", plain_image(rng, channel))
    reference = reference_of(known, space, data=Dataset(tmp_path / "colours"))
    assert set(reference.training.ids) == {f"train/{name}/other {i}.png" for name in CLASSES for i in range(6)}
    assert len(reference.novelty.calibration) == 18


def test_the_average_matches_classes_by_name(space, known, photos):
    from carvis.classifier import Classifier

    other = Classifier(coloured_model(2.0, order=(0, 1, 2)), CLASSES[::-1], name="other")
    models = [known, other]
    table = carvis.predict(models, photos, workspace=space, average=True)
    assert table["model"].tolist()[:3] == ["known", "other", "average"] and len(table) == 12
    image = carvis.images.read_image(photos / "a red one.png")
    mean = (known.predict([image])[0] + other.predict([image])[0][::-1]) / 2
    row = table.iloc[2]
    assert row["predicted"] == "red" and row["confidence"] == pytest.approx(float(mean.max()), rel=1e-5)
    # One of the models was never evaluated.
    assert row["calibration"] == "raw"
    assert table["status"].tolist()[-3:] == ["unreadable"] * 3
    stranger = Classifier(coloured_model(), ("blue", "green", "grey"), name="stranger")
    with pytest.raises(ModelError, match="different classes"):
        carvis.predict([known, stranger], photos, workspace=space, average=True)
    # Its rows could not be told from those of the average.
    with pytest.raises(ModelError, match="has the name average"):
        carvis.predict({"known": known, "average": other}, photos, workspace=space, average=True)


def test_the_average_is_calibrated_only_where_all_models_choose_one_class(space, known):
    import keras

    from carvis.classifier import Classifier

    inputs = keras.Input((8, 8, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    apart = Classifier(keras.Model(inputs, keras.layers.Dense(3, activation="sigmoid")(pooled)), CLASSES, name="apart")
    assert apart.output == "independent"
    assert average_reference({"one": known, "two": known}, space).temperature is not None
    # Its validation predictions are as good as the other's: their kind alone speaks against a temperature.
    evaluate(apart, Dataset(space.root / "data" / "colours"), "valid", leakage=False, workspace=space).save(
        evaluation_folder(space, "colours", "valid", "apart")
    )
    assert average_reference({"one": known, "two": apart}, space).temperature is None


def test_views_are_averaged_and_the_confidence_is_then_raw(space, known, tmp_path):
    image = np.zeros((16, 16, 3), np.uint8)
    image[:, :2, 0] = 255
    path = write_image(tmp_path / "left edge red.png", image)
    row = carvis.predict(known, path, workspace=space, augment="crops").iloc[0]
    from carvis.prediction import views

    expected = known.predict(views(image, "crops")).mean(axis=0)
    assert row["confidence"] == pytest.approx(float(expected.max()), rel=1e-5) and row["calibration"] == "raw"
    plain = carvis.predict(known, path, workspace=space).iloc[0]
    assert row["nearest_distance"] == plain["nearest_distance"]


def test_what_is_not_there_is_a_row_beside_others_and_an_error_alone(space, known, photos):
    table = carvis.predict(known, [photos / "gone.jpg", photos / "b green.png"], workspace=space)
    assert sorted(table["status"]) == ["ok", "unreadable"]
    with pytest.raises(ImageError, match=r"gone.jpg does not exist"):
        carvis.predict(known, photos / "gone.jpg", workspace=space)


def test_a_changed_model_is_not_calibrated_by_what_it_was(space, known, photos):
    changed = known.replace(resize="nearest")
    table = carvis.predict(changed, photos / "b green.png", workspace=space)
    assert table["calibration"].tolist() == ["raw"]
    assert any("has changed since it was evaluated" in str(note) for note in table.attrs["notes"])


def test_a_batch_gives_what_single_images_give(space, known, photos):
    together = carvis.predict(known, photos, workspace=space, batch_size=2)
    alone = carvis.predict(known, photos, workspace=space, batch_size=1)
    for column in ("confidence", "nearest_distance", "novelty_score"):
        np.testing.assert_allclose(together[column], alone[column], rtol=1e-5, atol=1e-6)
    assert together["predicted"].equals(alone["predicted"])


def test_uploads_are_predicted_from_their_content(known, photos):
    content = (photos / "b green.png").read_bytes()
    found = list(predict_images({"m": known}, [ImageSource("mine.png", content), ImageSource("bad", b"x")]))
    assert [one.path for one in found] == ["mine.png", "bad"]
    assert found[0].predicted == "green" and found[0].novelty == "unknown" and found[1].status == "unreadable"


def test_a_model_of_images_of_any_size_takes_each_at_its_own(photos):
    import keras

    from carvis.classifier import Classifier

    inputs = keras.Input((None, None, 3))
    outputs = keras.layers.Dense(2, activation="softmax")(keras.layers.GlobalAveragePooling2D()(inputs))
    clf = Classifier(keras.Model(inputs, outputs), ("a", "b"), name="open", input_size=(None, None))
    if not clf.native_size:
        pytest.skip("this model leaves its size to the caller")
    found = list(predict_images({"open": clf}, [ImageSource(p.name, p) for p in sorted(photos.glob("*.png"))]))
    assert [one.status for one in found] == ["ok"] * 3


def test_where_most_validation_images_were_replaced_that_is_said_beside_how_few_are_left(known, space, tmp_path):
    copy = Workspace(shutil.copytree(space.root, tmp_path / "space"))
    valid = sorted((copy.data_dir / "colours" / "valid").glob("*/*.png"))
    for path in valid[2:]:
        write_image(path, np.zeros((9, 9, 3), np.uint8))
    words = [str(note) for note in reference_of(known, copy).notes]
    assert any("2 validation images are too few" in note for note in words)
    assert any(f"{len(valid) - 2} images of colours were replaced" in note for note in words)
