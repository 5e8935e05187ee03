"""The next steps on the pages: on the person's own data set, with commands that work as they stand."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from carvis.demo import draw_split


@pytest.fixture
def with_demo(own_workspace):
    """The small workspace with a demo beside its data set, whose name sorts before it."""
    draw_split(own_workspace / "data" / "a demo", "test", per_class=1)
    return own_workspace


def commands(app) -> str:
    return "\n".join(block.value for block in app.code)


def test_overview_advises_on_the_persons_own_data_set(with_demo, open_page):
    app = open_page("overview")
    assert not app.exception and app.selectbox(key="choose_data").value == "colours"
    assert "colours" in commands(app) and "a demo" not in commands(app)


def test_a_model_is_measured_on_the_data_set_of_its_card(with_demo, open_page):
    shutil.rmtree(with_demo / "data" / "evaluations")
    app = open_page("overview", data="a demo")
    assert f'train own "{with_demo / "data" / "a demo"}"' in commands(app)


def test_commands_can_be_typed_as_they_stand(own_workspace, open_page):
    folder = own_workspace / "data" / "my $cars"
    shutil.copytree(own_workspace / "data" / "colours", folder)
    app = open_page("training", data="my $cars")
    [command] = [code.value for code in app.code]
    arguments = shlex.split(command)
    assert arguments[:5] == ["python", "-m", "carvis", "train", "transfer"] and Path(arguments[5]) == folder
    assert arguments[-2:] == ["--workspace", str(own_workspace)]


def test_the_dashboards_own_workspace_is_not_named(monkeypatch):
    def page():
        import streamlit as st

        from ui.state import workspace
        from ui.widgets import commands

        st.code(commands.evaluate(workspace.model_files()["demo_own"], "demo", "test"))

    monkeypatch.delenv("CARVIS_WORKSPACE", raising=False)
    app = AppTest.from_function(page, default_timeout=60).run()
    assert commands(app) == 'python -m carvis evaluate "models/demo_own.keras" "data/demo" --split test'


def test_a_tutorials_folder_works_with_nothing_copied(own_workspace, open_page, tmp_path, monkeypatch, words):
    root = tmp_path / "my tutorial"
    shutil.copytree(own_workspace / "data" / "colours", root / "mini_pictures")
    (root / "mini_pictures" / "test" / "blue" / "broken.jpg").unlink()
    (root / "models").mkdir()
    shutil.copy(own_workspace / "models" / "no card.keras", root / "models" / "4_dense_mini.keras")
    (root / "incorrect").mkdir()
    table = "PATH,備考\r\nmini_pictures\\test\\blue\\car 0.png,誤り\r\n"
    (root / "incorrect" / "df2.csv").write_bytes(table.encode("cp932"))
    before = {file for file in root.rglob("*") if file.is_file()}
    monkeypatch.setenv("CARVIS_WORKSPACE", str(root))
    for page in ("overview", "models", "data_health", "training", "misclassified", "heatmaps", "filters"):
        app = open_page(page)
        assert not app.exception and not app.error, page
    assert "1 row in the table" in words(open_page("misclassified"))
    written = {file for file in root.rglob("*") if file.is_file()} - before
    assert all(file.is_relative_to(root / "data") for file in written)


def test_a_training_of_the_demo_begins_with_drawing(with_demo, open_page, words):
    app = open_page("training", data="a demo")
    app.segmented_control(key="start_recipe").set_value("own").run()
    app.number_input(key="start_size_160").set_value(32).run()
    app.number_input(key="start_epochs_own").set_value(1).run()
    app.button(key="estimate_run").click().run(timeout=180)
    assert not app.exception and not app.error and "20 training and 20 validation images" in words(app)
    app.button(key="start_run").click().run(timeout=180)
    assert not app.exception and "draws 40 images first" in words(app)
    app.button(key="draw_later").click().run()
    assert not app.exception and not list((with_demo / "data").glob("runs/*"))


def test_advice_leaves_out_what_cannot_be_opened_and_what_holds_no_images(own_workspace, open_page, words):
    shutil.rmtree(own_workspace / "data" / "evaluations")
    for name in ("cat", "dog"):
        folder = own_workspace / "data" / "a phone" / "test" / name
        folder.mkdir(parents=True)
        (folder / "one.heic").write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1")
    (own_workspace / "models" / "empty.h5").write_bytes(b"")
    app = open_page()
    assert not app.exception and app.selectbox(key="choose_data").value == "colours"
    assert "good.keras" in commands(app) and not re.search("broken|empty|a phone", commands(app))
    assert "2 models cannot be read" in [box.label for box in app.get("expander")]
    assert "**broken**" in words(app) and "**empty**" in words(app)
    app = open_page("confusion")
    assert "broken" not in app.code[0].value and ".keras" in app.code[0].value
    app = open_page(data="a phone")
    assert not app.exception and not app.code
    for page in ("heatmaps", "activations", "attention"):
        app = open_page(page, data="a phone")
        assert not app.exception and "2 files of this split are not read as images" in words(app)
