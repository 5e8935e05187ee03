"""A run can be looked at as it was after each epoch."""

import numpy as np
import pytest

from carvis.errors import TrainingError
from carvis.explain import heatmaps
from carvis.images import load_batch
from carvis.training import train
from carvis.training.replay import Replay


def test_each_epoch_can_be_looked_at_as_it_was(colours, workspace, small):
    run = train("own", colours, epochs=4, replay=True, workspace=workspace, **small)
    replay, valid = Replay(run), colours.samples("valid")
    assert replay.epochs == [1, 2, 3, 4] and replay.images["id"].tolist() == valid["id"].tolist()
    images = load_batch(valid["path"], 32)
    for epoch in replay.epochs:
        confusion = replay.confusion(epoch)
        accuracy = np.trace(confusion.to_numpy()) / len(valid)
        assert accuracy == pytest.approx(run.history["val_accuracy"][epoch - 1]) and confusion.to_numpy().sum() == 24
        clf = replay.classifier(epoch)
        predicted = np.array(clf.class_names)[clf.predict(images).argmax(axis=1)]
        # float16 may turn the one answer that hung in the balance.
        assert (predicted == replay.predictions(epoch)).sum() >= 23
    maps = [heatmaps(replay.classifier(epoch), images[:1], target=0)[0].raw for epoch in (1, 4)]
    assert np.abs(maps[0] - maps[1]).max() > 0


def test_without_weights_only_the_predictions_are_there(colours, workspace, small):
    run = train("own", colours, epochs=1, workspace=workspace, **small)
    replay = Replay(run)
    assert replay.confusion(1).to_numpy().sum() == 24 and not replay.has_weights(1)
    with pytest.raises(TrainingError, match="--replay"):
        replay.classifier(1)
    with pytest.raises(TrainingError, match="another epoch"):
        replay.predictions(2)
    (replay.folder / "epoch-0001.npz").write_bytes(b"torn")
    with pytest.raises(TrainingError, match="damaged"):
        replay.predictions(1)


def test_only_what_learns_is_kept(colours, workspace):
    options = {"backbone": "vgg16-slim", "input_size": 32, "head_units": 8, "epochs": 2, "views": 1}
    run = train("transfer", colours, replay=True, workspace=workspace, **options)
    with np.load(Replay(run).folder / "epoch-0002.npz") as file:
        stored = sorted(name for name in file.files if name.startswith("weight:"))
    assert stored == [f"weight:{layer}/{part}" for layer in ("dense", "dense_1") for part in ("bias", "kernel")]
    assert Replay(run).classifier(1).class_names == colours.class_names
