"""Sharing each batch between the devices of one machine."""

import contextlib
from collections.abc import Callable, Sequence

import tensorflow as tf

from carvis.errors import TrainingError
from carvis.language import Message


class Devices:
    """The devices that a training computes on: one, or several that each take a part of every batch.

    Several hold the same weights (``tf.distribute.MirroredStrategy``), which must be made within ``scope``.

    Args:
        names: such as ``["GPU:0", "GPU:1"]``; by default all graphics processors of this machine, or its processor.

    Raises:
        TrainingError: there is no such device here.
    """

    def __init__(self, names: Sequence[str] | None = None):
        found = [device for kind in ("GPU", "CPU") for device in tf.config.list_logical_devices(kind)]
        here = [device.name.removeprefix("/device:") for device in found]
        if names is None:
            names = [name for name in here if name.startswith("GPU")]
        for name in names:
            if name not in here:
                raise TrainingError(
                    Message(
                        "There is no device {name} here: choose among {choices}.", name=name, choices=", ".join(here)
                    )
                )
        self.names = list(dict.fromkeys(names))
        self.gpu = any(name.startswith("GPU") for name in self.names or here)
        self._strategy = tf.distribute.MirroredStrategy(self.names) if len(self.names) > 1 else None

    def __len__(self) -> int:
        return max(1, len(self.names))

    def scope(self) -> contextlib.AbstractContextManager:
        """Make variables within this."""
        if self._strategy:
            return self._strategy.scope()
        return tf.device(self.names[0]) if self.names else contextlib.nullcontext()

    def each(self, function: Callable, *batch: tf.Tensor) -> list:
        """Call a function on every device with that device's rows of a batch, in order; within a traced function.

        All get the same number of rows: where they do not come out even, the last row is repeated with weight 0, since
        nothing can be computed of no rows.

        Args:
            function: called with the rows of each of ``batch`` and their weights, float32 (rows,): 1, or 0 for a
                repeated one; returns a structure of tensors.
            batch: tensors of equal length.

        Returns:
            What the function returned, a device each.
        """
        rows = tf.shape(batch[0])[0]
        if self._strategy is None:
            return [function(*batch, tf.ones((rows,)))]
        share = -(-rows // len(self))

        def part():
            first = tf.distribute.get_replica_context().replica_id_in_sync_group * share
            index = tf.range(first, first + share)
            mine = [tf.gather(tensor, tf.minimum(index, rows - 1)) for tensor in batch]
            return function(*mine, tf.cast(index < rows, tf.float32))

        result = self._strategy.run(part)
        leaves = [self._strategy.experimental_local_results(leaf) for leaf in tf.nest.flatten(result)]
        return [tf.nest.pack_sequence_as(result, [leaf[i] for leaf in leaves]) for i in range(len(self))]
