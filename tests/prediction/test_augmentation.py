"""Views of an image for test-time augmentation."""

import numpy as np
import pytest

from carvis.errors import CarvisError
from carvis.prediction import AUGMENTATIONS, augmentation_cost, views
from carvis.prediction.augmentation import check_augmentation, n_views


def test_views_of_an_image_of_8_by_16_pixels():
    image = np.arange(8 * 16, dtype=np.uint8).reshape(8, 16, 1)
    assert len(views(image, "none")) == 1
    same, mirrored = views(image, "mirror")
    assert (same == image).all() and mirrored[0, :, 0].tolist() == list(range(15, -1, -1))
    whole, *crops = views(image, "crops")
    # 7/8 of 8 and 16 are 7 and 14: corners begin at rows 0 and 1, columns 0 and 2, the centre at 0 and 1.
    assert [crop.shape for crop in crops] == [(7, 14, 1)] * 5
    assert [int(crop[0, 0, 0]) for crop in crops] == [0, 2, 16, 18, 1]
    both = views(image, "mirror+crops")
    assert len(both) == 12 and (both[7] == crops[0][:, ::-1]).all() and (both[0] == whole).all()


@pytest.mark.parametrize("augment", AUGMENTATIONS)
def test_the_stated_number_of_views_is_that_of_the_views(augment):
    image = np.zeros((5, 5, 3), np.uint8)
    assert len(views(image, augment)) == n_views(augment)
    assert str(n_views(augment)) in augmentation_cost(augment) or augment == "none"


def test_an_image_of_one_pixel_has_views():
    assert all(view.shape == (1, 1, 3) for view in views(np.zeros((1, 1, 3), np.uint8), "mirror+crops"))


def test_an_unknown_augmentation_is_refused():
    with pytest.raises(CarvisError, match="choose one of none, mirror, crops"):
        check_augmentation("rotate")
