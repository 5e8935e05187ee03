"""The batches that a run sees: every input once, in an order and with views that seed and epoch decide."""

import numpy as np
import pytest

from carvis.training.batches import ImageInputs, batches_in_order, shuffled, training_batches
from carvis.training.devices import is_real_row, split_batch
from carvis.training.image_set import ImageSet


@pytest.fixture(scope="module")
def train(colours):
    return ImageSet(colours.samples("train"), colours.class_names, (32, 32))


@pytest.fixture(scope="module")
def valid(colours):
    return ImageSet(colours.samples("valid"), colours.class_names, (32, 32))


def labels(dataset):
    return np.concatenate([one_hot.numpy().argmax(axis=1) for _, one_hot in dataset])


def test_an_epoch_holds_every_image_once_in_an_order_of_seed_and_epoch(train):
    inputs = ImageInputs(train, "unit", [None])

    def epoch(number, seed=1):
        return labels(training_batches(inputs, 16, 3, epochs=range(number, number + 1), seed=seed))

    np.testing.assert_array_equal(labels(batches_in_order(inputs, 16, 3)), train.labels)
    np.testing.assert_array_equal(epoch(0), epoch(0))
    assert (epoch(0) != epoch(1)).any() and (epoch(0) != epoch(0, seed=2)).any() and (epoch(0) != train.labels).any()
    assert np.bincount(epoch(1)).tolist() == [24, 24, 24]


def test_epochs_follow_each_other_wherever_a_run_resumes(train):
    inputs = ImageInputs(train, "unit", [0, 1], seed=5)
    whole, rest = (list(training_batches(inputs, 32, 3, epochs=range(first, 3), seed=5)) for first in (0, 1))
    assert len(whole) == 9 and len(rest) == 6
    for a, b in zip(whole[3:], rest, strict=True):
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_array_equal(a[1], b[1])


def test_batches_are_preprocessed(valid):
    images, one_hot = next(iter(batches_in_order(ImageInputs(valid, "tf", [None]), 4, 3)))
    assert images.shape == (4, 32, 32, 3) and one_hot.shape == (4, 3)
    np.testing.assert_allclose(images, valid.images(np.arange(4)) / 127.5 - 1, atol=1e-5)


def test_a_view_of_an_image_is_the_same_in_any_batch_and_order(valid):
    inputs = ImageInputs(valid, "unit", [0, 7], seed=3)

    def in_order(view, batch_size):
        dataset = batches_in_order(inputs, batch_size, 3, view=view)
        return np.concatenate([images.numpy() for images, _ in dataset])

    def trained_on(epoch, batch_size):
        dataset = training_batches(inputs, batch_size, 3, epochs=range(epoch, epoch + 1), seed=3)
        images = np.concatenate([images.numpy() for images, _ in dataset])
        return images[np.argsort(shuffled(len(valid), epoch, 3))]

    first, second = in_order(0, 24), in_order(1, 24)
    np.testing.assert_allclose(trained_on(2, 5), first, atol=1e-5)
    np.testing.assert_allclose(trained_on(1, 24), second, atol=1e-5)
    assert np.abs(first - second).max() > 0.1


def test_devices_share_a_batch_and_the_weights_make_its_mean():
    indices, weights = split_batch(np.array([4, 5, 6, 7, 8]), 2)
    assert indices.numpy().tolist() == [[4, 5, 6], [7, 8, 8]]
    # Of six rows five count, each for a fifth of the mean.
    np.testing.assert_allclose(weights, np.array([[1.2, 1.2, 1.2], [1.2, 1.2, 0]]), rtol=1e-6)
    assert is_real_row(8, 5, 2).tolist() == [True] * 5 + [False] + [True] * 3 + [False]
    assert is_real_row(8, 5, 1).all()
