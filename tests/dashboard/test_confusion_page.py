"""Page Confusion matrix: whose matrix, what a cell opens, tables, differences, what cannot be compared."""

import json

import pandas as pd
import pytest

from carvis.evaluation import class_scores, load_evaluation
from tests.evaluation.answers import evaluation

POOR, GOOD = "colours/test/poor", "colours/test/good"


@pytest.fixture
def poor(workspace):
    return load_evaluation(workspace / "data" / "evaluations" / "colours" / "test" / "poor")


def tiles(app) -> list[str]:
    return [block.proto.id for block in app.main if False]


def charts(app) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]


def cells(app, number=0) -> pd.DataFrame:
    """The cells of a chart, as it draws them."""
    chart = app.get("vega_lite_chart")[number]
    spec = json.loads(chart.proto.spec)
    name = spec["layer"][0]["data"]["name"]
    for dataset in chart.proto.datasets:
        if dataset.name == name:
            return pd.read_feather(__import__("io").BytesIO(dataset.data.data))
    raise AssertionError(f"no data {name}")


def test_it_looks(workspace, open_page):
    app = open_page("confusion", table=POOR)
    chart = app.get("vega_lite_chart")[0]
    print(str(chart.proto)[:3000])
    assert False
