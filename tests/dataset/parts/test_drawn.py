"""Boxes drawn by hand: numbers worked by hand, two writers, replaced images, hostile files, COCO and back."""

import json
import multiprocessing
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from carvis.dataset import Dataset
from carvis.dataset.parts import (
    REST,
    Box,
    DrawnParts,
    ImageParts,
    PartBox,
    drawing_order,
    read_parts,
    stored_parts,
    with_drawn,
)
from carvis.errors import CarvisError, DatasetError, TableError
from carvis.images import read_image, write_image
from carvis.workspace import Workspace

LAMP, ONLY = "test/Golf/lamp.png", "test/Polo/only.png"


@pytest.fixture
def data(tmp_path):
    """A workspace with images of 8 x 6 pixels, and one of 80 x 60."""
    root = tmp_path / "data" / "cars"
    for name in (LAMP, ONLY, "train/Golf/train.png"):
        write_image(root / name, np.zeros((6, 8, 3), np.uint8))
    write_image(root / "test/Polo/large.png", np.zeros((60, 80, 3), np.uint8))
    return Dataset(root)


@pytest.fixture
def drawn(data):
    return DrawnParts.of(data)


def box(part, *edges):
    return PartBox(part, Box(*edges))


def test_a_box_is_kept_in_whole_pixels_inside_its_image(data, drawn, tmp_path):
    kept = drawn.save(LAMP, [box("lamp", 1.4, 1.6, 20, 4.4)])
    assert kept.boxes == (box("lamp", 1, 2, 8, 4),) and kept.size == (6, 8)
    assert drawn.path == tmp_path / "data" / "parts" / "cars.json"
    # Another object, as after a restart, reads the same; the file is COCO.
    assert DrawnParts.of(Dataset(data.root)).images() == {LAMP: kept}
    [annotation] = json.loads(drawn.path.read_text())["annotations"]
    assert annotation["bbox"] == [1, 2, 7, 2] and annotation["area"] == 14
    masks = drawn.parts("test").masks(LAMP)
    expected = np.zeros((6, 8), bool)
    expected[2:4, 1:8] = True
    np.testing.assert_array_equal(masks["lamp"], expected)
    np.testing.assert_array_equal(masks[REST], ~expected)
    assert drawn.parts("train") is None


def test_not_visible_differs_from_not_looked_at(drawn):
    drawn.save(LAMP, [box("lamp", 1, 1, 3, 3)], ["wheel"])
    drawn.save(ONLY, [box("lamp", 1, 1, 3, 3)])
    drawn.save("test/Polo/large.png", absent=["lamp", "wheel"])
    parts = drawn.parts("test")
    assert parts.names == ("lamp", "wheel", REST)
    # What no part covers is not known where a part may lie in it, nor where there is none at all.
    assert parts.unknown == {ONLY: {"wheel", REST}, "test/Polo/large.png": {REST}}
    assert set(parts.present(LAMP, (6, 8))) == {"lamp", REST}
    assert set(parts.present(ONLY, (6, 8))) == {"lamp"}
    # A box says that the part is visible after all; without any answer nothing is kept.
    large = drawn.images()["test/Polo/large.png"]
    assert drawn.save("test/Polo/large.png", [box("lamp", 0, 0, 9, 9)], ["lamp"], large).absent == frozenset()
    drawn.save(ONLY, before=drawn.images()[ONLY])
    assert ONLY not in drawn.images()


def test_export_and_import_are_equal(data, drawn, tmp_path):
    drawn.save(LAMP, [box("lamp", 1, 2, 3, 4), box("lamp", 5, 2, 7, 4), box("車輪", 0, 0, 1, 1)], ["badge"])
    drawn.save("train/Golf/train.png", absent=["lamp"])
    drawn.save("test/Polo/large.png", [box("plate", 33, 44, 70, 59)])
    file = drawn.export(tmp_path / "boxes.json")
    other = DrawnParts(tmp_path / "other.json", data)
    taken = other.take(file)
    assert (taken.boxes, taken.absent, taken.notes) == (4, 2, [])
    assert other.images() == drawn.images() and other.coco() == drawn.coco()
    assert other.take(file).boxes == 0
    # The file is also read as annotations like any other.
    read, own = read_parts(file, data, "test"), drawn.parts("test")
    assert set(read) == set(own) and read.unknown[LAMP] == own.unknown[LAMP] | {"plate"} - {"badge"} | own.unknown[LAMP]
    for sample in own:
        masks, expected = read.masks(sample), own.masks(sample)
        assert all(np.array_equal(masks[name], expected[name]) for name in own.names)


def test_boxes_of_other_tools_come_in(data, drawn, tmp_path):
    """Of a polygon the box around it; drawn at twice the size, so halved; the row without an image is said."""
    document = {
        "images": [
            {"id": 1, "file_name": "Golf/lamp.png", "width": 16, "height": 12},
            {"id": 2, "file_name": "gone.png"},
        ],
        "categories": [{"id": 1, "name": "lamp"}],
        "annotations": [
            {"image_id": 1, "category_id": 1, "segmentation": [[2, 2, 10, 2, 10, 8]]},
            {"image_id": 2, "category_id": 1, "bbox": [0, 0, 1, 1]},
        ],
    }
    (tmp_path / "coco.json").write_text(json.dumps(document))
    taken = drawn.take(tmp_path / "coco.json")
    assert drawn.images()[LAMP].boxes == (box("lamp", 1, 1, 5, 4),) and taken.boxes == 1
    assert len(taken.notes) == 1 and "names no image" in taken.notes[0]
    with pytest.raises(TableError, match="describes no image of cars"):
        (tmp_path / "none.json").write_text('{"images": [], "categories": [{"id": 1, "name": "a"}], "annotations": []}')
        drawn.take(tmp_path / "none.json")


def test_boxes_lie_on_the_upright_image(data, drawn):
    """A photograph taken sideways: stored 8 x 6, shown 6 x 8. The box is on the bright pixel that a person sees."""
    place = data.root / "test" / "Golf" / "turned.jpg"
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:8, 56:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(place, exif=exif, quality=95)
    sideways = Dataset(data.root)
    shown = read_image(place)
    assert shown.shape == (64, 48, 3)
    rows, columns = np.nonzero(shown.mean(axis=2) > 128)
    edges = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    kept = DrawnParts.of(sideways).save("test/Golf/turned.jpg", [box("lamp", *map(float, edges))])
    assert kept.size == (64, 48) and kept.boxes[0].box == Box(40, 56, 48, 64)
    mask = DrawnParts.of(sideways).parts("test").masks("test/Golf/turned.jpg")["lamp"]
    assert shown[mask].mean() > 250 and shown[~mask].mean() < 5


def test_boxes_on_a_replaced_image_are_kept_but_not_used(data, drawn):
    drawn.save(LAMP, [box("lamp", 1, 1, 3, 3)])
    drawn.save(ONLY, [box("lamp", 1, 1, 3, 3)])
    write_image(data.root / LAMP, np.full((30, 20, 3), 9, np.uint8))
    replaced = DrawnParts.of(Dataset(data.root))
    parts = replaced.parts("test")
    assert list(parts) == [ONLY] and "1 image was replaced" in parts.notes[0] and LAMP in parts.notes[0]
    assert replaced.is_stale(LAMP, replaced.images()[LAMP])
    # Drawn anew, the old boxes are gone.
    kept = replaced.save(LAMP, [box("lamp", 10, 20, 20, 30)])
    assert kept.boxes == (box("lamp", 10, 20, 20, 30),) and set(replaced.parts("test")) == {LAMP, ONLY}
    (data.root / LAMP).unlink()
    notes = DrawnParts.of(Dataset(data.root)).parts("test").notes
    assert notes == ("1 image with drawn boxes is not there any more.",)


def test_two_windows_keep_each_others_boxes(drawn):
    """Both start from one box: one window adds a box, the other moves the first and marks a part."""
    start = drawn.save(LAMP, [box("lamp", 1, 1, 3, 3)])
    drawn.save(LAMP, [*start.boxes, box("lamp", 5, 1, 7, 3)], (), start)
    moved = drawn.save(LAMP, [box("lamp", 1, 2, 3, 4)], ["wheel"], start)
    assert moved.boxes == (box("lamp", 5, 1, 7, 3), box("lamp", 1, 2, 3, 4)) and moved.absent == {"wheel"}
    # One deletes what the other has not touched.
    assert drawn.save(LAMP, [box("lamp", 5, 1, 7, 3)], ["wheel"], moved).boxes == (box("lamp", 5, 1, 7, 3),)


def _draw_many(root, name, n):
    parts = DrawnParts.of(Dataset(root))
    for i in range(n):
        parts.save(LAMP, [PartBox(name, Box(0, i % 6, 8, 6))], before=ImageParts((), frozenset(), (6, 8), ""))


def test_two_processes_lose_nothing(data, drawn):
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_draw_many, args=(data.root, name, 6)) for name in ("a", "b")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    assert sorted(part for part, _ in drawn.images()[LAMP].boxes) == ["a"] * 6 + ["b"] * 6


def test_a_killed_writer_leaves_the_file_whole(data, drawn):
    drawn.save(ONLY, [box("lamp", 1, 1, 3, 3)])
    script = f"""
from carvis.dataset import Dataset
from carvis.dataset.parts import DrawnParts, PartBox, Box
parts = DrawnParts.of(Dataset({str(data.root)!r}))
print("ready", flush=True)
i = 0
while True:
    i += 1
    parts.save({LAMP!r}, [PartBox("lamp", Box(0, i % 6, 8, 6))])
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    while LAMP not in drawn.images():
        assert process.poll() is None
    process.kill()
    process.wait(20)
    assert drawn.images()[ONLY].boxes == (box("lamp", 1, 1, 3, 3),)
    drawn.save(LAMP, [box("wheel", 0, 0, 1, 1)])


@pytest.mark.parametrize(
    ("name", "edges", "words"),
    [
        ("", (0, 0, 1, 1), "cannot be the name of a part"),
        ("x" * 41, (0, 0, 1, 1), "cannot be the name of a part"),
        ("a\0b", (0, 0, 1, 1), "cannot be the name of a part"),
        ("Rest", (0, 0, 1, 1), "cannot be the name of a part"),
        ("lamp", (3, 3, 3, 9), "holds no pixel"),
        ("lamp", (9, 0, 20, 3), "holds no pixel"),
        ("lamp", (float("nan"), 0, 2, 3), "holds no pixel"),
        ("lamp", (0, 0, float("inf"), 3), "holds no pixel"),
    ],
)
def test_what_is_no_box_or_no_name_is_refused(drawn, name, edges, words):
    with pytest.raises(TableError, match=words):
        drawn.save(LAMP, [box(name, *edges)])
    assert not drawn.path.exists()


def test_only_images_of_the_data_set_get_boxes(drawn, tmp_path):
    with pytest.raises(DatasetError):
        drawn.save("test/Golf/none.png", [box("lamp", 0, 0, 1, 1)])
    with pytest.raises(CarvisError):
        drawn.save("../../secret.png", [box("lamp", 0, 0, 1, 1)])
    write_image(tmp_path / "elsewhere" / "test" / "a" / "b.png", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(CarvisError, match="lies in no workspace"):
        DrawnParts.of(Dataset(tmp_path / "elsewhere"))
    assert DrawnParts.of(Dataset(tmp_path / "elsewhere"), Workspace(tmp_path)).images() == {}


HOSTILE = [
    ("info", None),
    ("info", {"format": 2}),
    ("images", "no list"),
    ("images", [{"id": 1, "file_name": LAMP}]),
    ("images", [{"id": 1, "file_name": LAMP, "width": 8, "height": 6, "sha256": "0" * 64, "absent_parts": []}] * 2),
    ("images", [{"id": 1, "file_name": LAMP, "width": -8, "height": 6, "sha256": "0" * 64, "absent_parts": []}]),
    ("categories", [{"id": 1, "name": "a\u0007b"}]),
    ("categories", []),
    ("annotations", [{"image_id": 7, "category_id": 1, "bbox": [0, 0, 1, 1]}]),
    ("annotations", [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 9, 1]}]),
    ("annotations", [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1]}]),
    ("annotations", [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1e400, 1]}]),
    ("annotations", [{"image_id": 1, "category_id": 1, "bbox": [0.5, 0, 1, 1]}]),
]


@pytest.mark.parametrize(("key", "value"), HOSTILE)
def test_a_damaged_file_is_one_sentence_and_never_overwritten(drawn, key, value):
    drawn.save(LAMP, [box("lamp", 0, 0, 1, 1)])
    document = json.loads(drawn.path.read_text()) | {key: value}
    content = json.dumps(document).replace("Infinity", "1e400")
    drawn.path.write_text(content)
    with pytest.raises(TableError, match=r"cars\.json") as problem:
        drawn.images()
    assert "\n" not in str(problem.value)
    with pytest.raises(TableError):
        drawn.save(ONLY, [box("lamp", 0, 0, 1, 1)])
    assert drawn.path.read_text() == content


def test_drawn_boxes_replace_masks_part_by_part(data, drawn):
    """The mask has a lamp of 2 x 3 and ground; the box moves the lamp, and adds a badge that no mask has."""
    assert stored_parts(data) is None
    values = np.zeros((6, 8), np.uint8)
    values[1:3, 2:5] = 1
    for sample in (LAMP, ONLY):
        place = (data.root / "masks" / sample).with_suffix(".png")
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(place)
    (data.root / "masks" / "parts.json").write_text('["background", "lamp"]')
    own = stored_parts(data)
    assert own.names == ("background", "lamp") and not own.unknown
    drawn.save(LAMP, [box("lamp", 0, 0, 2, 2), box("badge", 7, 5, 8, 6)])
    drawn.save("test/Polo/large.png", absent=["badge"])
    joined = stored_parts(data)
    assert joined.names == ("background", "lamp", "badge")
    masks = joined.masks(LAMP)
    assert {name: int(mask.sum()) for name, mask in masks.items()} == {"background": 42, "lamp": 4, "badge": 1}
    assert masks["lamp"][:2, :2].all()
    assert joined.masks(ONLY)["lamp"].sum() == 6
    assert joined.unknown == {ONLY: {"badge"}, "test/Polo/large.png": {"background", "lamp"}}
    assert joined.fingerprint not in (own.fingerprint, drawn.parts("test").fingerprint)
    # A part that is marked as not visible is not there, whatever the mask holds.
    drawn.save(ONLY, absent=["lamp"])
    assert stored_parts(data).masks(ONLY)["lamp"].sum() == 0
    assert with_drawn(None, data).names == ("lamp", "badge", REST)


def test_what_no_part_covers_is_drawn_anew(data, drawn):
    (data.root / "parts.csv").write_text("id,part,x1,y1,x2,y2\n" + f"{LAMP},lamp,0,0,4,6\n{ONLY},lamp,0,0,4,6\n")
    assert stored_parts(data).masks(LAMP)[REST].sum() == 24
    drawn.save(LAMP, [box("badge", 4, 0, 6, 6)])
    joined = stored_parts(data)
    assert joined.names == ("lamp", "badge", REST) and joined.unknown == {ONLY: {"badge", REST}}
    assert joined.masks(LAMP)[REST].sum() == 12
    assert set(joined.present(ONLY, (6, 8))) == {"lamp"}


def test_the_order_is_random_and_balanced_and_stays():
    ids = [f"test/a/{i}.png" for i in range(40)]
    right = {sample: i >= 4 for i, sample in enumerate(ids[:38])}
    order = drawing_order(ids, right)
    assert sorted(order) == sorted(ids) and order == drawing_order(reversed(ids), right)
    assert [right[sample] for sample in order[:8]] == [False, True] * 4
    assert set(order[38:]) == set(ids[38:])
    # As the column of a table gives them.
    assert drawing_order(ids, dict(zip(right, np.array(list(right.values()))))) == order
    assert order != drawing_order(ids, right, seed=1) and drawing_order(ids) != ids
    # An image that is added moves no other one.
    more = drawing_order([*ids, "test/b/new.png"])
    assert [sample for sample in more if sample in ids] == drawing_order(ids)
