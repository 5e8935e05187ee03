"""Long work on a page: one button begins it, and whatever comes of it, the next run does not begin it by itself."""

import pytest
from streamlit.testing.v1 import AppTest


def page(outcome: str) -> None:
    import streamlit as st

    from ui.widgets.job import on_request
    from ui.widgets.layout import guarded

    def make(progress) -> str | None:
        st.session_state["made"] = st.session_state.get("made", 0) + 1
        progress(1, 2)
        if outcome == "fails":
            raise ZeroDivisionError("in the work")
        if outcome == "nothing":
            st.warning("nothing came of it")
            return None
        return "the result"

    with guarded():
        st.markdown(on_request("key", "Do it", make, "takes a while", so_far="not yet", keeps=outcome != "elsewhere"))


@pytest.mark.parametrize("outcome", ["kept", "elsewhere", "nothing", "fails"])
def test_work_is_done_once_when_it_is_asked_for(empty_workspace, outcome):
    app = AppTest.from_function(page, args=(outcome,), default_timeout=60).run()
    assert "made" not in app.session_state and app.markdown[0].value == "not yet"
    app.button(key="work_begin").click().run()
    assert app.session_state["made"] == 1 and not app.exception
    values = [element.value for element in app.markdown]
    offered = [button.key for button in app.button]
    if outcome == "kept":
        assert values == ["the result"] and not offered
    elif outcome == "elsewhere":
        assert values == ["not yet"] and offered == ["work_begin"]
    elif outcome == "nothing":
        assert app.warning[0].value == "nothing came of it" and values == ["not yet"]
    else:
        assert app.error
    app.run()
    assert app.session_state["made"] == 1
    assert [button.key for button in app.button] == ([] if outcome == "kept" else ["work_begin"])
