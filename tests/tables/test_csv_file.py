"""CSV that no spreadsheet runs, whose way back is exact, and that every writer in the project uses."""

import ast
import csv
import io
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carvis.tables import escaped, to_csv, unescaped

ROOT = Path(__file__).parents[2]
SIGNS = "=+-@＝＋－＠"
# Texts of what matters here; others are the usual letters.
TEXTS = st.text(st.sampled_from([*SIGNS, *"''\"\";,\t\r\n \ufeff\u200b\xa0\u3000ab1"]), max_size=12) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=20
)


@pytest.mark.parametrize("before", ["", *" \ufeff\u200b\x00\xa0\u3000\u202e'", "''", "\t", "\r\n"])
@pytest.mark.parametrize("sign", SIGNS)
def test_a_formula_gets_an_apostrophe(before, sign):
    text = f"{before}{sign}cmd|' /C calc'!A0"
    cell = escaped(text)
    assert cell.startswith("'") and cell.count("'") > text.count("'") and unescaped(cell) == text


@pytest.mark.parametrize("text", ["\tx", "\rx", "\nx", "a;=1", "a\t=1", "a\n-1", "a\r\n@x", "tags;＝x"])
def test_where_else_a_spreadsheet_begins_a_cell(text):
    assert escaped(text) != text and unescaped(escaped(text)) == text


@pytest.mark.parametrize(
    "text", ["", "Golf", "Audi-a3", "'s-Hertogenbosch", "a=b", "x @ y", "5-tg", "1;2", "''", "日産"]
)
def test_harmless_texts_stay_as_they_are(text):
    assert escaped(text) == text == unescaped(text)


@given(TEXTS)
@settings(max_examples=400, deadline=None)
def test_the_way_back_is_exact(text):
    cell = escaped(text)
    assert unescaped(cell) == text
    bare = cell.lstrip("".join(map(chr, range(33))) + "\xa0\u3000\ufeff\u200b")
    assert not bare.startswith(tuple(SIGNS)) and not cell.startswith(("\t", "\r", "\n"))


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=6), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=200, deadline=None)
def test_rows_and_tables_come_back(rows, line_end):
    for text in (
        to_csv(rows, ["=a", "b"], line_end=line_end),
        to_csv(pd.DataFrame(rows, columns=["=a", "b"], dtype=object), line_end=line_end),
    ):
        restored = [[unescaped(cell) for cell in row] for row in csv.reader(io.StringIO(text, newline=""))]
        assert restored == [["=a", "b"], *rows]


def test_headings_labels_and_names_are_texts_and_numbers_are_none():
    table = pd.DataFrame(
        {"=c": ["=a", None], "n": [-0.5, np.nan], "mixed": [-1, "-x"], "kind": pd.Categorical(["@k", "k"])},
        index=pd.Index(["+i", "j"], name="-n"),
    )
    assert to_csv(table, index=True) == "'-n,'=c,n,mixed,kind\n'+i,'=a,-0.5,-1,'@k\nj,,,'-x,k\n"
    assert to_csv([[-1, -0.5, Decimal("-0.250000"), Path("-a")]]) == "-1,-0.5,-0.250000,'-a\n"
    both = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("=a", "x"), ("=a", "-y")]))
    assert to_csv(both) == "'=a,'=a\nx,'-y\n1,2\n"


def test_harmless_tables_keep_their_bytes():
    table = pd.DataFrame(
        {
            "text": ["x,y", 'q"r', "é\nz"],
            "number": [1.5, 2, None],
            "yes": [True, False, True],
            "mixed": [1, None, "t"],
            "day": pd.to_datetime(["2020-01-01", "2020-01-02", None]),
        }
    )
    for index in (False, True):
        assert to_csv(table, index=index) == table.to_csv(index=index, lineterminator="\n")
    counts = pd.crosstab(table["text"], table["yes"])
    assert to_csv(counts, index=True) == counts.to_csv(lineterminator="\n")
    empty = pd.DataFrame(columns=["a", "b"])
    assert to_csv(empty) == empty.to_csv(index=False, lineterminator="\n") == "a,b\n"


def calls(file: Path) -> list[str]:
    """The calls in a file by which CSV could be written past ``to_csv``."""
    places = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.func.attr
            past = name in ("writer", "DictWriter") or (name == "to_csv" and (node.args or node.keywords))
            if past:
                places.append(f"{file.relative_to(ROOT)}:{node.lineno} {name}")
        if isinstance(node, ast.ImportFrom) and node.module in ("csv", "pyarrow.csv"):
            places.append(f"{file.relative_to(ROOT)}:{node.lineno} import")
    return places


def test_nothing_writes_csv_past_the_one_writer():
    files = [*(ROOT / "carvis").rglob("*.py"), *(ROOT / "dashboard").rglob("*.py")]
    others = [file for file in files if file != ROOT / "carvis" / "tables" / "csv_file.py"]
    assert [call for file in others for call in calls(file)] == []
    # What has a method to_csv without arguments makes its text by the one writer.
    own = {file.name for file in others if "def to_csv" in file.read_text(encoding="utf-8")}
    assert own == {"result.py"}
    bare = [line for file in others for line in file.read_text("utf-8").splitlines() if ".to_csv()" in line]
    assert all("result.to_csv()" in line for line in bare) and len(bare) == 2
