"""The table of models on page Overview."""

import json
import shutil


def test_a_column_is_as_wide_as_its_longest_text(own_workspace, open_page):
    """Two evaluated models among many that are not: left alone, the browser takes their long texts for outliers."""
    for number in range(8):
        shutil.copy(own_workspace / "models" / "no card.keras", own_workspace / "models" / f"new {number}.keras")
    app = open_page("overview", data="colours")
    assert not app.exception
    [table] = [frame for frame in app.dataframe if "interval" in frame.value]
    columns = json.loads(table.proto.columns)
    for name in ("interval", "without leakage", "evaluated", "input", "preprocessing"):
        longest = table.value[name].str.len().max()
        assert columns[name]["width"] >= min(240, 6 * longest), name
