"""Evaluation that keeps embeddings against evaluation without them."""

import tempfile
from collections.abc import Iterator

from carvis.architectures import build_model
from carvis.classifier import Classifier
from carvis.dataset import Dataset
from carvis.evaluation import evaluate
from carvis.workspace import Workspace
from tests.benchmarks.measuring import compare
from tests.benchmarks.training import CLASSES, noise_images


def run() -> Iterator[str]:
    """Yield a line for each comparison."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(folder)
        data = noise_images(workspace.data_dir / "noise", per_class=8)
        yield from _evaluation(data, workspace)


def _evaluation(data: Dataset, workspace: Workspace) -> Iterator[str]:
    """MobileNetV2 at 224x224 and VGG16 at 256x256, on drawn noise; the cache is written each time."""
    for name, backbone, size, pairs in (("MobileNetV2", "mobilenet_v2", 224, 15), ("VGG16", "vgg16", 256, 5)):
        model = build_model("transfer", len(CLASSES), size, None, backbone)
        clf = Classifier(model, CLASSES, preprocessing="unit", name=name)
        n = len(data.samples("test"))
        yield compare(
            f"evaluation of {n} images by {name} with embeddings, without",
            lambda clf=clf: evaluate(clf, data, "test", leakage=False, workspace=workspace),
            lambda clf=clf: evaluate(clf, data, "test", leakage=False, embeddings=False),
            pairs=pairs,
        )
