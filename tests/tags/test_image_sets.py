"""Named sets of images: kept with the tags, bounded, never overwritten unasked."""

import sqlite3

import pytest

from carvis.tags import ImageSets, SetExistsError, TagError, Tags
from carvis.tags import image_sets as module


@pytest.fixture
def sets(tmp_path) -> ImageSets:
    return ImageSets(tmp_path / "tags.sqlite")


def test_a_set_is_kept_by_data_set_and_name(sets):
    assert sets.counts("cars") == {} and sets.ids("cars", "odd") is None
    assert sets.save("cars", "  odd   ones ", ["test/b.jpg", "test/a.jpg", "test/b.jpg"]) == "odd ones"
    sets.save("planes", "odd ones", ["test/c.jpg"])
    assert sets.counts("cars") == {"odd ones": 2} and sets.counts("planes") == {"odd ones": 1}
    assert ImageSets(sets.path).ids("cars", "odd ones") == ("test/a.jpg", "test/b.jpg")
    sets.delete("cars", "odd ones")
    assert sets.ids("cars", "odd ones") is None and sets.ids("planes", "odd ones") == ("test/c.jpg",)


def test_a_set_is_replaced_only_on_request(sets):
    sets.save("cars", "odd", ["a"])
    with pytest.raises(SetExistsError, match="odd"):
        sets.save("cars", "odd", ["b"])
    assert sets.ids("cars", "odd") == ("a",)
    sets.save("cars", "odd", ["b"], replace=True)
    assert sets.ids("cars", "odd") == ("b",)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x00b", "a\u202eb"])
def test_an_invalid_name_is_refused(sets, name):
    with pytest.raises(TagError, match="name of a set"):
        sets.save("cars", name, ["a"])
    assert not sets.path.exists()


@pytest.mark.parametrize("name", ["<b>", "'; DROP TABLE tag; --", "../../etc", "青い車", "a:b *c*"])
def test_any_printable_name_is_data(sets, name):
    assert sets.save("cars", name, ["a"]) == name
    assert sets.ids("cars", name) == ("a",)


def test_sets_are_bounded(sets, monkeypatch):
    with pytest.raises(TagError, match="1 to"):
        sets.save("cars", "none", [])
    with pytest.raises(TagError, match="invalid"):
        sets.save("cars", "bad id", ["a\nb"])
    monkeypatch.setattr(module, "MOST_IMAGES", 2)
    with pytest.raises(TagError, match="not 3"):
        sets.save("cars", "many", "abc")
    monkeypatch.setattr(module, "MOST_SETS", 1)
    sets.save("cars", "first", "a")
    with pytest.raises(TagError, match="delete one"):
        sets.save("cars", "second", "a")
    sets.save("cars", "first", "b", replace=True)


def test_a_file_of_tags_from_before_has_no_sets_and_takes_one(tmp_path):
    path = tmp_path / "tags.sqlite"
    Tags(path).tag("cars", "a", "1" * 64, "blurred")
    with sqlite3.connect(path) as file:
        file.execute("DROP TABLE image_set")
        file.execute("DROP TABLE set_member")
    file.close()
    sets = ImageSets(path)
    assert sets.counts("cars") == {} and sets.ids("cars", "odd") is None
    sets.save("cars", "odd", ["a"])
    assert sets.counts("cars") == {"odd": 1}
    assert Tags(path).records("cars")["tags"].tolist() == [("blurred",)]


def test_a_damaged_file_is_one_sentence(tmp_path):
    (tmp_path / "tags.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(TagError, match="damaged"):
        ImageSets(tmp_path / "tags.sqlite").counts("cars")
