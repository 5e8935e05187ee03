"""Parquet files, each damaged in one way: one sentence with the file's name, bounded before anything is decoded."""

import hashlib
import io
import json
import resource

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carvis.cli import main
from carvis.errors import CarvisError, TableError
from carvis.evaluation import load_evaluation
from carvis.explain.attention.cache import ATTENTION_FORMAT, load_attention
from carvis.workspace import Cache, Column, read_parquet, store_cached
from tests.hostile.material import attention, each_file, evaluation, one_sentence

QUICK = settings(max_examples=150, deadline=None, derandomize=True)


@pytest.fixture
def root(tmp_path):
    return each_file(tmp_path)


def packed(table: pd.DataFrame | pa.Table) -> bytes:
    """Return a table as Parquet."""
    buffer = io.BytesIO()
    if isinstance(table, pd.DataFrame):
        table.to_parquet(buffer, index=False)
    else:
        pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def put(root, content: bytes):
    """Put a table in place of an evaluation's own, and its hash into the metrics."""
    folder = root / "data" / "evaluations" / "cars" / "valid" / "m"
    (folder / "predictions.parquet").write_bytes(content)
    document = json.loads((folder / "metrics.json").read_text("utf-8"))
    document["files"]["predictions.parquet"] = hashlib.sha256(content).hexdigest()
    (folder / "metrics.json").write_text(json.dumps(document))
    return folder


GOOD = evaluation().predictions
ARROW = pa.Table.from_pandas(GOOD, preserve_index=False)


def with_column(name: str, values) -> pa.Table:
    """Return the good table with another column in place of one."""
    return ARROW.set_column(ARROW.schema.get_field_index(name), name, values)


def strings(count: int) -> pa.Array:
    return pa.array(["x"] * count)


TABLES = {
    **{f"no {name}": (GOOD.drop(columns=name), f"column {name} is missing") for name in GOOD if name != "copy_of"},
    **{f"null {name}": (GOOD.assign(**{name: None}), f"column {name}") for name in GOOD},
    **{f"whole numbers as {name}": (GOOD.assign(**{name: 3}), f"column {name}") for name in GOOD},
    **{f"lists as {name}": (GOOD.assign(**{name: [[1]] * 4}), f"column {name} must hold") for name in GOOD},
    **{
        f"{word} as {name}": (GOOD.assign(**{name: value}), f"column {name} {said}")
        for name in ("confidence", "p:A", "p:車")
        for word, value, said in (
            ("text", "0.5", "must hold numbers, and holds"),
            ("NaN", np.nan, "lacks a value"),
            ("infinity", np.inf, "holds NaN or infinity"),
            ("1.5", 1.5, "holds 1.5, outside 0 to 1"),
            ("-0.1", -0.1, "holds -0.1, outside 0 to 1"),
            ("truth", True, "must hold numbers, and holds bool"),
            ("a date", pd.Timestamp("2024-01-01"), "must hold numbers, and holds timestamp"),
        )
    },
    "one value lacking": (GOOD.assign(label=["A", None, "車", "車"]), "column label lacks a value"),
    "equal ids": (GOOD.assign(id="valid/A/1.jpg"), "column id holds a value twice"),
    "a foreign label": (GOOD.assign(label=["A", "A", "車", "Golf"]), "label holds Golf, which is none of its classes"),
    "a foreign prediction": (GOOD.assign(predicted=["A", "A", "車", "Golf"]), "predicted holds Golf"),
    "other predictions": (GOOD.assign(predicted="A", confidence=GOOD["p:A"]), "count other predictions as correct"),
    "another split": (GOOD.assign(id=GOOD["id"].str.replace("valid", "train")), "its table holds train/A/0.jpg"),
    "another confidence": (GOOD.assign(confidence=0.9), "confidence is not the probability"),
    "half of the probabilities": (
        GOOD.assign(**{name: GOOD[name] / 2 for name in ("confidence", "p:A", "p:車")}),
        "do not add up to 1",
    ),
    "more rows": (pd.concat([GOOD, GOOD.assign(id=GOOD["id"] + "b")]), "metrics are of 4 images, its table of 8"),
    "no row": (GOOD.iloc[:0], "its metrics are of 4 images, its table of 0"),
    "a NUL": (GOOD.assign(path="a\0b"), "NUL"),
    "a column twice": (ARROW.append_column("label", strings(4)), "column label is there twice"),
    "a struct": (with_column("label", pa.array([{"a": 1}] * 4)), "column label must hold texts, and holds struct"),
    "bytes": (with_column("label", pa.array([b"\xff"] * 4)), "column label must hold texts, and holds binary"),
    "a map": (with_column("p:A", pa.array([[("a", 1)]] * 4, pa.map_(pa.string(), pa.int64()))), "column p:A must hold"),
    "decimals": (with_column("p:A", pa.array([1, 0, 0, 1]).cast(pa.decimal128(25))), "column p:A must hold numbers"),
    "five million rows more": (pa.table({"id": pa.nulls(10_000_000, pa.string())}), "rows, more than 5,000,000"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_wrong_table_is_one_sentence(root, kind):
    table, words = TABLES[kind]
    folder = put(root, packed(table))
    with pytest.raises(TableError) as said:
        load_evaluation(folder)
    one_sentence(said.value, str(folder), words, "evaluate the model on the data set again")


CONTENTS = {
    "empty": (b"", "empty"),
    "zeros": (b"\0" * 3000, "empty"),
    "text": (b"id,path\n", "damaged, or no Parquet file"),
    "marks alone": (b"PAR1" + b"\0" * 8 + b"PAR1", "damaged, or no Parquet file"),
    "a footer of 2 GB": (b"PAR1" + b"x" * 40 + b"\xff\xff\xff\x7fPAR1", "damaged, or no Parquet file"),
    "cut": (packed(GOOD)[:-30], "damaged, or no Parquet file"),
    "without its head": (packed(GOOD)[200:], "damaged, or no Parquet file"),
    "brackets": (b"[" * 200_000, "damaged, or no Parquet file"),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_a_torn_table_is_one_sentence(root, kind, capsys):
    content, words = CONTENTS[kind]
    folder = put(root, content)
    with pytest.raises(TableError) as said:
        load_evaluation(folder)
    one_sentence(said.value, str(folder / "predictions.parquet"), words)
    assert main(["compare", str(folder), "--workspace", str(root)]) == 2
    told = capsys.readouterr().err
    assert words in told and "Traceback" not in told


def test_what_a_table_says_of_pandas_is_not_followed(root):
    table = GOOD.assign(more=[{"a": 1}] * 4).set_index("label", drop=False)
    table.index.name = "another"
    content = io.BytesIO()
    table.to_parquet(content)
    found = load_evaluation(put(root, content.getvalue())).predictions
    assert found.equals(GOOD) and found.index.equals(pd.RangeIndex(4))


@QUICK
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_any_byte_may_be_wrong(changes):
    content = bytearray(packed(GOOD))
    for place, value in changes:
        content[place % len(content)] = value
    columns = {"id": Column("text", unique=True), "label": Column("text"), "confidence": Column("number", 0, 1)}
    try:
        found = read_parquet(bytes(content), columns, path="a.parquet")
    except CarvisError as error:
        one_sentence(error, "a.parquet")
    else:
        assert list(found) == list(columns)


def test_a_small_file_of_a_large_text_is_refused_in_little_memory():
    """Half a megabyte that would be 4 GB as Python's or Arrow's strings."""
    codes = pa.array(np.zeros(4_000_000, np.int32))
    content = packed(pa.table({"id": pa.DictionaryArray.from_arrays(codes, pa.array(["x" * 1000]))}))
    assert len(content) < 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CarvisError, match="more than 4 GB of memory"):
        read_parquet(content, {"id": Column("text")}, path="a.parquet")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


def test_a_text_that_a_million_rows_share_is_one_text():
    codes = pa.array(np.zeros(1_000_000, np.int32))
    content = packed(pa.table({"id": pa.DictionaryArray.from_arrays(codes, pa.array(["x" * 100]))}))
    assert read_parquet(content, {"id": Column("text")}, path="a.parquet")["id"].iloc[-1] == "x" * 100


@pytest.mark.parametrize("column", attention().table.columns)
@pytest.mark.parametrize("value", [None, [[1], [2]], 7, "x", "missing"])
def test_a_damaged_result_of_a_cache_is_made_anew(tmp_path, column, value):
    cache, good = Cache(tmp_path), attention()
    store_cached(cache, "key", ATTENTION_FORMAT, good)
    assert load_attention(cache, "key").table.equals(good.table)
    table = good.table.drop(columns=column)
    if value != "missing":
        table = table.assign(**{column: value})
    cache.put("key", ".parquet", packed(table))
    found = load_attention(cache, "key")
    unknown = {"confidence", "probability", *(name for name in good.table if ":" in name)}
    # A text is as good as another, and what was not measured may be missing.
    assert found is None or (value == "x" and column not in ("id",)) or (value is None and column in unknown)
    if found is not None:
        assert len(found.by_part) == 1 and len(found.by_class)


@QUICK
@given(data=st.data())
def test_any_facts_of_a_cached_result(tmp_path_factory, data):
    from tests.hostile.material import ANY_JSON, places, replaced

    cache = Cache(tmp_path_factory.mktemp("cache"))
    store_cached(cache, "key", ATTENTION_FORMAT, attention())
    path = cache.get("key", ".json")
    good = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(replaced(good, data.draw(st.sampled_from(places(good))), data.draw(ANY_JSON))))
    found = load_attention(cache, "key")
    if found is not None:
        assert found.by_part is not None and found.notes is not None and found.without_evidence and found.outliers
