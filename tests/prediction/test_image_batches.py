"""Images in batches: in order, read ahead by a few, and never all in memory."""

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np

from carvis.images import USUAL, encode_image
from carvis.prediction.image_batches import _WORKERS, ImageSource, image_batches


def model():
    return SimpleNamespace(
        reading=USUAL, channels=3, native_size=False, probe_size=(2, 2), fit=lambda image: image[:2, :2]
    )


def test_no_more_images_are_taken_than_a_batch_and_a_few_ahead():
    taken = 0

    def sources() -> Iterator[ImageSource]:
        nonlocal taken
        while True:
            taken += 1
            yield ImageSource(f"{taken}.png", encode_image(np.full((3, 3, 3), taken % 256, np.uint8), "PNG"))

    batches = image_batches({"m": model()}, sources(), batch_size=4)
    for number in range(1, 6):
        batch = next(batches)
        assert [one.image.name for one in batch] == [f"{4 * number + i - 3}.png" for i in range(4)]
        assert [int(one.fitted["m"][0][0, 0, 0]) for one in batch] == [4 * number + i - 3 for i in range(4)]
        assert taken <= 4 * (number + 1) + _WORKERS
    batches.close()


def test_an_image_is_read_once_for_models_that_read_alike(monkeypatch):
    read = []
    from carvis.prediction import image_batches as module

    monkeypatch.setattr(module, "read_for", lambda *given: read.append(given) or np.zeros((3, 3, given[2]), np.uint8))
    grey = model()
    grey.channels = 1
    [[one]] = image_batches({"a": model(), "b": model(), "grey": grey}, [ImageSource("x", b"")])
    assert len(read) == 2 and list(one.fitted) == ["a", "b", "grey"]
