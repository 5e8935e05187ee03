"""Orders of classes: planted blocks come together; super-classes from names and from files."""

import numpy as np
import pandas as pd
import pytest

from carvis.errors import TableError
from carvis.evaluation import merge_classes, order_classes, read_super_classes, seriate, super_classes
from tests.evaluation.confusion.test_matrix import matrix


def test_a_chain_of_confusion_is_found_again():
    # a-d-b-c is a line: each is mistaken for its neighbours only; e is never mistaken.
    counts = matrix([[9, 0, 0, 3, 0], [0, 9, 2, 2, 0], [0, 2, 9, 0, 0], [3, 2, 0, 9, 0], [0, 0, 0, 0, 9]])
    assert seriate(counts) in (["a", "d", "b", "c", "e"], ["c", "b", "d", "a", "e"])


@pytest.mark.parametrize("seed", range(5))
def test_two_planted_blocks_come_together(seed):
    rng = np.random.default_rng(seed)
    names = [f"class {i:02}" for i in range(24)]
    shuffled = rng.permutation(24)
    blocks = shuffled[:5], shuffled[5:9]
    values = np.diag(np.full(24, 40)) + rng.integers(0, 2, (24, 24))
    for block in blocks:
        values[np.ix_(block, block)] += rng.integers(5, 9, (len(block), len(block)))
    order = seriate(pd.DataFrame(values, names, names))
    assert sorted(order) == names
    for block in blocks:
        places = sorted(order.index(names[i]) for i in block)
        assert places == list(range(places[0], places[0] + len(block))), order


def test_families_without_confusion_between_them_come_by_their_mistakes():
    counts = matrix([[9, 1, 0, 0, 0], [0, 9, 0, 0, 0], [0, 0, 9, 0, 0], [0, 0, 0, 9, 5], [0, 0, 0, 0, 9]])
    assert seriate(counts) == ["d", "e", "a", "b", "c"]


def test_two_hundred_classes_are_ordered_and_the_same_again():
    rng = np.random.default_rng(0)
    names = [f"class {i:03}" for i in range(200)]
    counts = pd.DataFrame(rng.poisson(0.05, (200, 200)) + np.diag(np.full(200, 20)), names, names)
    order = seriate(counts)
    assert sorted(order) == names and order == seriate(counts)


def test_by_name_and_by_super_class():
    counts = pd.DataFrame(np.eye(4, dtype=int), *[["VW-polo", "audi-a3", "VW-Golf", "audi-A1"]] * 2)
    assert order_classes(counts, "name") == ["audi-A1", "audi-a3", "VW-Golf", "VW-polo"]
    groups = {"VW-polo": "small", "audi-a3": "large", "VW-Golf": "large", "audi-A1": "small"}
    assert order_classes(counts, "super", groups) == ["audi-a3", "VW-Golf", "audi-A1", "VW-polo"]
    with pytest.raises(ValueError, match="give groups for super"):
        order_classes(counts, "super")


def test_the_text_before_the_first_dash_or_space_is_the_super_class():
    groups = super_classes(["Audi-a3", "bmw serie 1", "Golf", "VW-Golf plus", "-odd"])
    assert groups == {"Audi-a3": "Audi", "bmw serie 1": "bmw", "Golf": "Golf", "VW-Golf plus": "VW", "-odd": "-odd"}
    assert super_classes(["a", "b"], {"a": "x"}) == {"a": "x", "b": "b"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("groups.json", '{"Golf": "VW", "クリオ": "Renault"}'),
        ("groups.csv", "class,super_class\nGolf,VW\nクリオ,Renault\n"),
        ("groups.csv", "Make;Class;Note\nVW;Golf;x\nRenault;クリオ;\n;empty;\n"),
        ("groups.csv", "class\twhatever\nGolf\tVW\nクリオ\tRenault\n"),
    ],
)
def test_super_classes_are_read_from_a_file(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_super_classes(tmp_path / name) == {"Golf": "VW", "クリオ": "Renault"}


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("groups.json", "[1, 2]", "is not a list of super-classes"),
        ("groups.json", "{broken", "cannot be read"),
        ("groups.json", '{"Golf": 1}', "is not a list of super-classes"),
        ("groups.csv", "class,one,two\nGolf,x,y\n", "has no column for the super-class"),
        ("groups.csv", "name,make\nGolf,VW\n", "class"),
    ],
)
def test_other_files_are_refused_in_one_sentence(tmp_path, name, text, problem):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=problem):
        read_super_classes(tmp_path / name)


def test_confusion_between_super_classes_on_paper():
    counts = matrix([[3, 1, 0, 1], [2, 2, 0, 0], [0, 1, 4, 2], [0, 0, 0, 5]])
    merged = merge_classes(counts, {"a": "x", "b": "y", "c": "y", "d": "x"})
    # x is a and d: 3 + 1 + 0 + 5; x taken for y: a for b 1; y for x: b for a 2, c for d 2; y: 2 + 0 + 1 + 4.
    assert merged.to_numpy().tolist() == [[9, 1], [4, 7]]
    assert merged.index.tolist() == ["x", "y"] and merged.index.name == "true"


@pytest.mark.parametrize("encoding", ["euc_jp", "iso2022_jp", "cp932", "mac_roman", "utf-16-be"])
@pytest.mark.parametrize("name", ["groups.csv", "groups.json"])
def test_super_classes_in_any_encoding_name_the_classes(tmp_path, name, encoding):
    single = "Citroën" if encoding == "mac_roman" else "クリオ"
    text = f'{{"{single}": "Renault"}}' if name.endswith("json") else f"class,make\n{single},Renault\n"
    (tmp_path / name).write_bytes(text.encode(encoding))
    assert read_super_classes(tmp_path / name, class_names=["Golf", single]) == {single: "Renault"}
    assert read_super_classes(tmp_path / name, encoding) == {single: "Renault"}
