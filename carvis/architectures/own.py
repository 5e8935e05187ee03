"""The own CNN: four convolutions, named as the tutorial's, and a dense head."""

import keras


def own_cnn(
    size: tuple[int, int],
    channels: int,
    n_classes: int,
    width: int = 32,
    head_units: int = 256,
    dropout: float = 0.5,
) -> keras.Model:
    """Return a CNN of four convolutions of width, 2, 4 and 4 times ``width`` filters, each with a pooling.

    Before the dense head the map is averaged to about 4x4 cells, which keeps the head small and the coarse layout.
    """
    x = image = keras.Input((*size, channels), name="input_layer")
    for i, factor in enumerate((1, 2, 4, 4)):
        suffix = f"_{i}" if i else ""
        x = keras.layers.Conv2D(
            width * factor,
            3,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            name=f"conv2d{suffix}",
        )(x)
        x = keras.layers.MaxPooling2D(2, name=f"max_pooling2d{suffix}")(x)
    cells = (max(x.shape[1] // 4, 1), max(x.shape[2] // 4, 1))
    if cells != (1, 1):
        x = keras.layers.AveragePooling2D(cells, name="average_pooling2d")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dense(head_units, activation="relu", kernel_initializer="he_normal", name="dense")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    x = keras.layers.Dense(n_classes, activation="softmax", name="dense_1")(x)
    return keras.Model(image, x, name="own")
