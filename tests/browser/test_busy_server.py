"""A busy server loses what a broken-off run set on a widget: the selector must not go back to what it showed."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys, time
sys.path.insert(0, {dashboard!r})
import streamlit as st
from streamlit.runtime import get_instance
from ui.state import widget_values

# However long a busy machine takes, the second click comes before the browser has the new value.
widget_values._ARRIVED_AFTER = 600
state = st.session_state
state.setdefault("models", ["first", "second"])


def third():
    state.update(models=["third"], stuck=True)


def take():
    state["models"] = state["chosen"]


st.title("Models")
widget_values.begin(False)
if state.pop("stuck", False):
    # As when something holds the interpreter: nothing is sent meanwhile.
    get_instance()._get_async_objs().eventloop.call_soon_threadsafe(time.sleep, 0.8)
widget_values.show("chosen", state["models"])
names = ["first", "second", "third"]
st.multiselect("Chosen", names, key="chosen", on_change=widget_values.by_person("chosen", take))
st.markdown("shown: " + ", ".join(state["models"]))
st.button("only the third", on_click=third)
st.button("something else")
widget_values.end()
"""


def test_the_selector_shows_what_the_page_shows(chromium, serve, wait, tmp_path):
    script = tmp_path / "app.py"
    script.write_text(SCRIPT.format(dashboard=str(ROOT / "dashboard")))
    page = chromium.new_page()
    page.goto(serve(tmp_path, script))
    wait(page)
    chosen = page.get_by_test_id("stMultiSelect")
    page.get_by_role("button", name="only the third").click()
    page.get_by_role("button", name="something else").click()
    page.get_by_text("shown: third", exact=True).wait_for()
    wait(page)
    assert page.get_by_text("shown: third", exact=True).count() == 1
    assert "third" in chosen.inner_text() and "first" not in chosen.inner_text()
    page.close()
