"""Heatmaps against tf-keras-vis, in bfloat16 against float32, and the memory that a thousand take."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from carvis.architectures import build_model
from carvis.classifier import Classifier, load_classifier
from carvis.errors import ModelError
from carvis.explain import heatmaps
from carvis.images import write_image
from tests.benchmarks.measuring import compare

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("demo_own", "demo_transfer", "demo_fine-tune")
FEW, MANY = 100, 1000
STATUS = Path("/proc/self/status")


def run() -> Iterator[str]:
    """Yield a line for each comparison; on VGG16 at 256x256 with 20 classes and random weights unless it says more."""
    clf = Classifier(
        build_model("fine-tune", 20, 256), [f"class {i}" for i in range(20)], preprocessing="unit", name="vgg16"
    )
    images = np.random.default_rng(0).integers(0, 255, (8, 256, 256, 3), np.uint8)
    yield _against_tf_keras_vis(clf, images)
    try:
        yield compare(
            "8 Grad-CAM heatmaps with precision fast, full",
            lambda: heatmaps(clf, images, precision="fast"),
            lambda: heatmaps(clf, images),
        )
        yield from map(_agreement, MODELS)
    except ModelError as refused:
        yield f"precision fast: {refused}"
    yield _memory()


def _against_tf_keras_vis(clf: Classifier, images: np.ndarray) -> str:
    try:
        from tf_keras_vis.gradcam import Gradcam
        from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
        from tf_keras_vis.utils.scores import CategoricalScore
    except ImportError:
        return "tf-keras-vis: not installed (pip install tf-keras-vis), not compared"
    theirs, score, prepared = Gradcam(clf.model, ReplaceToLinear()), CategoricalScore([0] * 8), clf.prepare(images)
    return compare(
        "8 Grad-CAM heatmaps, tf-keras-vis without enlarging its maps",
        lambda: heatmaps(clf, images, target=0),
        lambda: theirs(score, prepared, penultimate_layer=clf.last_conv_layer, expand_cam=False),
    )


def _agreement(model: str) -> str:
    """Compare the maps of the demo's first test pictures, one a class, in bfloat16 with those in float32."""
    from scipy.stats import spearmanr

    clf = load_classifier(ROOT / "models" / f"{model}.keras")
    classes = sorted((ROOT / "data" / "demo" / "test").iterdir())
    paths = [min(folder.iterdir()) for folder in classes if folder.is_dir()]
    fast, full = (heatmaps(clf, paths, target="true", precision=kind) for kind in ("fast", "full"))
    pairs = list(zip(fast, full, strict=True))
    ranks = [spearmanr(one.raw.ravel(), other.raw.ravel()).statistic for one, other in pairs]
    same = sum(one.predicted == other.predicted for one, other in pairs)
    return (
        f"maps of {model} with precision fast, full: rank correlation {np.median(ranks):.4f}, the lowest"
        f" {min(ranks):.4f}; {same} of {len(pairs)} answers are the same"
    )


def _memory() -> str:
    """Compare the peak memory of two processes of their own, one of which makes ten times as many heatmaps."""
    if not STATUS.is_file():
        return "peak memory: this system does not tell it"
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(0)
        for i in range(MANY):
            write_image(Path(folder) / f"{i:04}.png", rng.integers(0, 255, (96, 96, 3), np.uint8))
        command = [sys.executable, "-m", "tests.benchmarks.heatmaps", folder]
        peaks = [
            int(subprocess.run([*command, str(n)], cwd=ROOT, check=True, capture_output=True, text=True).stdout)
            for n in (FEW, MANY)
        ]
    few, many = (peak / 2**10 for peak in peaks)
    return f"peak memory of {MANY} heatmaps, {FEW}: {many:.0f} MB against {few:.0f} MB, ratio {many / few:.3f}"


def _peak() -> int:
    """The most memory that this process held, in kB; getrusage would count the process that started it as well."""
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    pictures = sorted(Path(sys.argv[1]).iterdir())
    maps = heatmaps(load_classifier(ROOT / "models" / "demo_fine-tune.keras"), pictures)
    for _ in islice(maps, int(sys.argv[2])):
        pass
    print(_peak())
