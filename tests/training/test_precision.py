"""Mixed precision rounds where it should, and leaves no trace in the model."""

import keras
import numpy as np
import tensorflow as tf

from carvis import load_classifier, train
from carvis.training.precision import MixedPrecision, frozen_pass

# bfloat16 keeps eight significant bits: next to 1 its numbers are 2**-7 apart.
FINE = 1 + 2.0**-9


def passing(n: int) -> keras.Model:
    """Layers that hand on what they are given."""
    ones = {"kernel_initializer": "ones", "use_bias": False}
    return keras.Sequential([keras.Input((1,)), *(keras.layers.Dense(1, **ones) for _ in range(n))])


def value(output) -> float:
    return output.numpy().item()


def test_all_but_the_output_is_rounded():
    model, fine = passing(2), np.float32([[FINE]])

    @tf.function
    def mixed(x):
        with MixedPrecision(model):
            return model(x)

    assert value(model(fine)) == FINE
    assert mixed(fine).dtype == tf.float32 and value(mixed(fine)) == 1
    assert value(model(fine)) == FINE
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    # A single layer is the output.
    output = passing(1)
    with MixedPrecision(output):
        assert value(output(fine)) == FINE


def test_a_file_that_is_written_meanwhile_has_the_policies_of_the_layers():
    model = passing(2)
    with MixedPrecision(model) as precision:
        assert [layer.compute_dtype for layer in model.layers] == ["bfloat16", "float32"]
        with precision.suspended():
            assert {layer.compute_dtype for layer in model.layers} == {"float32"}
        assert model.layers[0].compute_dtype == "bfloat16"


def test_of_a_frozen_part_all_is_rounded():
    assert value(frozen_pass(passing(1), mixed=True)(np.float32([[FINE]]))) == 1
    assert value(frozen_pass(passing(1), mixed=False)(np.float32([[FINE]]))) == FINE


def test_a_run_learns_and_leaves_an_ordinary_model(colours, workspace):
    options = {"backbone": "vgg16-slim", "input_size": 32, "head_units": 8, "epochs": 4, "workspace": workspace}
    options |= {"views": 1, "weights": None, "batch_size": 16}
    plain = train("transfer", colours, **options)
    cached = train("transfer", colours, mixed_precision=True, **options)
    whole = train("transfer", colours, mixed_precision=True, cache=False, **options)
    losses = [run.history["val_loss"].to_numpy() for run in (plain, cached, whole)]
    assert 0 < abs(losses[1] - losses[0]).max() < 0.05
    np.testing.assert_allclose(losses[1], losses[2], atol=2e-2)
    clf = load_classifier(cached.model_path)
    assert {layer.compute_dtype for layer in clf.model.layers} == {"float32"}
    assert len(list((workspace.cache_dir / "features").iterdir())) == 4
