"""The dashboard's folder on the import path, as ``streamlit run`` puts it, and a small real workspace."""

import functools
import importlib
import os
import shutil
import sys
from pathlib import Path

import pytest

DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard"
sys.path[:0] = [str(DASHBOARD), str(Path(__file__).parent)]

from small_workspace import build  # noqa: E402


@pytest.fixture(scope="session")
def built_workspace(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("workspace"))


@pytest.fixture
def workspace(built_workspace, monkeypatch) -> Path:
    """The small workspace, in use by the dashboard. Tests share it and its opened models: they change nothing in it."""
    monkeypatch.setenv("CARVIS_WORKSPACE", str(built_workspace))
    return built_workspace


@pytest.fixture
def own_workspace(built_workspace, tmp_path, monkeypatch) -> Path:
    """A copy of the small workspace that a test may change, in use by the dashboard."""
    root = tmp_path / "workspace"
    shutil.copytree(built_workspace, root)
    monkeypatch.setenv("CARVIS_WORKSPACE", str(root))
    return root


@pytest.fixture
def empty_workspace(tmp_path, monkeypatch) -> Path:
    root = tmp_path / "nothing here"
    root.mkdir()
    monkeypatch.setenv("CARVIS_WORKSPACE", str(root))
    return root


@functools.cache
def registered_pages() -> dict:
    """The pages of the menu, which Streamlit's tests learn from a run of any page."""
    from streamlit.testing.v1 import AppTest

    return AppTest.from_file(str(DASHBOARD / "navigation.py"), default_timeout=180).run()._registered_pages


@pytest.fixture(autouse=True)
def asked(monkeypatch) -> None:
    """Let pages ask for all work, whatever was measured before: what a test does not ask for is not done."""
    monkeypatch.setenv("CARVIS_UNASKED_SECONDS", "0")


@pytest.fixture
def unasked(asked, monkeypatch) -> None:
    """Let pages do all work unasked, however slow the machine is."""
    monkeypatch.setenv("CARVIS_UNASKED_SECONDS", "1e6")


@pytest.fixture
def open_page():
    """Run the dashboard at a page with URL parameters: ``open_page("heatmaps", sample=[...])``."""
    from streamlit.testing.v1 import AppTest

    # A module first imported while a test has patched another would keep the patch for later tests.
    for file in sorted((DASHBOARD / "ui").rglob("*.py")):
        importlib.import_module(".".join(file.relative_to(DASHBOARD).with_suffix("").parts))

    apps = []

    def open(page: str = "overview", /, **params):
        app = AppTest.from_file(str(DASHBOARD / "navigation.py"), default_timeout=180)
        apps.append(app)
        if page != "overview":
            # As a link opens it, without another page before it.
            app._registered_pages = registered_pages()
            app.switch_page(f"app_pages/{page}.py")
        for name, value in params.items():
            app.query_params[name] = value
        return app.run()

    yield open
    # Shown by pytest where the test failed: a page goes on after an error, which only its text and the log name.
    for app in apps:
        print(texts(app))
    for log in Path(os.environ["CARVIS_WORKSPACE"]).glob("data/logs/*.log") if "CARVIS_WORKSPACE" in os.environ else ():
        print(log.read_text(encoding="utf-8", errors="replace"))


def texts(app) -> str:
    """Return all texts of a page."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error", "success", "code")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


@pytest.fixture
def words():
    return texts


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
