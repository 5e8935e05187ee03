"""Links, loops, pipes and depths: what each kind must be answered with, wherever it lies."""

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from carvis.cli import main
from carvis.dataset import Dataset, find_images
from carvis.dataset.health import check_dataset, split_dataset
from carvis.errors import CarvisError
from carvis.tables.image_index import ImageIndex
from carvis.workspace import is_dataset
from tests.hostile.made import cars_in, chain, door, image, nest, nest_long, pipe

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links and pipes need a privilege there, or are not there")

OUT = "leads out of cars by a symbolic link"


# What comes to train/golf of the data set, and what must be said of it.
LEFT_OUT = {
    "a file elsewhere": (lambda at, secret: (at / "x.png").symlink_to(secret), OUT),
    "a file elsewhere, relatively": (lambda at, secret: (at / "x.png").symlink_to(os.path.relpath(secret, at)), OUT),
    "by two links": (lambda at, secret: (at / "x.png").symlink_to(chain(at.parents[3] / "c", secret, 2)), OUT),
    "by thirty links": (lambda at, secret: (at / "x.png").symlink_to(chain(at.parents[3] / "c", secret, 30)), OUT),
    "a folder elsewhere": (lambda at, secret: (at / "x").symlink_to(secret.parent), OUT),
    "a folder above that": (lambda at, secret: (at / "x").symlink_to(secret.parents[1]), OUT),
    "the whole disk": (lambda at, secret: (at / "x").symlink_to("/"), OUT),
    "the folder that holds the data set": (lambda at, secret: (at / "x").symlink_to(at.parents[3]), OUT),
    "a class of its own": (lambda at, secret: (at.parent / "x").symlink_to(secret.parent), OUT),
    "a file of the system": (lambda at, secret: (at / "x.png").symlink_to("/etc/passwd"), OUT),
    "an endless device": (lambda at, secret: (at / "x.png").symlink_to("/dev/zero"), OUT),
    "a terminal": (lambda at, secret: (at / "x.png").symlink_to("/dev/tty"), OUT),
    "a file of the kernel": (lambda at, secret: (at / "x.png").symlink_to("/proc/self/environ"), OUT),
    "nothing": (lambda at, secret: (at / "x.png").symlink_to(at / "gone.png"), "it does not exist"),
    "itself": (lambda at, secret: (at / "x.png").symlink_to("x.png"), "symbolic links lead to each other"),
    "each other": (
        lambda at, secret: ((at / "x.png").symlink_to("y.png"), (at / "y.png").symlink_to("x.png")),
        "symbolic links lead to each other",
    ),
    "by two thousand links": (
        lambda at, secret: (at / "x.png").symlink_to(chain(at.parents[3] / "c", secret, 2000)),
        "too many follow each other",
    ),
    "its own folder": (lambda at, secret: (at / "x").symlink_to(at), "a link to a folder around it"),
    "its split": (lambda at, secret: (at / "x").symlink_to(at.parent), "a link to a folder around it"),
    "its data set": (lambda at, secret: (at / "x").symlink_to(at.parents[1]), "a link to a folder around it"),
    "another class": (lambda at, secret: (at / "x").symlink_to(at.parent / "polo"), "is the same folder as"),
    "a pipe": (lambda at, secret: pipe(at / "x.png"), "is a pipe, not a file"),
    "a pipe behind a link": (
        lambda at, secret: (pipe(at / "pipe"), (at / "x.png").symlink_to("pipe")),
        "is a pipe, not a file",
    ),
    "a socket": (lambda at, secret: door(at / "x.png"), "is a socket, not a file"),
    "33 folders": (
        lambda at, secret: image(at.joinpath(*["d"] * 33) / "x.png", 5),
        "lies more than 32 folders deep: move it up",
    ),
    "900 folders": (lambda at, secret: nest(at, 900), "lies more than 32 folders deep: move it up"),
    "folders whose path is too long": (
        lambda at, secret: nest_long(at),
        "is longer than the file system takes",
    ),
}


@pytest.mark.parametrize("kind", LEFT_OUT)
def test_what_is_left_out_of_a_data_set_is_named_and_brought_nowhere(kind, cars, secret, tmp_path):
    make, words = LEFT_OUT[kind]
    before = Dataset(cars)
    ids, fingerprint = before.samples("train")["id"].tolist(), before.fingerprint
    make(cars / "train" / "golf", secret)
    data = Dataset(cars)
    assert data.samples("train")["id"].tolist() == ids and data.fingerprint == fingerprint
    reasons = [str(reason) for reason in data.other_files()["reason"]]
    assert any(words in reason for reason in reasons), reasons
    assert words in str(data.not_read_notes("train")[0])
    health = check_dataset(data)
    assert len(health.images) == 12 and len(health.broken) == 0
    made = split_dataset(health, tmp_path / "new").out
    assert secret.read_bytes() not in [path.read_bytes() for path in made.rglob("*.png")]
    named = [found.path for found in find_images(cars)[0]]
    assert len(named) == 12
    images, notes = find_images(cars / "train")
    assert len(images) == 4 and words in str(notes[0])
    images, notes = find_images(f"{cars}/train/golf/*.png")
    # What is no file is told when it is read.
    assert len(images) == (3 if ", not a file" in words else 2)
    if (cars / "train" / "golf" / "x.png").is_symlink() and "pipe" not in kind:
        assert words in str(notes[0])
    assert len(ImageIndex([cars])) in (12, 13)  # What leads out is known as such.


def test_folders_of_links_to_folders_of_links_end(cars):
    """Thirty folders, each with two links to the next: two to the thirtieth paths."""
    place = cars / "train" / "golf"
    for i in range(30):
        (place / f"d{i}").mkdir()
        for name in "ab":
            (place / f"d{i}" / name).symlink_to(place / f"d{i + 1}")
    assert len(Dataset(cars).samples("train")) == 4


@pytest.mark.parametrize("name", ["test", "valid"])
def test_a_split_that_is_a_link_elsewhere_is_not_read(name, cars, secret, tmp_path, capsys):
    image(secret.parents[1] / "private" / "golf" / "1.png", 7)
    shutil.rmtree(cars / name)
    (cars / name).symlink_to(secret.parents[1] / "private")
    data = Dataset(cars)
    assert name not in data.splits and len(check_dataset(data).images) == 8
    assert any(OUT in str(reason) for reason in data.other_files()["reason"])
    with pytest.raises(CarvisError, match=OUT):
        data.samples(name)
    assert main(["check", str(cars), "--workspace", str(cars.parents[1])]) in (0, 1)
    assert OUT in capsys.readouterr().out


def test_a_data_set_whose_splits_all_lead_out_says_so(tmp_path, secret):
    root = tmp_path / "place" / "cars"
    root.mkdir(parents=True)
    image(secret.parents[1] / "private" / "golf" / "1.png", 7)
    (root / "train").symlink_to(secret.parents[1] / "private")
    assert not is_dataset(root)
    with pytest.raises(CarvisError, match="leads out of the data set by a symbolic link, so it is not read"):
        Dataset(root)


def test_what_may_be_linked(cars, secret, tmp_path, monkeypatch):
    """The data set itself, what lies in it, in the splits of one beside it, and in the folders that a person named."""
    other = cars.parent / "more"
    image(other / "train" / "golf" / "m.png", 50)
    golf = cars / "train" / "golf"
    (golf / "inside.png").symlink_to(cars / "valid" / "golf" / "0.png")
    (golf / "beside.png").symlink_to(other / "train" / "golf" / "m.png")
    (cars / "train" / "folder").symlink_to(other / "train" / "golf")
    (golf / "named.png").symlink_to(secret)
    (tmp_path / "shortcut").symlink_to(cars)
    names = {name.rpartition("/")[2] for name in Dataset(tmp_path / "shortcut").samples("train")["id"]}
    assert names == {"0.png", "1.png", "inside.png", "beside.png", "m.png"}
    (other / "notes.png").write_bytes(secret.read_bytes())
    (golf / "no image of a split.png").symlink_to(other / "notes.png")
    assert len(Dataset(cars).samples("train")) == 7
    monkeypatch.setenv("CARVIS_LINKS", os.pathsep.join(["relative", str(secret.parent)]))
    data = Dataset(cars)
    assert "train/golf/named.png" in set(data.samples("train")["id"]) and len(data.samples("train")) == 8
    assert data.resolve("train/golf/named.png") == secret.resolve()
    assert data.resolve("train/golf/beside.png") == other / "train" / "golf" / "m.png"
    elsewhere = other / "train" / "golf" / "m.png"
    for sample in ("../more/train/golf/m.png", "train/../../more/train/golf/m.png", elsewhere, secret):
        with pytest.raises(CarvisError, match="outside the allowed folders"):
            data.resolve(sample)
    index = ImageIndex([cars])
    assert index.match("cars/train/golf/named.png").status == index.match("train/golf/beside.png").status == "found"


@pytest.fixture
def no_hard_links(monkeypatch):
    def refuse(*_):
        raise OSError(18, "another disk")

    monkeypatch.setattr(os, "link", refuse)


def test_splits_made_of_links_are_read_whole(cars, no_hard_links):
    """Splits of splits: their links lead to the first data set."""
    first = split_dataset(check_dataset(cars), cars.parent / "first")
    assert first.placed_by == {"symbolic link": 12} and first.leaks == 0
    second = split_dataset(check_dataset(first.out), cars.parent / "second")
    assert second.placed_by == {"symbolic link": 12}
    for made in (first.out, second.out):
        data = Dataset(made)
        assert data.counts().to_numpy().sum() == 12 and not len(data.other_files())
        assert len(find_images(made)[0]) == 12 and len(find_images(f"{made}/*/*/*.png")[0]) == 12
        sample = data.samples("train")["id"].iloc[0]
        assert data.resolve(sample).is_relative_to(cars)
        assert ImageIndex([made]).match(sample).status == "found"


def test_no_link_is_made_that_would_not_be_followed(cars, tmp_path, no_hard_links, monkeypatch):
    elsewhere = split_dataset(check_dataset(cars), tmp_path / "disk2" / "deep" / "first")
    assert elsewhere.placed_by == {"copy": 12} and Dataset(elsewhere.out).counts().to_numpy().sum() == 12
    monkeypatch.setenv("CARVIS_LINKS", str(cars))
    allowed = split_dataset(check_dataset(cars), tmp_path / "disk2" / "deep" / "second")
    assert allowed.placed_by == {"symbolic link": 12} and Dataset(allowed.out).counts().to_numpy().sum() == 12


def test_a_strangers_split_json_opens_no_data_set_elsewhere(cars, tmp_path):
    private = cars_in(tmp_path / "home" / "private")
    (cars / "split.json").write_text(json.dumps({"made from": {"path": str(private), "links to": [str(private)]}}))
    (cars / "train" / "golf" / "x.png").symlink_to(next(private.glob("train/*/*.png")))
    data = Dataset(cars)
    assert len(data.samples("train")) == 4
    assert "leads out" in data.other_files("train")["reason"].iloc[0]


ORIGINS = {
    "a folder that is no data set": lambda secret: {"made from": {"path": str(secret.parent)}},
    "the whole disk": lambda secret: {"made from": {"path": "/"}},
    "a relative path": lambda secret: {"made from": {"path": "../../../home"}},
    "further folders": lambda secret: {"made from": {"path": "/x", "links to": [str(secret.parent), 3, None]}},
    "a number": lambda secret: {"made from": {"path": 3}},
    "nothing": lambda secret: {"made from": None},
    "a list": lambda secret: [1],
    "a NUL": lambda secret: {"made from": {"path": "/a\0b"}},
}


@pytest.mark.parametrize("kind", ORIGINS)
def test_a_crafted_split_json_opens_nothing(kind, cars, secret):
    (cars / "split.json").write_text(json.dumps(ORIGINS[kind](secret)))
    (cars / "train" / "golf" / "x.png").symlink_to(secret)
    assert len(Dataset(cars).samples("train")) == 4
    (cars / "split.json").write_text("[" * 200_000)
    assert len(Dataset(cars).samples("train")) == 4


def test_a_sibling_that_is_a_link_opens_only_splits_that_lie_in_it(cars, secret):
    other = cars.parent / "more"
    other.mkdir()
    (secret.parent / "folder").mkdir()
    (other / "train").symlink_to(secret.parent)
    (cars / "train" / "golf" / "x.png").symlink_to(secret)
    assert len(Dataset(cars).samples("train")) == 4


def test_masks_and_annotations_behind_links_are_left_out(cars, secret):
    from carvis.dataset.parts import find_parts, read_parts

    data = Dataset(cars)
    for name in ("0.png", "1.png"):
        place = cars / "masks" / "test" / "golf" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.ones((24, 24), np.uint8)).save(place)
    elsewhere = secret.parent / "mask.png"
    (cars / "masks" / "test" / "golf" / "0.png").rename(elsewhere)
    (cars / "masks" / "test" / "golf" / "0.png").symlink_to(elsewhere)
    found = read_parts(cars / "masks", data)
    assert list(found.drawn) == ["test/golf/1.png"]
    assert any("1 mask in" in note and "symbolic link leads out" in note for note in found.notes)
    for name in ("parts.csv", "annotations.json", "annotations"):
        (cars / name).symlink_to(secret.parent if name == "annotations" else secret)
    (secret.parent / "x.xml").write_text("<annotation/>")
    assert find_parts(data) == [cars / "masks"]
    made = split_dataset(check_dataset(data), cars.parent / "new")
    assert made.masks == 1


def test_what_is_said_of_a_linked_class_folder_lets_it_in(cars, tmp_path, monkeypatch):
    photos = image(tmp_path / "disk" / "photos" / "mini" / "1.png", 5).parents[1]
    (cars / "train" / "mini").symlink_to(photos / "mini")
    reason = next(str(row.reason) for row in check_dataset(Dataset(cars)).others.itertuples())
    assert reason.endswith(f"start carvis with CARVIS_LINKS={photos}")
    monkeypatch.setenv("CARVIS_LINKS", reason.partition("CARVIS_LINKS=")[2])
    health = check_dataset(Dataset(cars))
    assert len(health.others) == 0 and "mini" in Dataset(cars).class_names
