"""``fit`` as a run calls it: best weights, early stopping, frozen weights, requests to stop."""

from dataclasses import dataclass, replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from carvis.training.fit import Hooks, Training, compiled


@dataclass
class Arrays:
    """Four images of two classes: dark and bright."""

    images: np.ndarray
    labels: np.ndarray
    views: int = 1

    def loader(self, view):
        return lambda indices: tf.gather(tf.constant(self.images), indices)


IMAGES = np.array([0.0, 0.0, 1.0, 1.0], np.float32)[:, None, None, None] * np.ones((4, 2, 2, 1), np.float32)
LABELS = np.array([0, 0, 1, 1])


def small_model(*layers):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((2, 2, 1)), *layers, keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])


@pytest.fixture
def training(config, colours):
    def make(model, images=IMAGES, labels=LABELS, valid_labels=LABELS, **options):
        settings = replace(config(colours), **({"batch_size": 4, "learning_rate": 0.1, "patience": 60} | options))
        return Training(model, model, Arrays(images, labels), Arrays(IMAGES, valid_labels), settings)

    return make


def test_the_best_weights_are_restored_and_patience_ends_it(training):
    model = small_model()
    best, epochs = [], []

    def emit(kind, **facts):
        if kind == "epoch":
            epochs.append(facts)

    # Validation has the labels the other way round: each epoch of learning makes it worse.
    fitted = training(model, valid_labels=1 - LABELS, epochs=50, patience=4)
    fitted.fit(Hooks(emit, save_best=lambda: best.append([weight.copy() for weight in model.get_weights()])))
    course, scores = fitted.course, [(facts["val_accuracy"], -facts["val_loss"]) for facts in epochs]
    assert course.state.epochs < 50 and "4 epochs" in course.reason and not course.stopped
    assert course.state.best_epoch == scores.index(max(scores)) + 1
    assert epochs[course.state.best_epoch - 1]["best"]
    for first, second in zip(best[-1], model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_training_that_did_all_its_epochs_names_no_other_reason(training):
    fitted = training(small_model(), valid_labels=1 - LABELS, epochs=5, patience=4)
    fitted.fit()
    assert (fitted.course.state.epochs, fitted.course.state.waited, fitted.course.reason) == (5, 4, None)


def test_it_learns_and_its_measures_are_of_the_whole_epoch(training):
    model = small_model()
    fitted = training(model, epochs=60, batch_size=3)
    fitted.fit()
    state = fitted.course.state
    assert fitted.optimizer_steps == state.steps == 120
    assert state.metrics["val_accuracy"] == 1.0
    probabilities = model(IMAGES).numpy()[np.arange(4), LABELS]
    assert state.metrics["val_loss"] == pytest.approx(-np.log(probabilities).mean(), rel=1e-4)
    assert fitted.course.predicted.tolist() == [0, 0, 1, 1]


def test_frozen_weights_are_left_alone(training):
    base = keras.layers.Conv2D(1, 1, trainable=False)
    model = small_model(base)
    before = base.get_weights()
    training(model, epochs=3).fit()
    np.testing.assert_array_equal(before[0], base.get_weights()[0])


def test_a_model_keeps_no_optimizer():
    model = small_model()
    compiled(model, 1e-3)
    assert not model.compiled and not hasattr(model, "optimizer")


def test_a_loss_that_is_nan_ends_it(training):
    fitted = training(small_model(), images=IMAGES * np.nan, epochs=3)
    fitted.fit()
    assert "lower learning rate" in fitted.course.reason and not fitted.course.stopped
    assert fitted.course.state.epochs == 0 and fitted.course.state.best is None


def test_a_request_ends_it_after_the_step(training):
    requests = iter([None, None, "enough"])
    fitted = training(small_model(), epochs=3, batch_size=1)
    fitted.fit(Hooks(stop_requested=lambda: next(requests)))
    course = fitted.course
    assert (fitted.optimizer_steps, course.state.epochs) == (3, 0)
    assert (course.stopped, course.reason) == (True, "enough")


def test_xla_computes_the_same(training):
    losses = []
    for jit_compile in (False, True):
        fitted = training(small_model(), epochs=3, jit_compile=jit_compile)
        assert fitted.trained.jit_compile is jit_compile
        fitted.fit()
        losses.append(fitted.course.state.last["val_loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
