"""What a broken-off run set on a widget is sent again; what the browser showed before is no choice."""

import pytest
from streamlit.testing.v1 import AppTest


@pytest.fixture(autouse=True)
def slow_browser(monkeypatch):
    """However long a busy machine takes for a run, the browser has not heard of it before the next click."""
    from ui.state import widget_values

    monkeypatch.setattr(widget_values, "_ARRIVED_AFTER", 600)


def _page():
    import streamlit as st

    from ui.state import selection, widget_values

    selection.begin("page")
    models = selection.get().model or ("a", "b")
    st.multiselect("Models", ["a", "b", "c"], **selection.control("model", list(models)))
    st.button("only c", on_click=selection.change, kwargs={"model": ("c",)})
    st.button("other")
    if not st.session_state.get("breaks_off"):
        widget_values.end()


def _open() -> AppTest:
    app = AppTest.from_function(_page)
    return app.run()


def test_a_value_goes_out_again_after_a_run_that_broke_off():
    app = _open()
    app.session_state["breaks_off"] = True
    app.button[0].click().run()
    assert app.multiselect[0].proto.set_value and app.multiselect[0].value == ["c"]
    app.session_state["breaks_off"] = False
    app.button[1].click().run()
    assert app.multiselect[0].proto.set_value and app.multiselect[0].value == ["c"]


def test_what_was_shown_before_is_not_taken_for_a_choice():
    app = _open()
    app.session_state["breaks_off"] = True
    app.button[0].click().run()
    # The browser never got the new value, and hands the old one over with the next click.
    app.multiselect[0].set_value(["a", "b"])
    app.button[1].click().run()
    assert app.multiselect[0].value == ["c"]


def test_what_the_person_chooses_counts_at_once():
    app = _open()
    app.button[0].click().run()
    app.multiselect[0].set_value(["b", "c"]).run()
    assert app.multiselect[0].value == ["b", "c"] and not app.exception
    app.button[1].click().run()
    assert app.multiselect[0].value == ["b", "c"]
