"""What a page has to show: the library's own images of samples and heatmaps, and how a shown image is told from others.

Images are compared small, since a page may show one at any size; what belongs to another sample or model differs by
many times ``TOLERANCE``.
"""

import io
import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from carvis.images import overlay, read_image, resize

SIDE = 64
# Mean difference in grey levels between an image and its compressed, resized copy.
TOLERANCE = 4.0
# What the dashboard shows unless told otherwise.
STRENGTH, COLOURS = 0.55, "viridis"


def small(image: np.ndarray) -> np.ndarray:
    """Return an image, uint8 (H, W, 3), as float32 (SIDE, SIDE, 3)."""
    return resize(image, (SIDE, SIDE), "area").astype(np.float32)


def decoded(content: bytes) -> np.ndarray:
    """Return the pixels, uint8 (H, W, 3), of what a browser was sent."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return the mean absolute difference of two small images in grey levels."""
    return float(np.abs(one - other).mean())


@dataclass
class Library:
    """The images of a workspace as the library makes them, each made once.

    Args:
        root: The workspace.
        data: Name of the data set.
    """

    root: Path
    data: str
    kept: dict[tuple, np.ndarray] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def classifiers(self) -> dict[str, object]:
        """The workspace's models by name."""
        import carvis

        return {file.stem: carvis.load_classifier(file) for file in sorted((self.root / "models").glob("*.keras"))}

    def source(self, sample: str | bytes) -> Path | bytes:
        return sample if isinstance(sample, bytes) else self.root / "data" / self.data / sample

    def image(self, sample: str | bytes) -> np.ndarray:
        """Return a sample, by its id or as an upload's content, small."""
        with self.lock:
            if (sample,) not in self.kept:
                self.kept[(sample,)] = small(read_image(self.source(sample)))
            return self.kept[(sample,)]

    def heatmap(self, sample: str | bytes, model: str) -> np.ndarray:
        """Return the overlay of a model's heatmap on a sample, small."""
        import carvis

        with self.lock:
            if (sample, model) not in self.kept:
                source = self.source(sample)
                [made] = carvis.heatmaps(self.classifiers[model], [source])
                laid = overlay(read_image(source), made.normalised, STRENGTH, COLOURS)
                self.kept[sample, model] = small(laid)
            return self.kept[sample, model]

    def verdict(self, shown: bytes, wanted: np.ndarray) -> str:
        """Return an empty string where a shown image is the wanted one, else a sentence on what is wrong.

        Args:
            shown: The content of the image file that the browser got.
            wanted: What ``image`` or ``heatmap`` returned.
        """
        found = small(decoded(shown))
        apart = distance(found, wanted)
        with self.lock:
            nearest = min(self.kept, key=lambda key: distance(found, self.kept[key]))
            closer = distance(found, self.kept[nearest]) < apart
        if apart <= TOLERANCE and not closer:
            return ""
        named = [part if isinstance(part, str) else f"an upload of {len(part)} bytes" for part in nearest]
        return f"{apart:.1f} grey levels from the right image; the nearest known is {' by '.join(named)}"


def chosen_samples(library: Library, models: list[str], guests: int, each: int) -> list[tuple[str, list[str]]]:
    """Give every guest a model and samples of its own that this model gets wrong and that look unlike all others.

    Args:
        library: Where the images come from.
        models: Names of evaluated models, which the guests share in turn.
        guests: How many.
        each: Samples for each guest.
    """
    from carvis import load_evaluation

    taken: list[np.ndarray] = []
    given: list[tuple[str, list[str]]] = []
    used: set[str] = set()
    for guest in range(guests):
        model = models[guest % len(models)]
        evaluation = load_evaluation(library.root / "data" / "evaluations" / library.data / "test" / model)
        own: list[str] = []
        for sample in evaluation.misclassified()["id"]:
            if len(own) == each:
                break
            if sample in used:
                continue
            used.add(sample)
            image = library.image(sample)
            if all(distance(image, other) > 3 * TOLERANCE for other in taken):
                taken.append(image)
                own.append(sample)
        assert len(own) == each, f"{library.data} has too few images that {model} gets wrong and that differ"
        given.append((model, own))
    return given
