"""New objectives, transforms, parametrisations and optimisers as user code, where the optimum is known."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from carvis.classifier import Classifier
from carvis.explain.filters import (
    FilterSettings,
    ForwardPass,
    Parametrisation,
    adam,
    ascent,
    channel_mean,
    draw_filters,
    filter_patterns,
    fourier,
    jitter,
    total_variation,
)
from carvis.explain.filters.transforms import transformed
from carvis.workspace import Cache

L = keras.layers
PIXELS = 8 * 8


@pytest.fixture(scope="module")
def colours():
    """A 1x1 convolution whose filters are red, green and blue, each 0 to 1."""
    image = keras.Input((8, 8, 3))
    conv = L.Conv2D(3, 1, use_bias=False, name="conv")
    model = keras.Model(image, L.Dense(2, activation="softmax")(L.Flatten()(conv(image))))
    conv.set_weights([np.eye(3, dtype=np.float32).reshape(1, 1, 3, 3)])
    return Classifier(model, ["a", "b"], preprocessing="unit", name="colours")


def quarter(step: ForwardPass) -> tf.Tensor:
    """Highest where the filter's output is a quarter everywhere: a colour value of 63.75."""
    return -tf.reduce_mean((step.channel() - 0.25) ** 2, axis=(1, 2))


def newton(gradient, first, second, step):
    """Reach the optimum of ``quarter`` in one step: the gradient over its second derivative, 2 / 255^2 / pixels."""
    return gradient * 255**2 * PIXELS / 2, first, second


def noise(size: int, channels: int) -> Parametrisation:
    """Pixels from noise, shown as they are."""
    return Parametrisation(
        lambda count, rng, spread: (100 + spread * rng.random((count, size, size, channels))).astype(np.float32),
        lambda values: values,
    )


def test_a_new_objective_reaches_its_optimum(colours):
    patterns = filter_patterns(
        colours, "conv", [0, 2], size=8, steps=2, objective=quarter, optimiser=newton, parametrisation=noise
    )
    assert (patterns[0, ..., 0] == 64).all() and (patterns[1, ..., 2] == 64).all()
    assert (patterns[0, ..., 1:] >= 100).all() and (patterns[1, ..., :2] >= 100).all()


def test_a_new_transform_decides_what_the_model_sees(colours):
    """What is cropped away has no gradient and stays the noise it was."""

    def right_half(images, seed):
        return images[:, :, 4:]

    def half_the_pixels(*state):
        change, *memory = newton(*state)
        return change / 2, *memory

    [pattern] = filter_patterns(
        colours, "conv", [0], size=8, steps=1, objective=quarter, transforms=[right_half], optimiser=half_the_pixels,
        parametrisation=noise,
    )  # fmt: skip
    start = noise(8, 3).start(1, np.random.default_rng([0, 0, 0]), 20.0)[0].round()
    assert (pattern[:, 4:, 0] == 64).all()
    np.testing.assert_array_equal(pattern[:, :4], start[:, :4])
    np.testing.assert_array_equal(pattern[..., 1:], start[..., 1:])


def test_a_new_optimiser_has_a_memory(colours):
    """The gradient of the mean is 1 / 255 / pixels: with a momentum of a half three steps are 1, 1.5 and 1.75."""

    def momentum(gradient, first, second, step):
        first = gradient * 255 * PIXELS + first / 2
        return first, first, second

    def hundred(size, channels):
        return Parametrisation(lambda n, rng, _: np.full((n, size, size, channels), 100, np.float32), lambda x: x)

    [pattern] = filter_patterns(colours, "conv", [1], 8, 3, optimiser=momentum, parametrisation=hundred)
    assert (pattern == [100, 104, 100]).all()


def test_objectives_are_combined_by_arithmetic(colours):
    mean = channel_mean()

    def red_and_smooth(step: ForwardPass) -> tf.Tensor:
        return mean(step) - 0.01 * total_variation(step.images)

    settings = FilterSettings(8, 4, smoothness=0.01)
    expected = filter_patterns(colours, "conv", [0], 8, 4, smoothness=0.01)
    np.testing.assert_array_equal(draw_filters(colours, "conv", [0], settings).images, expected)
    combined = filter_patterns(colours, "conv", [0], 8, 4, objective=red_and_smooth)
    np.testing.assert_array_equal(combined, expected)


def test_the_whole_layer_is_there_for_objectives_that_need_it(colours):
    """One filter less the others: its colour grows and theirs fall."""

    def contrast(step: ForwardPass) -> tf.Tensor:
        own = tf.one_hot(step.filters, 3) * 2 - 1
        return tf.reduce_sum(tf.reduce_mean(step.layer(), axis=(1, 2)) * own, axis=1)

    [pattern] = filter_patterns(colours, "conv", [1], 8, 20, objective=contrast, parametrisation=noise)
    means = pattern.mean(axis=(0, 1))
    assert means[1] > 125 and max(means[0], means[2]) < 95


def test_the_regularised_pattern_is_its_four_functions(colours):
    expected = filter_patterns(colours, "conv", [0, 1], 32, 6, regularised=True)
    functions = {"objective": channel_mean(), "parametrisation": fourier, "optimiser": adam()}
    patterns = filter_patterns(colours, "conv", [0, 1], 32, 6, transforms=[jitter(2)], **functions)
    np.testing.assert_array_equal(patterns, expected)


def test_transforms_do_not_share_their_random_numbers():
    seeds = []
    transformed(
        tf.zeros((1, 2, 2, 1)), [lambda x, seed: seeds.append(seed.numpy().tolist()) or x] * 3, tf.constant([4, 7])
    )
    assert seeds[0] == [4, 7] and len({tuple(seed) for seed in seeds}) == 3


def test_an_objective_without_a_gradient_has_dead_filters(colours):
    patterns = draw_filters(colours, "conv", [0], FilterSettings(8, 2), objective=lambda step: tf.constant([1.0]))
    assert patterns.dead == (0,)


def test_own_functions_are_named_traced_once_and_not_cached(colours, tmp_path):
    cache, settings = Cache(tmp_path), FilterSettings(8, 2)
    graphs = ascent._graphs.setdefault(colours, {})
    patterns = draw_filters(colours, "conv", [0], settings, objective=quarter, transforms=[jitter(1)], cache=cache)
    n = len(graphs)
    draw_filters(colours, "conv", [1], settings, objective=quarter, transforms=patterns_with(graphs), cache=cache)
    assert len(graphs) == n and not list(tmp_path.rglob("*.npz"))
    facts = json.loads(patterns.as_json())
    assert facts["functions"]["objective"] == "quarter" and "jitter" in facts["functions"]["transforms"]


def patterns_with(graphs):
    """The transforms of the graph that was traced last."""
    return list(graphs)[-1][-1].transforms


def test_graphs_of_functions_written_anew_do_not_pile_up(colours, monkeypatch):
    monkeypatch.setattr(ascent, "_MAX_GRAPHS", 3)
    for weight in range(5):
        filter_patterns(colours, "conv", [0], 8, 1, objective=lambda step, weight=weight: weight * quarter(step))
    assert len(ascent._graphs[colours]) <= 3
