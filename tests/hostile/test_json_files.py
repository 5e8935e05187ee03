"""JSON files of each kind, damaged in each way: one sentence with the file's name, and never another exception."""

import json
import os
import time

import pytest

from carvis.classifier.card import ModelCard, read_card, update_card
from carvis.errors import CarvisError
from carvis.training import Run
from tests.hostile.json_readers import READERS
from tests.hostile.material import (
    CARD,
    each_file,
    one_sentence,
    replaced,
)

# Content -> what must be said of it. Each is tried on every reader.
TORN = {
    "empty": (b"", "empty"),
    "zeros": (b"\0" * 400, "empty"),
    "blank": (b" \n\t", "empty"),
    "cut": (b'{"format": 1, "n": ', "ends in the middle"),
    "cut in a text": (b'{"format', "ends in the middle"),
    "cut in a character": ('{"a": "車'.encode()[:-1], "ends in the middle"),
    "brackets": (b"[" * 200_000, "nested deeper"),
    "braces": (b'{"a":' * 200_000, "nested deeper"),
    "closed brackets": (b"[" * 200_000 + b"]" * 200_000, "nested deeper"),
    "utf-16": ('{"a": "車"}'.encode("utf-16"), "UTF-16"),
    "utf-32": ('{"a": "車"}'.encode("utf-32-le"), "UTF-32"),
    "cp932": ('{"a": "車種の名前と種類"}'.encode("cp932"), "not UTF-8"),
    "binary": (bytes(range(256)), "cannot be read"),
    "NaN": (b'{"a": NaN}', "NaN"),
    "-Infinity": (b'{"a": [-Infinity]}', "Infinity"),
    "a float too large": (b'{"a": 1e999}', "too large"),
    "10,000 digits": (b'{"a": ' + b"9" * 10_000 + b"}", "300 digits"),
    "half a pair": (b'{"a": "\\ud800"}', "surrogate"),
    "NUL": (b'{"a": "\\u0000"}', "NUL"),
    "a key twice": (b'{"a": 1, "a": 2}', "twice"),
    "two documents": (b"{}{}", "invalid JSON at line 1"),
    "a comma": (b'{"a": 1,}', "invalid JSON at line 1"),
    "Python": (b"{'a': None}", "invalid JSON at line 1"),
}
OTHER = {"null": b"null", "number": b"3", "text": b'"text"', "true": b"true"}
FORGIVEN = ("NaN", "-Infinity")


@pytest.fixture
def root(tmp_path):
    return each_file(tmp_path)


@pytest.mark.parametrize("name", READERS)
def test_each_file_is_read_as_long_as_it_is_whole(root, name):
    place, read = READERS[name]
    assert read(root) is not None
    # Some editors write a byte order mark.
    (root / place).write_bytes(b"\xef\xbb\xbf" + (root / place).read_bytes())
    assert read(root) is not None


@pytest.mark.parametrize("kind", TORN)
@pytest.mark.parametrize("name", READERS)
def test_a_torn_file_is_one_sentence(root, name, kind):
    place, read = READERS[name]
    content, words = TORN[kind]
    (root / place).write_bytes(content)
    began = time.monotonic()
    # NaN is what Python wrote for a loss before it was made null.
    if name in ("config.json", "status.json") and kind in FORGIVEN:
        Run((root / place).parent).status, Run((root / place).parent).config
        return
    with pytest.raises(CarvisError) as said:
        read(root)
    one_sentence(said.value, str(root / place), words)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("kind", OTHER)
@pytest.mark.parametrize("name", READERS)
def test_a_file_of_another_kind_is_one_sentence(root, name, kind):
    place, read = READERS[name]
    (root / place).write_bytes(OTHER[kind])
    with pytest.raises(CarvisError) as said:
        read(root)
    one_sentence(said.value, str(root / place), "must be")


@pytest.mark.parametrize("name", ["metrics.json", "config.json", "status.json", "m.json"])
def test_a_file_of_a_newer_version_asks_for_an_update(root, name):
    place, read = READERS[name]
    document = json.loads((root / place).read_text("utf-8"))
    (root / place).write_text(json.dumps(document | {"format": 2}))
    with pytest.raises(CarvisError, match=r"written by a newer carvis .* update carvis") as said:
        read(root)
    one_sentence(said.value, str(root / place))


@pytest.mark.parametrize("name", ["metrics.json", "status.json", "parts.json"])
def test_what_is_no_ordinary_file_is_one_sentence(root, name):
    place, read = READERS[name]
    (root / place).unlink()
    os.mkfifo(root / place)
    with pytest.raises(CarvisError) as said:
        read(root)
    one_sentence(said.value, "a pipe")


WRONG: dict[str, list[tuple]] = {
    "metrics.json": [
        (("accuracy",), "three", "accuracy must be a number, and is a text"),
        (("accuracy",), [1], "accuracy must be a number, and is a list"),
        (("accuracy",), None, "accuracy must be a number, and is null"),
        (("accuracy",), True, "accuracy must be a number, and is true or false"),
        (("accuracy",), 1.5, "accuracy must be 1 or less, and is 1.5"),
        (("accuracy",), ..., "accuracy is missing"),
        (("accuracy_interval",), [0.5], "accuracy_interval must be a list of 2 or more, and is a list"),
        (("n",), 2.5, "n must be a whole number, and is 2.5"),
        (("n",), 400, "its metrics are of 400 images, its table of 4"),
        (("correct",), 4, "count other predictions as correct"),
        (("per_class",), [], "per_class must be an object, and is a list"),
        (("per_class", "A", "support"), "2", "per_class.A.support must be a whole number, and is a text"),
        (("per_class", "A"), ..., "have other classes than the model"),
        (("unreadable",), None, "unreadable must be a list, and is null"),
        (("unreadable", 0, "reason"), 3, "unreadable.0.reason must be a text, and is 3"),
        (("left_out", "C"), -1, "left_out.C must be 0 or more, and is -1"),
        (("setup",), [], "setup must be an object, and is a list"),
        (("setup", "model", "class_names"), "A", "setup.model.class_names must be a list, and is a text"),
        (("setup", "model", "class_names"), ["A", "B"], "the column p:B is missing"),
        (("setup", "model", "class_names"), ["A", "A"], "two of the model's classes have the same name"),
        (("setup", "model", "class_names"), [], "class_names must be a list of 1 or more"),
        (("setup", "model", "name"), None, "setup.model.name must be a text, and is null"),
        (("setup", "split"), "test", "it is of the split test, and its table holds valid/A/0.jpg"),
        (("setup", "dataset", "path"), 3, "setup.dataset.path must be a text, and is 3"),
        (("setup", "notes"), [3], "setup.notes.0 must be a text, and is 3"),
        (("files",), {}, "only in part"),
        (("format",), 0, "it has format 0, not 1"),
    ],
    "config.json": [
        (("epochs",), "three", "epochs must be a whole number, and is a text"),
        (("epochs",), 0, "epochs must be 1 or more, and is 0"),
        (("learning_rate",), None, "learning_rate must be a number, and is null"),
        (("learning_rate",), 100, "learning_rate must be less than 100, and is 100"),
        (("learning_rate",), ..., "learning_rate is missing"),
        (("class_names",), "A", "class_names must be a list, and is a text"),
        (("class_names", 0), 1, "class_names.0 must be a text, and is 1"),
        (("recipe",), "mine", "recipe must be one of 'own', 'transfer', 'fine-tune', and is mine"),
        (("input_size",), [32], "input_size must be a list of 2 or more"),
        (("name",), "../../a", "name must be a name without a path"),
        (("data",), "x" * 300, "data must be a path"),
        (("augment",), 1, "augment must be true or false, and is 1"),
    ],
    "status.json": [
        (("epoch",), "three", "epoch must be a whole number, and is a text"),
        (("metrics",), [], "metrics must be an object, and is a list"),
        (("metrics", "loss"), "low", "metrics.loss must be a number, and is a text"),
        (("started",), 3, "started must be a text, and is 3"),
        (("state",), "done", "state must be one of"),
        (("best_val_accuracy",), 50, "best_val_accuracy must be 1 or less, and is 50"),
        (("model",), ["a"], "model must be a text, and is a list"),
        (("model",), "/etc/passwd", "lies outside the allowed folders"),
        (("model",), "../../x.keras", "lies outside the allowed folders"),
        (("waits_for",), "../x", "waits_for must be a name without a path"),
    ],
    "cars.json": [
        (("images", 0, "width"), "8", "images.0.width must be a whole number, and is a text"),
        (("annotations", 0, "bbox"), [1, 2], "annotations.0.bbox must be a list of 4 or more, and is a list"),
        (("annotations", 0, "bbox"), [1, 2, 0, 2], "a box holds no pixel"),
        (("annotations", 0, "image_id"), 2, "a box has no image or no category"),
        (("categories", 0, "name"), "\u0007", "the name of a part is invalid"),
    ],
    "parts.json": [
        ((), {}, "it must be a list, and is an object"),
        ((), [], "it must be a list of 1 or more, and is a list"),
        ((0,), 3, "0 must be a text, and is 3"),
        ((0,), "body", "no list of different names"),
        ((0,), " ", "no list of different names"),
    ],
}


@pytest.mark.parametrize(("name", "way", "value", "words"), [(n, *case) for n in WRONG for case in WRONG[n]])
def test_a_wrong_value_is_named_with_its_key(root, name, way, value, words):
    place, read = READERS[name]
    document = json.loads((root / place).read_text("utf-8"))
    if way[:2] == ("setup", "notes"):
        del document["setup"]["messages"]
    (root / place).write_text(json.dumps(replaced(document, way, value)))
    with pytest.raises(CarvisError) as said:
        read(root)
    one_sentence(said.value, words)


CARDS = [
    ("class_names", "A, B", "class_names must be a list, and is a text"),
    ("class_names", ["A", 1], "class_names.1 must be a text, and is 1"),
    ("class_names", None, "class_names must be a list, and is null"),
    ("input_size", 32, "input_size must be a list, and is 32"),
    ("input_size", [32, 0], "input_size.1 must be 1 or more, and is 0"),
    ("input_size", [32, 10**9], "input_size.1 must be 99999 or less"),
    ("channels", 4, "channels must be one of 1, 3, and is 4"),
    ("preprocessing", ["unit"], "preprocessing must be a text, and is a list"),
    ("assumed", "resize", "assumed must be a list, and is a text"),
    ("metrics", [], "metrics must be an object, and is a list"),
    ("sha256", 3, "sha256 must be a text, and is 3"),
    ("notes", {"a": 1}, "notes must be a text, and is an object"),
]


@pytest.mark.parametrize(("key", "value", "words"), CARDS)
def test_a_fact_of_a_card_that_is_of_the_wrong_type_is_said_and_kept(root, key, value, words):
    path = root / "models" / "m.json"
    path.write_text(json.dumps(CARD | {key: value}))
    card = read_card(path)
    [problem] = card.problems
    assert words in problem and str(path) in problem and "ignored" in problem
    assert getattr(card, key) == getattr(ModelCard(), key) and card.other == {"seed": 3, key: value}
    update_card(path, {"recipe": "transfer"})
    written = json.loads(path.read_text("utf-8"))
    assert written[key] == value and written["recipe"] == "transfer" and "problems" not in written
