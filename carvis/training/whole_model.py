"""Callbacks that see the whole model while ``fit`` trains the part of it behind the feature cache."""

from collections.abc import Sequence
from typing import Any

import keras
from typing_extensions import override

from carvis.training.callbacks import Logs


class WholeModelCallbacks(keras.callbacks.Callback):
    """Shows callbacks the whole model while ``fit`` trains the part of it that learns.

    Both share their layers and their optimizer.

    Args:
        callbacks: a person's.
        whole: compiled with the optimizer that trains.
    """

    def __init__(self, callbacks: Sequence[keras.callbacks.Callback], whole_model: keras.Model):
        super().__init__()
        self._whole_model = whole_model
        self._callbacks = keras.callbacks.CallbackList(list(callbacks), model=whole_model)

    @override
    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        self._callbacks.set_params(params)

    @override
    def on_train_begin(self, logs: Logs = None) -> None:
        self._whole_model.stop_training = False
        self._callbacks.on_train_begin(logs)

    @override
    def on_train_end(self, logs: Logs = None) -> None:
        self._callbacks.on_train_end(logs)

    @override
    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._callbacks.on_epoch_begin(epoch, logs)
        self._take_over()

    @override
    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._callbacks.on_epoch_end(epoch, logs)
        self._take_over()

    @override
    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._callbacks.on_train_batch_begin(batch, logs)

    @override
    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._callbacks.on_train_batch_end(batch, logs)
        self._take_over()

    def _take_over(self) -> None:
        if self._whole_model.stop_training:
            self.model.stop_training = True
