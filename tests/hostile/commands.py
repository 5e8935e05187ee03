"""Whole commands that need TensorFlow, each with a workspace that it works in."""

import os
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from carvis.classifier import Classifier, ModelCard, load_classifier, read_card, save_classifier
from carvis.cli import main
from carvis.evaluation import load_evaluation
from carvis.explain import Heatmap
from carvis.images import write_image
from carvis.training import Run
from carvis.workspace import Workspace
from tests.hostile.writes import Write

NAMES = ["red", "green", "blue"]
MODELS = {"one": [0, 1, 2], "two": [0, 2, 2]}


def _model(columns: list[int]) -> keras.Model:
    """A model of 18 weights that goes by colour."""
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(3, 1, use_bias=False, name="conv")(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, keras.layers.Dense(3, use_bias=False, activation="softmax")(x))
    head = np.zeros((3, 3), np.float32)
    head[[0, 1, 2], columns] = 5
    model.set_weights([np.eye(3, dtype=np.float32).reshape(1, 1, 3, 3), head])
    return model


def images(place: Path) -> None:
    """Images of three colours, with boxes of a part."""
    rng, rows = np.random.default_rng(0), ["id,part,x1,y1,x2,y2"]
    for split, n in (("train", 4), ("valid", 2), ("test", 3)):
        for number, label in enumerate(NAMES):
            for i in range(n):
                image = rng.integers(0, 30, (12, 16, 3))
                image[3:9, 3:9, number] += 200
                write_image(place / "data" / "mini" / split / label / f"{i}.png", image.astype(np.uint8))
                rows.append(f"{split}/{label}/{i}.png,patch,3,3,9,9")
    (place / "data" / "mini" / "parts.csv").write_text("\n".join(rows) + "\n")


def models(place: Path) -> None:
    images(place)
    for name, columns in MODELS.items():
        card = ModelCard(notes="mine")
        clf = Classifier(_model(columns), NAMES, preprocessing="unit", name=name, card=card)
        save_classifier(clf, place / "models" / f"{name}.keras")


def command(words: str, place: Path) -> int:
    os.chdir(place)
    return main([*words.split(), "--workspace", str(place)])


def evaluated(place: Path) -> None:
    models(place)
    for name in MODELS:
        assert command(f"evaluate models/{name}.keras data/mini", place) == 0


def _accuracy(place: Path, old: str = "old") -> str:
    folder = place / "data" / "evaluations" / "mini" / "test" / "two"
    return "new" if folder.exists() and load_evaluation(folder).accuracy == 2 / 3 else old


def _files(folder: str, endings: tuple[str, ...], place: Path) -> str:
    there = [bool(list((place / folder).glob(f"*{ending}"))) for ending in endings]
    return "new" if all(there) else "torn" if any(there) else "old"


def _heatmaps(place: Path) -> str:
    for file in (place / "maps").glob("*.npz"):
        Heatmap.load(file)
    return _files("maps", ("heatmaps.png", "--one.jpg", "--two.jpg", "--one.npz", "--two.npz"), place)


def _trained(place: Path) -> str:
    space = Workspace(place)
    for folder in space.runs():
        run = Run(folder, space)
        assert run.state in ("queued", "crashed", "finished"), run.state
        assert run.history["epoch"].tolist() == list(range(1, len(run.history) + 1))
    made = space.models()
    for path in made:
        assert path.with_suffix(".json").is_file(), f"{path.name} has no card"
        clf = load_classifier(path)
        assert clf.class_names == sorted(NAMES) and not clf.assumptions, clf.assumptions
    assert len(made) <= 1, f"{len(made)} models of one run"
    return "new" if made and space.runs() and run.state == "finished" else "old"


def _train(place: Path) -> int:
    """Train, or go on with the run that is there."""
    runs = Workspace(place).runs()
    if not runs:
        size = "--input-size 16 --width 2 --epochs 2 --batch-size 8 --seed 1"
        return command(f"train own data/mini --name it {size}", place)
    if Run(runs[0], Workspace(place)).state == "finished":
        return 0
    return command(f"train --run-dir {runs[0]}", place)


def _fine_tune_kept(place: Path) -> int:
    size = "--backbone vgg16-slim --weights none --views 1 --cache-precision float32 --epochs 1 --batch-size 8"
    runs = [run for run in Workspace(place).runs() if Run(run, Workspace(place)).state != "finished"]
    if runs:
        return command(f"train --run-dir {runs[0]}", place)
    if Workspace(place).models():
        return 0
    return command(f"train transfer data/mini --name it --input-size 32 --head-units 4 {size}", place)


def _card(place: Path) -> str:
    card = read_card(place / "models" / "one.keras")
    assert card is not None and card.notes == "mine"
    return "new" if card.preprocessing == "tf" else "old"


def _replaced(place: Path) -> int:
    clf = Classifier(_model([1, 0, 2]), NAMES, preprocessing="unit", name="one", card=ModelCard(notes="new"))
    save_classifier(clf, place / "models" / "one.keras", overwrite=True)
    return 0


def _replaced_state(place: Path) -> str:
    clf = load_classifier(place / "models" / "one.keras")
    assert not clf.assumptions, clf.assumptions
    return {"mine": "old", "new": "new"}[clf.card.notes]


def _spectators(place: Path) -> str:
    tables = list((place / "seen").glob("*.csv"))
    assert all(len(pd.read_csv(table)) for table in tables)
    return _files("seen", ("attention.png", "-pictures.csv", "-parts.csv", "-classes.png"), place)


_ONE = "models/one.keras data/mini"
_BOTH = "models/one.keras models/two.keras data/mini/test/red/0.png"
_AGAIN = "--overwrite"

COMMANDS = (
    Write("evaluate (command)", models, partial(command, "evaluate models/two.keras data/mini"), _accuracy, share=0.3),
    Write(
        "heatmaps --out (command)", models,
        lambda place: 0 if _heatmaps(place) == "new" else command(f"heatmaps {_BOTH} --out maps", place),
        _heatmaps, share=0.3,
    ),
    Write(
        "attention (command)", models,
        lambda place: 0 if _spectators(place) == "new" else command(f"attention {_ONE} --out seen --no-cover", place),
        _spectators, share=0.3,
    ),
    Write(
        "activations (command)", models,
        lambda place: command(f"activations {_BOTH} --out acts {_AGAIN}", place),
        partial(_files, "acts", ("--one.npz", "--two.npz", "conv.png")), share=0.2,
    ),
    Write(
        "filters (command)", models,
        lambda place: command("filters models/one.keras conv --steps 2 --size 16 --filters 0-1 --overwrite", place),
        partial(_files, "data/results/filters", (".png", ".json")), share=0.2,
    ),
    Write(
        "report (command)", evaluated,
        lambda place: command("report one two --out report.html --overwrite", place),
        lambda place: "new" if (place / "report.html").is_file() else "old", share=0.2,
    ),
    Write(
        "summary --save-card (command)", models,
        partial(command, "summary models/one.keras --preprocessing tf --save-card"),
        _card, share=0.2,
    ),
    Write("model and card", models, _replaced, _replaced_state, share=0.3),
    Write("train and resume (command)", images, _train, _trained, share=0.4),
    Write("train with kept features (command)", images, _fine_tune_kept, _trained, share=0.3),
)  # fmt: skip
