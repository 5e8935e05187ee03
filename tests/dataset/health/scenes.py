"""Drawn scenes, each different, and the ways in which near-duplicates differ."""

import cv2
import numpy as np

from carvis.images import encode_image, read_image


def scene(seed: int, car: int | None = None, size=(180, 240)) -> np.ndarray:
    """A drawn street: smooth ground and sky, walls, and a car whose place and colour the seed decides."""
    rng = np.random.default_rng(seed)
    height, width = size
    coarse = rng.uniform(40, 215, (5, 6, 3)).astype(np.float32)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(9):
        corner = rng.integers(0, (width - 30, height - 20))
        far = corner + rng.integers(15, 90, 2)
        cv2.rectangle(image, corner.tolist(), far.tolist(), rng.uniform(0, 255, 3).tolist(), -1)
    draw = np.random.default_rng(seed if car is None else car)
    x, y = draw.integers(40, 110), draw.integers(70, 120)
    colour = draw.uniform(0, 255, 3).tolist()
    cv2.rectangle(image, (int(x), int(y)), (int(x) + 90, int(y) + 35), colour, -1)
    for wheel in (20, 70):
        cv2.circle(image, (int(x) + wheel, int(y) + 38), 13, (20, 20, 20), -1)
    noise = rng.normal(0, 3, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def reencoded(image):
    return read_image(encode_image(image, quality=50))


def resized(image):
    return cv2.resize(image, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)


def cropped(image):
    height, width = image.shape[:2]
    return image[int(0.07 * height) : int(0.97 * height), int(0.02 * width) : int(0.92 * width)]


def mirrored(image):
    return image[:, ::-1]


def recoloured(image):
    return np.clip(image * np.array([1.1, 1.02, 0.92]) + 5, 0, 255).astype(np.uint8)


def cut_out(image):
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    inside = ((rows - 95) / 75) ** 2 + ((columns - 125) / 95) ** 2 < 1
    return np.where(inside[..., None], image, 0).astype(np.uint8)


CHANGES = (reencoded, resized, cropped, mirrored, recoloured, cut_out)


def barred(image, value):
    """With bars above and below that take a third of the height."""
    return cv2.copyMakeBorder(image, 45, 45, 0, 0, cv2.BORDER_CONSTANT, value=(value,) * 3)


def in_frame(image, value):
    """With a frame of a tenth of the size all around."""
    return cv2.copyMakeBorder(image, 20, 20, 24, 24, cv2.BORDER_CONSTANT, value=(value,) * 3)
