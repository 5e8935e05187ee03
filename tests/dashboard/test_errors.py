"""Errors that nobody foresaw: one sentence and a number on the page, the details in the log, the page goes on."""

import ast
import os
import re
import tomllib
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard"
SAFE = ("careful(", "by_person(", "selection.by_person(", "'rerun'", "'ignore'")
NUMBER = re.compile(r"\(error ([0-9a-f]{6})\)")


def log_of(root: Path) -> str:
    return (root / "data" / "logs" / "dashboard.log").read_text("utf-8")


def number_in(app) -> str:
    """The number of the only error that a page shows."""
    assert not app.exception
    assert len(app.error) == 1, [error.value for error in app.error]
    number = NUMBER.search(app.error[0].value.replace("\\", ""))[1]
    assert [block.value for block in app.code].count(number) == 1
    return number


def raising(kind: str) -> None:
    import builtins

    import streamlit as st

    from ui.widgets.layout import guarded

    def too_deep() -> None:
        too_deep()

    with guarded():
        if kind == "RecursionError":
            too_deep()
        raise getattr(builtins, kind)("the words of the error")
    st.markdown("the page goes on")


KINDS = ("KeyError", "MemoryError", "RecursionError", "AssertionError", "ValueError", "OSError")


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_a_sentence_with_a_number_that_stands_in_the_log(empty_workspace, kind):
    app = AppTest.from_function(raising, args=(kind,), default_timeout=60).run()
    number = number_in(app)
    assert app.markdown[-1].value == "the page goes on"
    assert f"error {number} " in log_of(empty_workspace) and kind in log_of(empty_workspace)
    assert ("memory" in app.error[0].value) == (kind == "MemoryError")
    # The same error has the same number at the next drawing, and fills no log.
    before = len(log_of(empty_workspace))
    assert number_in(app.run()) == number
    assert len(log_of(empty_workspace)) - before < 60


@pytest.mark.parametrize("what", ["st.stop()", "st.rerun()"])
def test_what_is_no_error_passes(empty_workspace, what):
    script = f"""
import streamlit as st
from ui.widgets.layout import guarded
st.session_state.runs = st.session_state.get("runs", 0) + 1
with guarded():
    if st.session_state.runs == 1:
        {what}
st.markdown("after")
"""
    app = AppTest.from_string(script, default_timeout=60).run()
    assert not app.error and not app.exception
    assert bool(app.markdown) == (what == "st.rerun()")


@pytest.mark.parametrize("what", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_the_end_of_the_server_passes(what):
    from ui.widgets.layout import guarded

    with pytest.raises(what), guarded():
        raise what


def test_a_log_that_cannot_be_written_still_leaves_a_sentence(empty_workspace):
    (empty_workspace / "data" / "logs").mkdir(parents=True)
    os.mkfifo(empty_workspace / "data" / "logs" / "dashboard.log")
    app = AppTest.from_function(raising, args=("LookupError",), default_timeout=60).run()
    assert number_in(app) and "terminal" in app.error[0].value


def test_a_workspace_that_is_not_there_leaves_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("CARVIS_WORKSPACE", str(tmp_path / "gone"))
    app = AppTest.from_function(raising, args=("BufferError",), default_timeout=60).run()
    assert number_in(app) and "terminal" in app.error[0].value


def test_the_log_is_bounded(empty_workspace):
    from ui.state import error_log

    for number in range(400):
        try:
            raise ValueError(str(number) * 5000)
        except ValueError as problem:
            assert error_log.record(problem).written
    files = list((empty_workspace / "data" / "logs").iterdir())
    assert len(files) <= 2 and sum(file.stat().st_size for file in files) <= 2 * error_log.MOST_BYTES
    for _ in range(3):
        error_log.MOST_BYTES, kept = 2000, error_log.MOST_BYTES
        try:
            raise ValueError(os.urandom(4).hex())
        except ValueError as problem:
            assert error_log.record(problem).written
        finally:
            error_log.MOST_BYTES = kept
    names = sorted(file.name for file in (empty_workspace / "data" / "logs").iterdir())
    assert names == ["dashboard.log", "dashboard.log.1"]


def uploading() -> None:
    import streamlit as st
    from streamlit.proto.Common_pb2 import FileURLs
    from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

    from ui.widgets.layout import guarded

    content = b"a,b\nthe secret cell,1\n"
    st.session_state.histories = [UploadedFile(UploadedFileRec("1", "h.csv", "text/csv", content), FileURLs())]
    with guarded():
        float(st.session_state.histories[0].getvalue().decode().split("\n")[1].split(",")[0])


def test_the_log_holds_nothing_of_what_was_uploaded(empty_workspace):
    app = AppTest.from_function(uploading, default_timeout=60).run()
    number = number_in(app)
    log = log_of(empty_workspace)
    assert number in log and "ValueError" in log and "secret cell" not in log


def test_errors_of_callbacks_are_caught_by_one_piece_of_code():
    """Every callback goes through ``careful`` or ``by_person``; every fragment and window draws through ``part``."""
    for file in sorted(DASHBOARD.rglob("*.py")):
        source = file.read_text("utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call):
                for keyword in node.keywords:
                    if keyword.arg in ("on_click", "on_change", "on_select", "on_dismiss", "on_submit"):
                        words = ast.unparse(keyword.value)
                        assert words.startswith(SAFE), f"{file.name}:{node.lineno} {words}"
                called = ast.unparse(node.func)
                # After it the list of what cannot be read could not be drawn: pages call ``ui.widgets.layout.stop``.
                assert called != "st.stop" or file.name == "layout.py", f"{file.name}:{node.lineno}"
                if called in ("st.fragment", "st.dialog"):
                    rest = source.splitlines()[node.lineno - 1 : node.lineno + 2]
                    assert any("part(" in line for line in rest), f"{file.name}:{node.lineno}"
            if isinstance(node, ast.FunctionDef):
                names = [ast.unparse(one) for one in node.decorator_list]
                assert names in ([], ["st.fragment", "part"]) or "st.fragment" not in names, f"{file.name} {node.name}"
                assert all("dialog" not in name for name in names), f"{file.name} {node.name}"


def test_an_error_in_a_callback_leaves_the_page(own_workspace, open_page, monkeypatch):
    from ui.widgets import gallery

    def broken(*args, **kwargs):
        raise ValueError("the callback's own words")

    monkeypatch.setattr(gallery, "stay", broken)
    app = open_page("misclassified", table="colours/test/good")
    key = next(box.key for box in app.button if box.key and box.key.startswith("open_"))
    app.button(key=key).click().run()
    number = number_in(app)
    assert app.title[0].value == "Misclassified" and app.get("image")
    assert f"error {number} " in log_of(own_workspace) and "the callback's own words" in log_of(own_workspace)
    assert not app.run().error


def test_an_error_in_a_window_leaves_the_page_and_the_window(own_workspace, open_page, monkeypatch, words):
    from ui.widgets import large_view

    def broken(*args, **kwargs):
        raise ValueError("in the window")

    monkeypatch.setattr(large_view, "top_five", broken)
    app = open_page("misclassified", table="colours/test/good")
    key = next(box.key for box in app.button if box.key and box.key.startswith("open_"))
    app.button(key=key).click().run()
    assert number_in(app) and "True class" in words(app)


def test_an_error_in_a_fragment_leaves_the_page(own_workspace, open_page, monkeypatch):
    from ui.misclassified import label_evidence

    def broken(*args, **kwargs):
        raise ValueError("in the fragment")

    monkeypatch.setattr(label_evidence, "predictions", broken)
    app = open_page("misclassified", look="labels", queue="all", data="colours")
    assert number_in(app) and app.title[0].value == "Misclassified"


@pytest.mark.parametrize(
    "part", ["state.selection.begin", "state.workspace.look_again", "state.current.unknown",
             "widgets.sidebar._choose_data", "widgets.sidebar._choose_language",
             "state.current.dataset_name", "state.selection.link"],
)  # fmt: skip
def test_an_error_in_the_frame_leaves_the_rest(own_workspace, open_page, monkeypatch, part):
    import importlib

    room, _dot, name = part.rpartition(".")

    def broken(*args, **kwargs):
        raise ValueError("in the frame")

    monkeypatch.setattr(importlib.import_module(f"ui.{room}"), name, broken)
    app = open_page()
    assert not app.exception
    assert app.error and all(NUMBER.search(one.value.replace("\\", "")) for one in app.error)
    assert app.title[0].value == "Overview"


def test_a_failed_download_is_in_the_log_and_told_at_the_next_drawing(empty_workspace):
    def script() -> None:
        import contextlib
        import threading

        import streamlit as st

        from ui.widgets.download import _recorded
        from ui.widgets.layout import tell

        def make() -> bytes:
            raise ZeroDivisionError("while making the file")

        def call() -> None:
            with contextlib.suppress(ZeroDivisionError):
                make_recorded()

        tell()
        make_recorded = _recorded(make)
        if st.session_state.setdefault("first", True):
            st.session_state.first = False
            thread = threading.Thread(target=call)
            thread.start()
            thread.join()

    app = AppTest.from_function(script, default_timeout=60).run()
    assert not app.error and "ZeroDivisionError" in log_of(empty_workspace)
    assert f"error {number_in(app.run())} " in log_of(empty_workspace)


def test_streamlit_shows_no_details_of_what_gets_past_all_this():
    config = tomllib.loads((DASHBOARD / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["client"]["showErrorDetails"] == "none"
