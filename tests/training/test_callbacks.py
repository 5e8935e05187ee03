"""Any Keras callback can watch a run: TensorBoard, MLflow, one's own."""

import keras
import numpy as np
import pytest

from carvis.training import Run, execute, prepare, train
from carvis.training.tensorboard_logs import read_event_files

MEASURES = {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"}
HEAD = {"backbone": "vgg16-slim", "input_size": 32, "head_units": 8, "views": 1, "weights": None}


@pytest.fixture
def transfer(colours, workspace):
    """Train a head on cached features, for three epochs of five steps."""

    def run(*callbacks, **options) -> Run:
        options = {**HEAD, "epochs": 3, "batch_size": 16, "patience": 99} | options
        return train("transfer", colours, workspace=workspace, callbacks=callbacks, **options)

    return run


class Watcher(keras.callbacks.Callback):
    """Notes what it is called with."""

    def __init__(self):
        super().__init__()
        self.calls, self.logs = [], []

    def on_train_begin(self, logs=None):
        self.calls.append("train begin")
        assert self.params["epochs"] == 3 and self.params["steps"] == 5

    def on_train_batch_end(self, batch, logs=None):
        assert logs["loss"] > 0

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(epoch)
        self.logs.append(dict(logs))
        # With the features cached, too, it sees the model that takes images.
        self.scores = self.model.predict(np.zeros((2, 32, 32, 3)), verbose=0)
        assert float(self.model.optimizer.learning_rate) > 0

    def on_train_end(self, logs=None):
        self.calls.append("train end")


@pytest.mark.parametrize("cache", [True, False])
def test_a_callback_sees_the_whole_model_and_the_measures_of_the_history(transfer, cache):
    watcher = Watcher()
    run = transfer(watcher, cache=cache)
    assert watcher.calls == ["train begin", 0, 1, 2, "train end"]
    assert watcher.scores.shape == (2, 3)
    for logs, row in zip(watcher.logs, run.history.to_dict("records"), strict=True):
        assert logs.keys() >= MEASURES
        assert {name: logs[name] for name in MEASURES} == pytest.approx({name: row[name] for name in MEASURES})
    assert ("feature cache" in run.log()) is cache


def test_a_lambda_callback_can_end_a_run(transfer):
    def stop(epoch, logs):
        callback.model.stop_training = epoch == 1

    callback = keras.callbacks.LambdaCallback(on_epoch_end=stop)
    run = transfer(callback)
    assert run.state == "finished" and len(run.history) == 2 and run.model_path.is_file()


def test_keras_own_callbacks_work(transfer, tmp_path):
    run = transfer(
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=99),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        keras.callbacks.ModelCheckpoint(tmp_path / "model.keras"),
    )
    assert run.state == "finished" and (tmp_path / "log.csv").read_text().count("\n") == 4
    saved = keras.models.load_model(tmp_path / "model.keras")
    assert saved.input_shape == (None, 32, 32, 3)


def test_tensorboard_logs_the_epochs_and_the_graph(transfer, tmp_path):
    run = transfer(keras.callbacks.TensorBoard(tmp_path / "logs", update_freq="batch"))
    [table] = read_event_files(tmp_path / "logs")
    assert run.state == "finished"
    # It logs the learning rate of the next step.
    for name in MEASURES - {"learning_rate"}:
        np.testing.assert_allclose(table[name], run.history[name], rtol=1e-5)


def test_mlflow_logs_to_a_local_file(transfer, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow
    from mlflow import tensorflow

    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    tensorflow.autolog(log_models=False, log_datasets=False)
    try:
        run = transfer()
        [logged] = mlflow.search_runs(output_format="list")
    finally:
        tensorflow.autolog(disable=True)
        mlflow.set_tracking_uri(None)
    assert logged.info.status == "FINISHED" and logged.data.params["epochs"] == "3"
    for name in MEASURES:
        assert logged.data.metrics[name] == pytest.approx(run.history[name].iloc[-1], rel=1e-5)


def test_a_fault_in_a_callback_breaks_the_run_off_and_it_can_be_resumed(colours, workspace):
    def fail(epoch, logs):
        if epoch == 1:
            raise ValueError("a fault of theirs")

    run = prepare("transfer", colours, workspace=workspace, epochs=3, **HEAD)
    with pytest.raises(Exception, match="a fault of theirs"):
        execute(run, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=fail)])
    assert run.state == "crashed" and len(run.history) == 1
    execute(run)
    assert run.state == "finished" and len(run.history) == 3
