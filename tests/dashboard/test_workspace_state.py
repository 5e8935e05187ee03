"""The workspace is looked at once a run, and where there is no run each time."""

import shutil


def test_a_thread_that_is_no_run_sees_what_has_come_since(own_workspace):
    from ui.state import workspace

    assert "copy" not in workspace.model_files()
    shutil.copy(own_workspace / "models/good.keras", own_workspace / "models/copy.keras")
    assert "copy" in workspace.model_files()
