"""Files of class names: lines, Teachable Machine's, Keras' class_indices in both directions; encodings."""

import json

import pytest

from carvis.classifier.files.label_file import names_beside, read_class_names
from carvis.errors import ModelError, TableError

NAMES = ["Golf", "Audi a3", "ドア", "Äpfel"]


def _write(path, content, encoding="utf-8"):
    path.write_bytes(content.encode(encoding))
    return path


@pytest.mark.parametrize(
    "lines",
    [
        NAMES,
        [f"{i} {name}" for i, name in enumerate(NAMES)],
        [f"{i}: {name}" for i, name in enumerate(NAMES)],
        [f"{i},{name}" for i, name in enumerate(NAMES)],
        [f"{i}\t{name}" for i, name in reversed(list(enumerate(NAMES)))],
        [f"{name},{i}" for i, name in enumerate(NAMES)],
        ["index,label", *(f"{i},{name}" for i, name in enumerate(NAMES))],
        ["", *NAMES, "", ""],
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lines(lines, encoding, tmp_path):
    assert read_class_names(_write(tmp_path / "labels.txt", "\r\n".join(lines), encoding)) == NAMES


@pytest.mark.parametrize(
    "value",
    [
        NAMES,
        {name: i for i, name in enumerate(NAMES)},
        {name: str(i) for i, name in enumerate(NAMES)},
        {str(i): name for i, name in reversed(list(enumerate(NAMES)))},
        {str(i + 1): name for i, name in enumerate(NAMES)},
        {"labels": NAMES, "modelName": "tm-my-image-model"},
        {"class_indices": {name: i for i, name in enumerate(NAMES)}},
        {str(i): [f"n{i}", name] for i, name in enumerate(NAMES)},
        [{"id": i, "name": name} for i, name in enumerate(NAMES)],
    ],
)
def test_json(value, tmp_path):
    path = _write(tmp_path / "class_indices.json", json.dumps(value, ensure_ascii=False))
    assert read_class_names(path) == NAMES
    assert read_class_names(_write(tmp_path / "labels.txt", json.dumps(value))) == NAMES


def test_names_that_are_numbers(tmp_path):
    folders = {"0": 0, "1": 1, "10": 2, "2": 3}
    path = _write(tmp_path / "class_indices.json", json.dumps(folders))
    assert read_class_names(path) == ["0", "1", "10", "2"]
    path = _write(tmp_path / "inverse.json", json.dumps({str(i): name for name, i in folders.items()}))
    assert read_class_names(path) == ["0", "1", "10", "2"]
    assert read_class_names(_write(tmp_path / "labels.txt", "0\n1\n10\n2\n")) == ["0", "1", "10", "2"]


def test_numbers_that_belong_to_the_names(tmp_path):
    path = _write(tmp_path / "labels.txt", "1 Series\n2 Series\n3 Series\n")
    assert read_class_names(path) == ["1 Series", "2 Series", "3 Series"]
    path = _write(tmp_path / "other.txt", "206 CC\n306 XS\n")
    assert read_class_names(path) == ["206 CC", "306 XS"]
    counted = _write(tmp_path / "counted.txt", "1 Golf\n2 Audi a3\n")
    assert read_class_names(counted, ["Audi a3", "Golf"]) == ["Golf", "Audi a3"]
    zero = _write(tmp_path / "zero.txt", "0 Series\n1 Series\n")
    assert read_class_names(zero, ["0 Series", "1 Series"]) == ["0 Series", "1 Series"]


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp932", ["ドア", "バス", "ハンドル"]),
        ("euc_jp", ["ドア", "バス", "ハンドル"]),
        ("iso2022_jp", ["ドア", "バス", "ハンドル"]),
        ("gb18030", ["汽车", "卡车"]),
        ("cp1252", ["Äpfel", "Birne", "Größe"]),
        ("mac_roman", ["Äpfel", "Birne", "Größe"]),
    ],
)
def test_encodings_are_found_by_the_names_of_the_data_set(encoding, names, tmp_path):
    path = _write(tmp_path / "labels.txt", "\n".join(names), encoding)
    assert read_class_names(path, sorted(names)) == names


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("labels.txt", "", "no class names"),
        ("labels.txt", "a\0b", "not text"),
        ("a.json", "{", "cannot be read"),
        ("a.json", '{"a": 3, "b": 9}', "number its classes"),
        ("a.json", "{}", "number its classes"),
        ("a.json", "[[1]]", "no class names"),
        ("a.json", "3", "no class names"),
        ("a.json", '{"a": true, "b": false}', "number its classes"),
    ],
)
def test_what_is_no_list_of_names_is_refused_by_name(name, content, words, tmp_path):
    with pytest.raises(ModelError, match=rf"{name} .*{words}"):
        read_class_names(_write(tmp_path / name, content))
    with pytest.raises(ModelError, match=r"gone\.txt cannot be read"):
        read_class_names(tmp_path / "gone.txt")


def test_files_beside_a_model(tmp_path):
    _write(tmp_path / "labels.txt", "0 a\n1 b\n")
    _write(tmp_path / "cars_labels.txt", "c\nd\n")
    _write(tmp_path / "metadata.json", '{"author": "me"}')
    _write(tmp_path / "Class_Indices.json", '{"b": 0, "a": 1}')
    beside = names_beside(tmp_path / "cars.h5")
    assert {path.name: names for path, names in beside.items()} == {
        "cars_labels.txt": ["c", "d"],
        "labels.txt": ["a", "b"],
        "Class_Indices.json": ["b", "a"],
    }
    assert next(iter(beside)).name == "cars_labels.txt"


def test_an_encoding_that_is_named_counts(tmp_path):
    path = _write(tmp_path / "labels.txt", "Citroën\nŠkoda\n", "cp1250")
    assert read_class_names(path, encoding="cp1250") == ["Citroën", "Škoda"]
    for encoding, problem in (("utf-8", "not text in utf-8"), ("klingon", "no encoding klingon")):
        with pytest.raises(TableError, match=problem):
            read_class_names(path, encoding=encoding)


def test_long_numbers_and_lines_are_names_like_others(tmp_path):
    # Python refuses to read a number of 5000 digits, and a pattern could look for an hour.
    for line in ("1" * 5000 + " a", "x" + " " * 50_000 + "y" + " " * 50_000 + "z"):
        assert read_class_names(_write(tmp_path / "labels.txt", f"{line}\nb")) == [line, "b"]


def test_json_in_an_encoding_whose_letters_hold_its_signs(tmp_path):
    # The second byte of ソ in cp932 is a backslash.
    names = ["カローラ", "ソ", "予"]
    text = json.dumps(names, ensure_ascii=False)
    assert read_class_names(_write(tmp_path / "labels.json", text, "cp932"), names) == names
