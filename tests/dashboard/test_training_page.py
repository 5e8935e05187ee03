"""Training: runs that finished, that crashed, that are going on; curves from elsewhere; the form that starts one."""

import time

import pytest

from carvis.dataset import Dataset
from carvis.training import Run, prepare, train
from carvis.training.directory import Recorder
from carvis.workspace import Workspace

SMALL = {"input_size": 32, "width": 4, "head_units": 8, "batch_size": 8}


@pytest.fixture
def trained(own_workspace):
    """A workspace with a finished run whose epochs are kept."""
    space = Workspace(own_workspace)
    return space, train("own", space.data_dir / "colours", epochs=3, replay=True, workspace=space, **SMALL)


def test_a_finished_run_shows_its_curves_and_its_epochs(trained, open_page, words):
    _space, run = trained
    app = open_page("training", data="colours", run=[run.id])
    assert not app.exception and not app.error
    text = words(app)
    assert "finished" in text and "Best validation accuracy" in text
    assert len(app.get("vega_lite_chart")) == 2 and not app.get("image")
    app.session_state["replay"] = True
    app.run()
    assert not app.exception and not app.error
    app.select_slider(key=f"epoch_{run.id}").set_value(1).run()
    assert not app.exception and "Validation after epoch 1" in words(app) and len(app.get("image")) == 1
    app.session_state[f"log_{run.id}"] = True
    app.run()
    assert not app.exception and "training started with" in words(app)


def test_a_crashed_run_says_so_and_can_go_on(own_workspace, open_page, words):
    space = Workspace(own_workspace)
    run = prepare("own", Dataset(space.data_dir / "colours"), epochs=2, workspace=space, **SMALL)
    with Recorder(run.directory) as record:
        record.log("the end of the log")
        app = open_page("training", run=[run.id])
        assert not app.exception and "running" in words(app) and app.button(key=f"stop_{run.id}")
        app.button(key=f"stop_{run.id}").click().run()
        assert (run.directory / "STOP").exists()
    app = open_page("training", run=[run.id])
    assert not app.exception and "crashed" in words(app)
    assert any("the end of the log" in block.value for block in app.code)
    app.button(key=f"resume_{run.id}").click().run(timeout=180)
    assert not app.exception and not app.error
    end = time.monotonic() + 180
    while Run(run.directory, space).state != "finished" and time.monotonic() < end:
        time.sleep(0.2)
    app.run()
    assert "finished" in words(app)


def test_a_run_is_estimated_and_started_by_the_form(own_workspace, open_page, words):
    space = Workspace(own_workspace)
    app = open_page("training", data="colours")
    app.segmented_control(key="start_recipe").set_value("own").run()
    app.number_input(key="start_size_256").set_value(32).run()
    app.number_input(key="start_epochs_own").set_value(1).run()
    app.button(key="estimate_run").click().run(timeout=180)
    assert not app.exception and not app.error and "for all epochs" in words(app)
    app.button(key="start_run").click().run(timeout=180)
    assert not app.exception and not app.error
    [folder] = space.runs()
    assert folder.name in app.query_params["run"]
    end = time.monotonic() + 180
    while Run(folder, space).state != "finished" and time.monotonic() < end:
        time.sleep(0.2)
    assert Run(folder, space).state == "finished"


def test_logs_from_elsewhere_and_what_is_no_log(workspace, open_page):
    app = open_page("training", data="colours")
    good = ("old log.csv", b"epoch,acc,loss,val_acc,val_loss\n0,0.1,3,0.1,3\n1,0.2,2,0.2,2\n", "text/csv")
    bad = ("other.json", b"{}", "application/json")
    app.file_uploader(key="histories").set_value([good, bad]).run()
    assert not app.exception and len(app.get("vega_lite_chart")) == 2
    assert len(app.error) == 1 and "no column loss" in app.error[0].value.replace("\\", "")


def test_a_run_that_is_gone_is_said(workspace, open_page):
    app = open_page("training", run=["../../etc", "gone"])
    assert not app.exception and len(app.error) == 2


def test_tensorboard_logs_of_the_workspace(own_workspace, open_page):
    import keras
    import numpy as np

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = np.random.default_rng(0).random((16, 2)), np.tile([0, 1], 8)
    log = keras.callbacks.TensorBoard(own_workspace / "logs" / "first try")
    model.fit(x, y, validation_data=(x, y), epochs=3, verbose=0, callbacks=[log])
    app = open_page("training", data="colours")
    chosen = app.multiselect(key="tensorboard")
    assert chosen.options == ["logs/first try"]
    chosen.set_value(["logs/first try"]).run()
    assert not app.exception and not app.error and len(app.get("vega_lite_chart")) == 2


def test_the_form_asks_which_blocks_learn(own_workspace, open_page):
    app = open_page("training", data="colours")
    app.segmented_control(key="start_recipe").set_value("fine-tune").run()
    app.selectbox(key="start_backbone").set_value("mobilenet_v2").run()
    blocks = app.selectbox(key="start_open_mobilenet_v2")
    assert blocks.value == "block_16" and "block_13" in blocks.options


def test_the_page_stays_at_the_run_that_it_shows(own_workspace, open_page):
    space = Workspace(own_workspace)
    data = Dataset(space.data_dir / "colours")
    first = prepare("own", data, epochs=2, workspace=space, **SMALL)
    with Recorder(first.directory):
        app = open_page("training")
        assert app.multiselect(key="choose_run").value == [first.id]
        second = prepare("own", data, epochs=2, workspace=space, **SMALL)
        app.run()
        assert app.multiselect(key="choose_run").value == [first.id]
    app.run()
    assert (
        app.multiselect(key="choose_run").value == [first.id] and second.id in app.multiselect(key="choose_run").options
    )


def test_a_run_that_is_slow_to_begin_is_watched(own_workspace, open_page, monkeypatch):
    from ui.training import runs

    space = Workspace(own_workspace)
    run = prepare("own", Dataset(space.data_dir / "colours"), epochs=2, workspace=space, **SMALL)
    assert runs.is_running(run)
    monkeypatch.setattr(runs, "_START_TIMEOUT", 0.0)
    assert not runs.is_running(run)
