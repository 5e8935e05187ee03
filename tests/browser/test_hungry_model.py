"""A model that eats memory in a running dashboard: a sentence comes, and the server lives on."""

import shutil
import urllib.request

import psutil
import pytest


@pytest.fixture
def workspace(tmp_path):
    from small_workspace import build

    build(tmp_path / "workspace")
    return tmp_path / "workspace"


def test_the_server_outlives_a_model_that_eats_memory(chromium, serve, wait, workspace):
    from tests.hostile.models import attending

    # 5 TB of scores between 620,000 pixels.
    attending(786).save(workspace / "models" / "hungry.keras")
    address = serve(workspace)
    page = chromium.new_page()
    page.goto(f"{address}/models?model=hungry")
    page.get_by_text("is not opened automatically").first.wait_for(timeout=180_000)
    page.get_by_role("button", name="Open this model").click()
    page.get_by_text("of memory to predict one image, so it is not opened here").first.wait_for(timeout=240_000)
    wait(page)
    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=10) as answer:
        assert answer.status == 200
    page.goto(f"{address}/models?model=good")
    page.get_by_text("Fingerprint").wait_for(timeout=180_000)
    commands = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert not [command for command in commands if "trial_process" in command and str(workspace) in command]
    page.close()
    shutil.rmtree(workspace)
