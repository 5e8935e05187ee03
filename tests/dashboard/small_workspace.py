"""A small real workspace: drawn images, hand-set models, evaluations, and files that are broken."""

from pathlib import Path

import numpy as np

from carvis.images import write_image

CLASSES = ("blue", "green", "red *car*", "青い車")
COLOURS = {"blue": (20, 40, 220), "green": (30, 200, 40), "red *car*": (220, 30, 20), "青い車": (60, 90, 200)}


def _draw_images(root: Path, per_class: int) -> None:
    rng = np.random.default_rng(0)
    for label, colour in COLOURS.items():
        for i in range(per_class):
            image = rng.integers(90, 150, (48, 64, 3)).astype(np.uint8)
            top, left = rng.integers(2, 20), rng.integers(2, 30)
            image[top : top + 24, left : left + 28] = colour
            write_image(root / label / f"car {i}.png", image)


def _model(columns: list[int | None]):
    """A model with hand-set weights that predicts by colour: ``columns[i]`` is the channel of class i, if any."""
    import keras

    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(3, 1, activation="relu", name="conv2d")(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    outputs = keras.layers.Dense(4, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    kernel = np.full((1, 1, 3, 3), -0.5, np.float32) + 1.5 * np.eye(3, dtype=np.float32)
    head = np.zeros((3, 4), np.float32)
    for label, channel in enumerate(columns):
        if channel is not None:
            head[channel, label] = 20.0 - label
    model.set_weights([kernel, np.full(3, -0.1, np.float32), head, np.zeros(4, np.float32)])
    return model


def build(root: Path) -> Path:
    """Fill ``root`` with a data set, two evaluated models, one without a card, and files that are broken."""
    from carvis.classifier import Classifier, save_classifier
    from carvis.dataset import Dataset
    from carvis.evaluation import evaluate

    _draw_images(root / "data" / "colours" / "train", 2)
    _draw_images(root / "data" / "colours" / "test", 8)
    (root / "data" / "colours" / "test" / "blue" / "broken.jpg").write_bytes(b"no picture at all")
    (root / "data" / "colours" / "test" / "notes.txt").write_text("not a picture")
    data = Dataset(root / "data" / "colours")
    for name, columns in (("good", [2, 1, 0, 2]), ("poor", [1, 2, 0, None])):
        clf = Classifier(_model(columns), CLASSES, name=name)
        save_classifier(clf, root / "models" / f"{name}.keras")
        evaluate(clf, data, "test").save(root / "data" / "evaluations" / "colours" / "test" / name)
    _model([2, 1, 0, 2]).save(root / "models" / "no card.keras")
    (root / "models" / "broken.keras").write_bytes(b"no model at all")
    table = root / "data" / "incorrect" / "df2.csv"
    table.parent.mkdir()
    rows = [r"colours\test\blue\car 0.png", r"colours\test\green\car 1.png", r"colours\test\green\gone.png"]
    table.write_text("PATH\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return root
