"""The learning rate of each step."""

import numpy as np
import pytest

from carvis.training.schedule import WarmUpCosine, learning_rate_at


def test_the_rate_rises_then_falls_along_a_cosine():
    rates = [learning_rate_at(step, 100, 1.0) for step in range(100)]
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert rates[5] == 1.0
    # Half of the way down: between 1 and 0.01.
    assert learning_rate_at(5 + 95 // 2, 100, 1.0) == pytest.approx(0.505, abs=0.01)
    assert rates[-1] == pytest.approx(0.01, abs=0.001)
    assert learning_rate_at(0, 1, 0.5) == 0.5


@pytest.mark.parametrize("steps", [1, 2, 100])
def test_the_optimizer_gets_these_rates(steps):
    schedule = WarmUpCosine.from_config(WarmUpCosine(1e-3, steps).get_config())
    rates = [learning_rate_at(step, steps, 1e-3) for step in range(steps)]
    np.testing.assert_allclose([schedule(step) for step in range(steps)], rates, rtol=1e-5)
