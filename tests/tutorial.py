"""A folder as the tutorial leaves it: images by split and class, three old models, and a table with Windows paths."""

from pathlib import Path

import numpy as np

from carvis.images import write_image

MODELS = ("4_dense_mini.h5", "VGG16_mini_3.h5", "VGG16_mini_extended_fine2.h5")
CLASSES = ("Audi-a3", "BMW-x3", "トヨタ-86")


def make_tutorial(root: Path, size: int = 32, vgg: bool = False) -> Path:
    """Lay the folder out.

    Args:
        size: side of the models' input in pixels; the tutorial's is 256.
        vgg: build VGG16 as the tutorial does, instead of a stand-in with its layers' names.
    """
    random = np.random.default_rng(0)
    for split, n in (("train", 2), ("valid", 1), ("test", 2)):
        for place, label in enumerate(CLASSES):
            for i in range(n):
                image = random.integers(0, 60, (40, 48, 3), np.uint8)
                image[8:30, 8:40, place] += 180
                write_image(root / "mini_pictures" / split / label / f"{label}_5ee6ce7e5db6_{split}{i}.jpg", image)
    rows = [f"{i},mini_pictures\\test\\{label}\\{label}_5ee6ce7e5db6_test0.jpg" for i, label in enumerate(CLASSES)]
    (root / "incorrect").mkdir()
    (root / "incorrect" / "df2.csv").write_bytes("\r\n".join([",PATH", *rows, ""]).encode("cp932"))
    (root / "models").mkdir()
    for name in MODELS:
        _model(name, size, vgg).save(root / "models" / name)
    return root


def _model(name: str, size: int, vgg: bool):
    """A model of the tutorial with random weights, as Keras 2 writes it."""
    import tf_keras

    L = tf_keras.layers
    tf_keras.utils.set_random_seed(1)
    image = L.Input((size, size, 3))
    if name.startswith("4_dense"):
        x = image
        for i, width in enumerate((8, 8, 16, 16)):
            x = L.Conv2D(width, 3, activation="relu", name="conv2d" + (f"_{i}" if i else ""))(x)
            x = L.MaxPooling2D()(x) if i < 2 else x
        x = L.Flatten()(x)
    elif vgg:
        base = tf_keras.applications.VGG16(include_top=False, weights=None, input_tensor=image)
        x = L.Dense(1024, activation="relu")(L.GlobalAveragePooling2D()(base.output))
    else:
        x = image
        for block in range(1, 6):
            x = L.Conv2D(8, 3, padding="same", activation="relu", name=f"block{block}_conv3")(x)
            x = L.MaxPooling2D(name=f"block{block}_pool")(x) if block < 4 else x
        x = L.Dense(16, activation="relu")(L.GlobalAveragePooling2D()(x))
    return tf_keras.Model(image, L.Dense(len(CLASSES), activation="softmax")(x))
