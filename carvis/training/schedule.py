"""The learning rate of each step: a linear warm-up, then a cosine."""

import math

import keras
import tensorflow as tf

WARM_UP = 0.05
LOWEST = 0.01


def learning_rate_at(step: int, steps: int, highest: float) -> float:
    """Return the learning rate of a step: it rises over the first 5 % and falls along a cosine to 1 % of the highest.

    Args:
        step: from 0.
        steps: of all epochs.
        highest: reached at the end of the warm-up.
    """
    warm = _warm_steps(steps)
    if step < warm:
        return highest * (step + 1) / warm
    share = (step - warm) / max(1, steps - warm)
    return highest * (LOWEST + (1 - LOWEST) * 0.5 * (1 + math.cos(math.pi * share)))


@keras.saving.register_keras_serializable("carvis")
class WarmUpCosine(keras.optimizers.schedules.LearningRateSchedule):
    """``learning_rate_at`` for a Keras optimizer.

    ``keras.optimizers.schedules.CosineDecay`` warms up from 0, so that its first step teaches nothing.

    Args:
        highest, steps: as ``learning_rate_at``.
    """

    def __init__(self, highest: float, steps: int):
        self.highest, self.steps = highest, steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Return the learning rate of a step, float32."""
        step = tf.cast(step, tf.float32)
        warm = _warm_steps(self.steps)
        share = (step - warm) / max(1, self.steps - warm)
        cosine = LOWEST + (1 - LOWEST) * 0.5 * (1 + tf.cos(math.pi * share))
        return self.highest * tf.where(step < warm, (step + 1) / warm, cosine)

    def get_config(self) -> dict[str, float | int]:
        """Return the arguments of this schedule."""
        return {"highest": self.highest, "steps": self.steps}


def _warm_steps(steps: int) -> int:
    return max(1, round(WARM_UP * steps))
