"""Charts made once: for the same table, and only for the same."""

import pandas as pd


def test_one_changed_cell_of_a_large_table_makes_another_chart():
    import altair as alt

    from ui.widgets.chart import cached_chart

    @cached_chart
    def bars(table: pd.DataFrame, nothing: list[str]) -> alt.Chart:
        return alt.Chart(table).mark_bar().encode(x="x:Q", y="count:Q")

    # The confusion matrix of 230 classes.
    table = pd.DataFrame({"x": range(230 * 230), "count": 0})
    before = bars(table, [])["datasets"]
    assert bars(table.copy(), [])["datasets"].keys() == before.keys()
    for row in (0, 100, 777, 5_000, 40_000):
        changed = table.copy()
        changed.loc[row, "count"] = 5
        assert bars(changed, [])["datasets"].keys() != before.keys()
