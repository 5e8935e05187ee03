"""The devices of one machine that share each batch."""

import contextlib
import functools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from typing_extensions import override

from carvis.errors import TrainingError
from carvis.language import Message


class Devices:
    """The devices that a training computes on: one, or several that each take a part of every batch.

    Several hold the same weights (``tf.distribute.MirroredStrategy``): models must be made within ``scope``.

    Args:
        names: such as ``["GPU:0", "GPU:1"]``; by default all graphics processors of this machine, or its processor.

    Raises:
        TrainingError: there is no such device here.
    """

    def __init__(self, names: Sequence[str] | None = None):
        devices = [device for kind in ("GPU", "CPU") for device in tf.config.list_logical_devices(kind)]
        available = [device.name.removeprefix("/device:") for device in devices]
        if names is None:
            names = [name for name in available if name.startswith("GPU")]
        for name in names:
            if name not in available:
                raise TrainingError(
                    Message(
                        "There is no device {name} here: choose among {choices}.",
                        name=name,
                        choices=", ".join(available),
                    )
                )
        self.names = list(dict.fromkeys(names))
        self.gpu = any(name.startswith("GPU") for name in self.names or available)
        self._strategy = _strategy(tuple(self.names)) if len(self.names) > 1 else None

    def __len__(self) -> int:
        return max(1, len(self.names))

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Make variables and models within this."""
        if self._strategy:
            return self._strategy.scope()
        return tf.device(self.names[0]) if self.names else contextlib.nullcontext()

    def distributed(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        """Return what ``fit`` takes for a dataset whose elements are the shares of the devices, in turn."""
        if self._strategy is None:
            return dataset
        return self._strategy.distribute_datasets_from_function(lambda context: dataset)

    def optimizer(self, learning_rate: Any, clip_norm: float) -> keras.optimizers.Adam:
        """Return Adam that clips the gradient of a whole batch to a norm."""
        if self._strategy is None:
            return keras.optimizers.Adam(learning_rate, global_clipnorm=clip_norm)
        return _SharedAdam(learning_rate, clip_norm=clip_norm, devices=len(self))


@functools.cache
def _strategy(names: tuple[str, ...]) -> tf.distribute.Strategy:
    """Return the one strategy of a process for these devices.

    TensorFlow numbers the sums over devices and remembers their shapes by number; a new strategy would count from the
    start again, and a second training, such as fine-tuning behind its parent's, would fail.
    """
    return tf.distribute.MirroredStrategy(list(names))


class _SharedAdam(keras.optimizers.Adam):
    """Adam that adds the devices' gradients up before it clips them: Keras' own clips each device's part."""

    def __init__(self, learning_rate: Any, *, clip_norm: float, devices: int):
        super().__init__(learning_rate, name="adam")
        self._clip_norm, self._devices = clip_norm, devices

    @override
    def apply(self, grads: Sequence[tf.Tensor], trainable_variables: Sequence[keras.Variable] | None = None) -> None:
        summed = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, list(grads))
        clipped, _ = tf.clip_by_global_norm(summed, self._clip_norm)
        # Keras adds them up once more.
        super().apply([gradient / self._devices for gradient in clipped], trainable_variables)


def split_batch(indices: tf.Tensor, devices: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the shares of the devices in a batch, of equal length: indices and weights, (devices, share).

    Where the rows do not come out even the last one is repeated with weight 0, since nothing can be computed of no
    rows. The other weights make the mean over all shares the mean over the batch.
    """
    rows = tf.shape(indices)[0]
    share = -(-rows // devices)
    places = tf.range(share * devices)
    weight = tf.cast(share * devices / rows, tf.float32)
    weights = tf.where(places < rows, weight, 0.0)
    shape = (devices, share)
    return tf.reshape(tf.gather(indices, tf.minimum(places, rows - 1)), shape), tf.reshape(weights, shape)


def is_real_row(rows: int, batch_size: int, devices: int) -> NDArray[np.bool_]:
    """Tell which rows of a pass over ``rows`` images in shared batches are no repetition."""
    sizes = [min(batch_size, rows - start) for start in range(0, rows, batch_size)]
    return np.concatenate([np.arange(-(-size // devices) * devices) < size for size in sizes])
