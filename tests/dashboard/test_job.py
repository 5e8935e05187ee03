"""Work on a page: short work is done, long work asked for; the next run does not begin it again by itself."""

import pytest
from streamlit.testing.v1 import AppTest


def page(outcome: str, seconds: float = 0.0, steps: int = 2) -> None:
    import time

    import streamlit as st

    from ui.state.rates import Work
    from ui.widgets.job import on_request
    from ui.widgets.layout import guarded

    def make(progress) -> str | None:
        st.session_state["made"] = st.session_state.get("made", 0) + 1
        for step in range(steps):
            progress(step, steps)
            time.sleep(seconds / steps)
        if outcome == "fails":
            raise ZeroDivisionError("in the work")
        if outcome == "nothing":
            st.warning("nothing came of it")
            return None
        return "the result"

    with guarded():
        keeps, work = outcome != "elsewhere", Work(("test",), steps)
        st.markdown(on_request("key", "Do it", make, "Takes a while.", so_far="not yet", keeps=keeps, work=work))


def opened(outcome: str, *more: float) -> AppTest:
    return AppTest.from_function(page, args=(outcome, *more), default_timeout=60).run()


def offered(app: AppTest) -> list[str]:
    return [button.key for button in app.button]


@pytest.mark.parametrize("outcome", ["kept", "elsewhere", "nothing", "fails"])
@pytest.mark.parametrize("by_button", [True, False])
def test_work_is_done_once(empty_workspace, outcome, by_button, monkeypatch):
    monkeypatch.setenv("CARVIS_UNASKED_SECONDS", "0" if by_button else "1e6")
    app = opened(outcome)
    if by_button:
        assert "made" not in app.session_state and app.markdown[0].value == "not yet"
        app.button(key="work_begin").click().run()
    assert app.session_state["made"] == 1 and not app.exception
    values = [element.value for element in app.markdown]
    if outcome == "kept":
        assert values == ["the result"] and not offered(app)
    elif outcome == "elsewhere":
        assert values == ["not yet"] and offered(app) == ["work_begin"]
    elif outcome == "nothing":
        assert app.warning[0].value == "nothing came of it" and values == ["not yet"]
    else:
        assert app.error
    app.run()
    assert app.session_state["made"] == 1
    assert offered(app) == ([] if outcome == "kept" else ["work_begin"])


def test_long_work_is_broken_off_and_asked_for_with_its_time(empty_workspace, monkeypatch):
    monkeypatch.setattr("ui.widgets.job._WATCHED", 0.05)
    monkeypatch.setenv("CARVIS_UNASKED_SECONDS", "1")
    # 50 steps of 0.2 s.
    app = opened("kept", 10.0, 50)
    assert app.session_state["made"] == 1 and offered(app) == ["work_begin"]
    assert "Takes a while. About" in app.caption[0].value
    # Another session knows it without beginning.
    other = opened("kept", 10.0, 50)
    assert "made" not in other.session_state and "Takes a while. About" in other.caption[0].value


def test_what_was_measured_is_asked_for_or_done_by_its_size(empty_workspace, monkeypatch):
    from ui.state import rates

    monkeypatch.setattr(rates, "seconds_of", lambda work: 7.0)
    monkeypatch.setattr("ui.widgets.job.seconds_of", rates.seconds_of)
    monkeypatch.setenv("CARVIS_UNASKED_SECONDS", "5")
    assert offered(opened("kept")) == ["work_begin"]
    monkeypatch.setenv("CARVIS_UNASKED_SECONDS", "9")
    assert opened("kept").markdown[0].value == "the result"


def test_a_rate_is_the_start_and_the_time_of_a_unit(empty_workspace, monkeypatch):
    from ui.state import rates

    clock = iter([100.0, 103.0, 107.0])
    monkeypatch.setattr(rates.time, "monotonic", lambda: next(clock))
    # Of 50 units left half are done in 4 s, after a start of 3 s: 0.16 s a unit.
    watch = rates.Stopwatch(rates.Work(("a",), 50))
    watch.report(0.2)
    watch.report(0.6)
    assert watch.total == pytest.approx(3 + 4 + 4)
    monkeypatch.undo()
    monkeypatch.setenv("CARVIS_WORKSPACE", str(empty_workspace))
    watch.keep()
    assert rates.seconds_of(rates.Work(("a",), 100)) == pytest.approx(3 + 100 * 0.16)
    assert rates.seconds_of(rates.Work(("b",), 100)) is None


@pytest.mark.parametrize("text", ["{}", "no JSON", '{"start": -1, "unit": 1}', '{"start": 1e300, "unit": 1}'])
def test_a_damaged_rate_is_measured_anew(empty_workspace, text):
    from ui.state import jobs, rates

    work = rates.Work(("a",), 1)
    jobs.cache("rates").put(work.key, ".json", text.encode())
    assert rates.seconds_of(work) is None
