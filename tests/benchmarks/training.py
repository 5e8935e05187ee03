"""Training from kept features against plain training, evaluation and reading against the bare forward pass."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from carvis.architectures import build_model
from carvis.classifier import Classifier
from carvis.dataset import Dataset, pipeline
from carvis.evaluation import evaluate
from carvis.images import write_image
from carvis.training.batches import training_batches
from carvis.training.config import RunConfig
from carvis.training.features import FeatureCache, Features
from carvis.training.fit import compiled
from carvis.training.image_set import ImageSet
from carvis.training.prefix import halve
from carvis.training.preparation import configure
from carvis.workspace import Workspace
from tests.benchmarks.measuring import compare

CLASSES = [f"class {i}" for i in range(20)]
EPOCHS, BATCH = 20, 32


def run() -> Iterator[str]:
    """Yield a line for each comparison, on drawn noise; VGG16 at 256x256, MobileNetV2 at 224x224, 20 classes."""
    with tempfile.TemporaryDirectory() as folder:
        data = noise_images(Path(folder) / "noise", per_class=8)
        vgg = ImageSet(data.samples("test"), CLASSES, (256, 256))
        config = _config(data)
        yield _transfer(vgg, Path(folder) / "features", config)
        yield _fine_tuning(vgg, Path(folder) / "features", config)
        for name, backbone, size in (("VGG16", "vgg16", 256), ("MobileNetV2", "mobilenet_v2", 224)):
            model = build_model("transfer", 20, size, None, backbone)
            clf = Classifier(model, CLASSES, preprocessing="unit", name=name)
            images = clf.prepare(_arrays(data, size))
            chunks = [images[i : i + BATCH] for i in range(0, len(images), BATCH)]
            yield compare(
                f"evaluation of {len(images)} pictures by {name}, bare forward pass",
                lambda clf=clf: evaluate(clf, data, "test", leakage=False),
                lambda clf=clf, chunks=chunks: [clf.predict_prepared(chunk) for chunk in chunks],
                pairs=3 if name == "VGG16" else 10,
            )
        paths = data.samples("test")["path"].tolist()
        yield compare(
            f"reading {len(paths)} pictures, MobileNetV2's forward pass",
            lambda: list(pipeline(paths, input_size=(224, 224)).as_numpy_iterator()),
            lambda: [clf.predict_prepared(chunk) for chunk in chunks],
        )


def _transfer(images: ImageSet, folder: Path, config: RunConfig) -> str:
    """20 epochs of a new head, the frozen part computed anew, against one forward pass over arrays in memory."""
    halves = halve(build_model("transfer", 20, 256, None, "vgg16"))
    pixels = images.images(np.arange(len(images))).astype(np.float32) / 255
    frozen = tf.function(lambda x: halves.frozen(x, training=False))

    def ours() -> None:
        with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
            cache = FeatureCache(fresh)
            plan = cache.plan(halves, len(images), "float32")
            [features] = cache.fill(halves, plan, [(images, [None])], config)
        _fit(learning, features, EPOCHS)

    learning = compiled(halves.learning, 1e-4)
    bare = lambda: [frozen(pixels[i : i + BATCH]) for i in range(0, len(pixels), BATCH)]  # noqa: E731
    return compare(f"transfer of {EPOCHS} epochs, one forward pass over {len(images)} images", ours, bare, pairs=3)


def _fine_tuning(images: ImageSet, folder: Path, config: RunConfig) -> str:
    """An epoch with block5 open from kept features, against ``model.fit`` with the same layers frozen."""
    model = build_model("fine-tune", 20, 256, None, "vgg16")
    halves = halve(model)
    cache = FeatureCache(folder)
    [features] = cache.fill(halves, cache.plan(halves, len(images), "float32"), [(images, [None])], config)
    learning = compiled(halves.learning, 1e-4)
    pixels = images.images(np.arange(len(images))).astype(np.float32) / 255
    plain = build_model("fine-tune", 20, 256, None, "vgg16")
    plain.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy")
    return compare(
        f"epoch of fine-tuning VGG16 with block5 open on {len(images)} images, model.fit",
        lambda: _fit(learning, features, 1),
        lambda: plain.fit(pixels, images.labels, batch_size=BATCH, verbose=0),
        pairs=3,
    )


def _fit(model: keras.Model, features: Features, epochs: int) -> None:
    batches = training_batches(features, BATCH, len(CLASSES), epochs=range(epochs))
    model.fit(batches, epochs=epochs, steps_per_epoch=-(-len(features.labels) // BATCH), shuffle=False, verbose=0)


def _config(data: Dataset) -> RunConfig:
    """Return a configuration of which only preprocessing, seed and precision count here."""
    root = data.root.parent / "workspace"
    for name in ("red", "blue"):
        write_image(root / "data" / "train" / name / "0.jpg", np.zeros((8, 8, 3), np.uint8))
        write_image(root / "data" / "train" / name / "1.jpg", np.zeros((8, 8, 3), np.uint8))
    return configure("own", root / "data", workspace=Workspace(root))


def noise_images(root: Path, per_class: int) -> Dataset:
    """Draw smooth noise, which as JPEG is as large as a photograph."""
    rng = np.random.default_rng(0)
    for name in CLASSES:
        for i in range(per_class):
            small = rng.integers(0, 255, (28, 28, 3), np.uint8)
            write_image(root / "test" / name / f"{i}.jpg", np.kron(small, np.ones((8, 8, 1), np.uint8)))
    return Dataset(root)


def _arrays(data: Dataset, size: int) -> list[np.ndarray]:
    batches = pipeline(data.samples("test")["path"].tolist(), input_size=(size, size)).as_numpy_iterator()
    return [image for _, images in batches for image in images]
