"""What a data set says of the depth of its images, and what first bytes say of a file."""

import numpy as np
from PIL import Image

from carvis.images import dataset_depth, read_image
from carvis.images.formats import type_of_bytes


def test_the_depth_of_a_data_set_is_found_anew_when_images_come(tmp_path, monkeypatch):
    place = tmp_path / "test" / "cat"
    place.mkdir(parents=True)
    for i in range(5):
        Image.fromarray(np.full((4, 4), 1000 + i, np.uint16)).save(place / f"{i}.png")
    assert read_image(place / "0.png", 1).max() == round(1000 / 1023 * 255)
    Image.fromarray(np.full((4, 4), 65535, np.uint16)).save(place / "bright.png")
    monkeypatch.setattr(dataset_depth.time, "monotonic", lambda: 1e9)
    assert read_image(place / "0.png", 1).max() == 1000 >> 8


def test_an_avif_under_a_general_brand_is_no_heic():
    assert type_of_bytes(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf")[0] == "AVIF"
    assert type_of_bytes(b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf")[0] == "HEIC"
