"""Which image a foreign path means."""

import os
import sys
import unicodedata

import pytest

from carvis.tables.image_index import ImageIndex, is_absolute, split_path


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"image")


@pytest.fixture
def data(tmp_path):
    root = tmp_path / "work" / "data"
    touch(
        root,
        "mini/test/Golf/car1.jpg",
        "mini/test/Polo/car1.jpg",
        "mini/train/Golf/car2.jpg",
        "mini/val/Polo/only here.PNG",
        "other/test/Golf/car1.jpg",
        "mini/test/Golf/notes.txt",
    )
    return root


@pytest.mark.parametrize(
    "text, parts",
    [
        ("a\\b/c.jpg", ["a", "b", "c.jpg"]),
        ("./a//b/./c.jpg", ["a", "b", "c.jpg"]),
        ("C:\\a\\..\\b.jpg", ["b.jpg"]),
        ("..\\..\\b.jpg", ["..", "..", "b.jpg"]),
        ("\\\\?\\C:\\a\\b.jpg", ["C:", "a", "b.jpg"]),
        ("a\u00a5b.jpg", ["a", "b.jpg"]),
        ("  ", []),
    ],
)
def test_split_path(text, parts):
    assert split_path(text) == parts


def test_is_absolute_on_any_system():
    assert all(map(is_absolute, ["/a", "C:\\a", "d:a", "\\\\server\\a"]))
    assert not any(map(is_absolute, ["a/b", "..\\a", "", "car:1.jpg"]))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("mini\\test\\Golf\\car1.jpg", "mini/test/Golf/car1.jpg"),
        ("C:\\Users\\me\\other\\test\\Golf\\car1.jpg", "other/test/Golf/car1.jpg"),
        ("/home/me/mini/test/Polo/car1.jpg", "mini/test/Polo/car1.jpg"),
        ("Polo/car1.jpg", "mini/test/Polo/car1.jpg"),
        ("..\\..\\data\\mini\\train\\Golf\\car2.jpg", "mini/train/Golf/car2.jpg"),
        ("only here.PNG", "mini/val/Polo/only here.PNG"),
        ("MINI\\Validation\\polo\\ONLY HERE.png", "mini/val/Polo/only here.PNG"),
        ("data/mini/test/../test/Golf/./car1.jpg", "mini/test/Golf/car1.jpg"),
    ],
)
def test_longest_matching_end(data, text, expected):
    match = ImageIndex([data]).match(text)
    assert (match.status, match.file) == ("found", str(data / expected))


@pytest.mark.parametrize("text", ["test/Golf/car1.jpg", "elsewhere/test/Golf/car1.jpg", "car1.jpg", "Golf\\car1.jpg"])
def test_a_tie_is_ambiguous(data, text):
    match = ImageIndex([data]).match(text)
    assert (match.status, match.file) == ("ambiguous", None)


@pytest.mark.parametrize(
    "text",
    [
        "mini/test/Golf/car9.jpg",
        "mini/test/Golf/car2.jpg",  # train's car2 is another image
        "mini/test/Audi/car2.jpg",  # and so is another class's
        "mini/test/Golf/notes.txt",
        "C:\\Users\\me\\mini\\test\\Golf\\gone.jpg",
        "\\\\server\\share\\mini\\test\\Golf\\gone.jpg",
        "gone.jpg",
        "",
    ],
)
def test_missing(data, text):
    assert ImageIndex([data]).match(text).status == "missing"


@pytest.mark.parametrize(
    "text",
    [
        "..\\..\\secret.jpg",
        "../secret.jpg",
        "C:\\Windows\\win.ini",
        "/etc/passwd",
        "\\\\server\\share\\x.jpg",
        "/",
        "..",
    ],
)
def test_outside(data, text):
    touch(data.parent.parent, "secret.jpg")
    assert ImageIndex([data]).match(text).status == "outside"


def test_what_exists_elsewhere_only_is_outside(data):
    touch(data.parent, "private/test/Golf/car7.jpg")
    index = ImageIndex([data])
    assert index.match(str(data.parent / "private/test/Golf/car7.jpg")).status == "outside"
    assert index.match("private/test/Golf/car7.jpg", [data.parent]).status == "outside"
    assert index.match("private\\test\\Golf\\car7.jpg").status == "outside"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_out_are_not_followed_and_links_inside_are(data):
    touch(data.parent, "private/deep/car5.jpg")
    os.symlink(data.parent / "private" / "deep" / "car5.jpg", data / "mini/test/Golf/link.jpg")
    os.symlink(data.parent / "private", data / "mini/test/Linked")
    os.symlink(data / "mini/test/Golf/car1.jpg", data / "mini/test/Golf/twin.jpg")
    os.symlink(data, data / "mini/loop")
    index = ImageIndex([data])
    assert index.match("mini/test/Golf/link.jpg").status == "outside"
    assert index.match("mini/test/Linked/deep/car5.jpg").status == "outside"
    assert index.match("mini/test/Golf/twin.jpg").status == "found"
    assert len(index) == 7


def test_letter_case_decides_between_equals_only(data):
    touch(data, "mini/test/golf/car1.jpg")
    if len(list((data / "mini/test").iterdir())) == 2:
        pytest.skip("this file system does not tell the cases apart")
    index = ImageIndex([data])
    assert index.match("mini/test/golf/car1.jpg").file == str(data / "mini/test/golf/car1.jpg")
    assert index.match("mini/test/Golf/car1.jpg").file == str(data / "mini/test/Golf/car1.jpg")
    assert index.match("mini/test/GOLF/car1.jpg").status == "ambiguous"


def test_ids_and_labels(data):
    index = ImageIndex([data])
    assert index.match("only here.png")[1:3] == ("valid/Polo/only here.PNG", "Polo")
    assert index.match("C:\\x\\mini\\val\\Golf\\gone.jpg")[1:3] == ("valid/Golf/gone.jpg", "Golf")
    assert index.match("gone.jpg")[1:3] == ("gone.jpg", None)
    touch(data, "test/train/Polo/sub/car8.jpg")  # a data set called test, images in a folder of a class
    assert ImageIndex([data / "test"]).match("sub/car8.jpg")[1:3] == ("train/Polo/sub/car8.jpg", "Polo")
    for root in (data / "mini", data / "mini/test", data / "mini/test/Polo"):
        assert ImageIndex([root]).match("Polo/car1.jpg")[:3] == ("found", "test/Polo/car1.jpg", "Polo")


def test_nested_roots_hold_each_image_once(data):
    index = ImageIndex([data, data / "mini", data / "mini"])
    assert len(index) == 5
    assert index.match("mini/test/Golf/car1.jpg").status == "found"


def test_japanese_names_in_either_spelling(data):
    composed, decomposed = unicodedata.normalize("NFC", "ガソリン"), unicodedata.normalize("NFD", "ガソリン")
    touch(data, f"mini/test/{decomposed}/{decomposed}1.jpg")
    index = ImageIndex([data])
    for name in (composed, decomposed):
        match = index.match(f"mini\\test\\{name}\\{name}1.jpg")
        assert (match.status, match.id) == ("found", f"test/{composed}/{composed}1.jpg")
