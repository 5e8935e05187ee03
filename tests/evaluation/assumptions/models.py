"""A model with weights set by hand that tests of assumptions share."""

import keras
import numpy as np


def light_or_dark():
    """Tell dark images from light ones: light is above 0.5 in the mean of the three channels, under unit."""
    image = keras.Input((8, 8, 3))
    mean = keras.layers.GlobalAveragePooling2D()(image)
    model = keras.Model(image, keras.layers.Dense(2, activation="softmax")(mean))
    model.set_weights([np.array([[-50, 50]] * 3, np.float32), np.array([75.0, -75.0], np.float32)])
    return model
