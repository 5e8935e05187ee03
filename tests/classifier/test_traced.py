"""Functions of models that are traced once."""

import logging

import keras
import numpy as np
import tensorflow as tf

from carvis.classifier import Classifier
from carvis.classifier.model_call import call_model, traced


def _model():
    return keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])


def test_many_models_are_not_taken_for_one_that_is_traced_anew(caplog):
    logger, images = tf.get_logger(), np.zeros((1, 4, 4, 3), np.float32)
    logger.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.WARNING):
            for _model_of_many in range(8):
                clf = Classifier(_model(), ["a", "b"])
                clf.predict_prepared(images)
    finally:
        logger.removeHandler(caplog.handler)
    assert not caplog.records


def test_a_function_is_traced_once_for_any_number_of_images():
    model, traces = _model(), []

    def function(images):
        traces.append(images.shape)
        return call_model(model, images)

    run = traced(model, function, [tf.TensorSpec((None, 4, 4, 3), tf.float32)])
    assert [len(run(np.zeros((n, 4, 4, 3), np.float32))) for n in (1, 3, 2)] == [1, 3, 2]
    assert len(traces) == 1
