"""Files, folders and patterns as people of all systems write them."""

import unicodedata
from pathlib import Path

import pytest

from carvis.dataset import distinct, expand, find_images
from carvis.errors import ImageError
from carvis.images import why_not_read

FILES = (
    "mini/test/BMW-x3/1.jpg", "mini/test/BMW-x3/2.JPG", "mini/test/BMW-x3/10.jpg", "mini/test/Audi/1.jpg",
    "mini/train/Audi/odd/7.png", "mini/masks/test/Audi/1.png", "mini/test/a[1]/3.jpg", "mini/test/ドア/車.jpg",
    "mini/test/BMW-x3/.hidden.jpg", "mini/test/BMW-x3/Thumbs.db", "mini/test/BMW-x3/new.heic",
    "mini/test/BMW-x3/notes.txt",
)  # fmt: skip


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    for name in FILES:
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x")
    decomposed = tmp_path / "mini" / "test" / unicodedata.normalize("NFD", "バス")
    decomposed.mkdir()
    (decomposed / "b.jpg").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(paths):
    return [unicodedata.normalize("NFC", Path(path).as_posix()) for path in paths]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mini/test/BMW-x3/1.jpg", ["mini/test/BMW-x3/1.jpg"]),
        ("mini/test/BMW-x3/*.jpg", [f"mini/test/BMW-x3/{n}" for n in ("1.jpg", "2.JPG", "10.jpg")]),
        (r"mini\test\BMW-x3\*.jpg", [f"mini/test/BMW-x3/{n}" for n in ("1.jpg", "2.JPG", "10.jpg")]),
        (r"mini\test\BMW-x3\1.jpg", ["mini/test/BMW-x3/1.jpg"]),
        ("mini/test/*/1.JPG", ["mini/test/Audi/1.jpg", "mini/test/BMW-x3/1.jpg"]),
        ("mini/test/bmw-x3/?.jpg", ["mini/test/BMW-x3/1.jpg", "mini/test/BMW-x3/2.JPG"]),
        ("mini/**/7.png", ["mini/train/Audi/odd/7.png"]),
        ("**/[27].*", ["mini/test/BMW-x3/2.JPG", "mini/train/Audi/odd/7.png"]),
        ("mini/test/a[1]/*", ["mini/test/a[1]/3.jpg"]),
        ("mini/test/a[1]", ["mini/test/a[1]"]),
        ("mini/test/バス/*.jpg", ["mini/test/バス/b.jpg"]),
        ("mini/test/ド?/車.jpg", ["mini/test/ドア/車.jpg"]),
        ("./mini/../mini/test/Audi/*", ["mini/../mini/test/Audi/1.jpg"]),
        ("mini/test/BMW-x3/.h*", ["mini/test/BMW-x3/.hidden.jpg"]),
        ("mini/none/*.jpg", []),
        ("none.jpg", []),
        ("\0", []),
    ],
)
def test_what_a_text_means(in_folder, text, expected):
    assert names(expand(text)) == expected
    if expected and "\\" not in text:
        assert names(expand(in_folder / text)) == names(in_folder / name for name in expected)


def test_a_folder_is_all_images_in_it_and_the_rest_is_named(in_folder):
    images, notes = find_images("mini/test/BMW-x3")
    assert [image.path.name for image in images] == ["1.jpg", "2.JPG", "10.jpg"]
    assert {(image.label, image.guess) for image in images} == {("BMW-x3", None)}
    assert notes == [
        "2 files of mini/test/BMW-x3 are no images that can be read (.heic 1, .txt 1): "
        f"new.heic ({why_not_read('new.heic')}), notes.txt (not an image file)."
    ]
    # Of a data set its splits only: masks are no images of it.
    assert len(find_images("mini")[0]) == 8
    for text, words in (
        ("mini/*/none", "Nothing matches mini/\\*/none"),
        ("none", "none does not exist"),
        ("mini/test/BMW-x3/*.heic", "1 file of .* is no image"),
    ):
        with pytest.raises(ImageError, match=words):
            find_images(text)
    (in_folder / "empty").mkdir()
    with pytest.raises(ImageError, match="empty holds no image"):
        find_images("empty")


def test_images_of_equal_names_never_share_one(in_folder):
    for name in ("mini/test/Audi/1.png", "mini/test/audi/1.jpg", "x/Audi_1.jpg"):
        (in_folder / name).parent.mkdir(parents=True, exist_ok=True)
        (in_folder / name).write_bytes(b"x")
    images = [image for text in ("mini/**/1.*", "x", "mini/test/Audi") for image in find_images(text)[0]]
    named = distinct(images)
    assert len(named) == 7 - 1  # 1.jpg and 1.png of Audi are named twice
    assert len({image.name.casefold() for image in named}) == len(named)
    [first, second] = distinct(find_images("mini/test/*/1.jpg")[0][1:])
    assert {first.name, second.name} >= {"BMW-x3_1"}
    assert [image.name for image in distinct(find_images("mini/test/BMW-x3")[0])] == ["1", "2", "10"]
