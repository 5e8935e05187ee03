"""The loop: rate, best weights, early end."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from carvis.errors import TrainingError
from carvis.training.loop import Loop, learning_rate_at


def test_the_rate_rises_then_falls_along_a_cosine():
    rates = [learning_rate_at(step, 100, 1.0) for step in range(100)]
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert rates[5] == 1.0
    # Half of the way down: between 1 and 0.01.
    assert learning_rate_at(5 + 95 // 2, 100, 1.0) == pytest.approx(0.505, abs=0.01)
    assert rates[-1] == pytest.approx(0.01, abs=0.001)
    assert learning_rate_at(0, 1, 0.5) == 0.5


def model_and_batches(seed: int = 0):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    images = tf.constant(np.array([0.0, 0.0, 1.0, 1.0], np.float32)[:, None, None, None] * np.ones((4, 2, 2, 1), "f"))
    labels = tf.constant([0, 0, 1, 1], tf.int64)
    return model, images, labels


def test_the_best_weights_are_restored_and_patience_ends_it():
    model, images, labels = model_and_batches()
    kept, events = [], []
    # Validation has the labels the other way round: each epoch of learning makes it worse.
    loop = Loop(
        model,
        lambda epoch: [(images, labels)],
        lambda: [(images, 1 - labels)],
        steps=1,
        epochs=50,
        patience=4,
        learning_rate=0.1,
        emit=lambda kind, **facts: events.append((kind, facts)),
        on_best=lambda: kept.append([weight.copy() for weight in model.get_weights()]),
    )
    outcome = loop.run()
    epochs = [facts for kind, facts in events if kind == "epoch"]
    scores = [(facts["val_accuracy"], -facts["val_loss"]) for facts in epochs]
    assert outcome.epochs < 50 and "4 epochs" in outcome.reason and not outcome.stopped
    assert outcome.best_epoch == scores.index(max(scores)) + 1
    assert epochs[outcome.best_epoch - 1]["best"]
    for best, now in zip(kept[-1], model.get_weights(), strict=True):
        np.testing.assert_array_equal(best, now)


def test_it_learns_and_counts_right():
    model, images, labels = model_and_batches()
    outcome = Loop(
        model, lambda epoch: [(images[:3], labels[:3]), (images[3:], labels[3:])], lambda: [(images, labels)],
        steps=2, epochs=60, patience=60, learning_rate=0.1,
    ).run()  # fmt: skip
    assert outcome.steps == 120
    assert outcome.metrics["val_accuracy"] == 1.0
    probabilities = model(images).numpy()[np.arange(4), labels]
    assert outcome.metrics["val_loss"] == pytest.approx(-np.log(probabilities).mean(), rel=1e-4)


def test_frozen_weights_are_left_alone():
    model, images, labels = model_and_batches()
    model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Conv2D(1, 1, name="base"), *model.layers])
    model.get_layer("base").trainable = False
    before = model.get_layer("base").get_weights()
    Loop(
        model, lambda epoch: [(images, labels)], lambda: [(images, labels)],
        steps=1, epochs=3, patience=3, learning_rate=0.1,
    ).run()  # fmt: skip
    np.testing.assert_array_equal(before[0], model.get_layer("base").get_weights()[0])


def test_a_loss_that_is_no_number_is_said():
    model, images, labels = model_and_batches()
    loop = Loop(
        model, lambda epoch: [(images * np.nan, labels)], lambda: [(images, labels)],
        steps=1, epochs=3, patience=3, learning_rate=0.1,
    )  # fmt: skip
    with pytest.raises(TrainingError, match="lower learning rate"):
        loop.run()


def test_a_request_ends_it_after_the_step():
    model, images, labels = model_and_batches()
    asked = iter([None, None, "enough"])
    loop = Loop(
        model, lambda epoch: [(images, labels)] * 10, lambda: [(images, labels)],
        steps=10, epochs=3, patience=3, learning_rate=0.1, stop=lambda: next(asked),
    )  # fmt: skip
    outcome = loop.run()
    assert (outcome.steps, outcome.epochs, outcome.stopped, outcome.reason) == (3, 0, True, "enough")
