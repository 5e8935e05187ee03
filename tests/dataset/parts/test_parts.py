"""Annotations of every kind, hand-written, and what is said where they are broken."""

import json

import numpy as np
import pytest
from PIL import Image

from carvis.dataset import Dataset
from carvis.dataset.parts import REST, box_parts, find_parts, read_parts
from carvis.errors import DatasetError, ImageError, TableError
from carvis.images import write_image
from carvis.language import localised, speaking

SIZE = (6, 8)


@pytest.fixture
def data(tmp_path):
    """Images of 8 x 6 pixels; ``same.png`` is in two classes, ``only.png`` in one, ``train.png`` in another split."""
    blank = np.zeros((*SIZE, 3), np.uint8)
    for name in ("test/Golf/same.png", "test/Polo/same.png", "test/Polo/only.png", "train/Golf/train.png"):
        write_image(tmp_path / "cars" / name, blank)
    return Dataset(tmp_path / "cars")


def expected(rows, columns):
    mask = np.zeros(SIZE, bool)
    mask[rows, columns] = True
    return mask


def check(parts, sample, name, rows, columns):
    masks = parts.masks(sample)
    np.testing.assert_array_equal(masks[name], expected(rows, columns))
    np.testing.assert_array_equal(masks[REST], ~np.logical_or.reduce([masks[n] for n in parts.names[:-1]]))


def mask_of(data, values, sample="test/Golf/same", mode=None):
    place = data.root / "masks" / f"{sample}.png"
    place.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(values, np.uint8), mode).save(place)
    return place


def test_indexed_masks_with_names(data):
    values = np.zeros(SIZE)
    values[1:3, 2:5], values[5] = 1, 255
    mask_of(data, values)
    (data.root / "masks" / "parts.json").write_text('["rest", "lamp", "wheel"]')
    parts = read_parts(data.root / "masks", data, "test")
    assert parts.names == ("rest", "lamp", "wheel") and list(parts) == ["test/Golf/same.png"] and not parts.notes
    masks = parts.masks("test/Golf/same.png")
    np.testing.assert_array_equal(masks["lamp"], expected(slice(1, 3), slice(2, 5)))
    assert not masks["wheel"].any() and masks["rest"].sum() == 48 - 6 - 8  # the last row has no name
    assert parts.masks("test/Polo/only.png") is None
    # Twice the size is the same image; another shape is not.
    assert parts.masks("test/Golf/same.png", (12, 16))["lamp"].sum() == 24
    with pytest.raises(TableError, match=r"same\.png is 8 x 6 pixels and its image 9 x 9"):
        parts.masks("test/Golf/same.png", (9, 9))


def test_masks_without_names_are_numbered_and_their_content_names_them(data):
    mask_of(data, np.eye(6, 8) * 2)
    parts = read_parts(data.root / "masks", data, "test")
    assert parts.names == ("part 0", "part 1", "part 2") and "parts.json is missing" in parts.notes[0]
    mask_of(data, np.eye(6, 8))
    assert read_parts(data.root / "masks", data, "test").fingerprint != parts.fingerprint


def test_broken_masks_are_told_by_name(data):
    place = mask_of(data, np.zeros(SIZE))
    (data.root / "masks" / "parts.json").write_text('{"a": 1}')
    with pytest.raises(TableError, match=r"parts\.json cannot be read .*: write \["):
        read_parts(data.root / "masks", data, "test")
    (data.root / "masks" / "parts.json").write_text('["a"]')
    parts = read_parts(data.root / "masks", data, "test")
    for content, words in ((b"x", "is not a mask"), (None, "is a colour image")):
        if content:
            place.write_bytes(content)
        else:
            Image.new("RGB", (8, 6)).save(place)
        with pytest.raises(TableError, match=words):
            parts.masks("test/Golf/same.png")
    with pytest.raises(TableError, match="holds no masks of the split train"):
        read_parts(data.root / "masks", data, "train")


def coco(data, rows, names=("test/Golf/same.png", r"C:\old\cars\Polo\only.png", "same.png", "gone.png", "train.png")):
    document = {
        "images": [{"id": i, "file_name": name, "width": 8, "height": 6} for i, name in enumerate(names)],
        "categories": [{"id": 7, "name": "lamp"}, {"id": 9, "name": "wheel"}],
        "annotations": rows,
    }
    place = data.root / "annotations.json"
    place.write_text(json.dumps(document))
    return place


def test_coco_boxes_polygons_and_run_lengths(data):
    """The runs go down the columns: 6 + 2 outside, 3 inside (rows 2 to 4 of the second column), the rest outside."""
    rows = [
        {"image_id": 0, "category_id": 7, "bbox": [2, 1, 3, 2]},
        {"image_id": 0, "category_id": 9, "segmentation": [[0, 3, 4, 3, 4, 6, 0, 6]], "bbox": [0, 0, 1, 1]},
        {"image_id": 1, "category_id": 7, "segmentation": {"counts": [8, 3, 37], "size": [6, 8]}},
        {"image_id": 2, "category_id": 7, "bbox": [0, 0, 1, 1]},
        {"image_id": 3, "category_id": 7, "bbox": [0, 0, 1, 1]},
        {"image_id": 4, "category_id": 7, "bbox": [0, 0, 1, 1]},
        {"image_id": 0, "category_id": 7, "segmentation": {"counts": "abc", "size": [6, 8]}},
        {"image_id": 0, "category_id": 7, "segmentation": {"counts": [1], "size": [10**6, 10**6]}},
        {"image_id": 0, "category_id": 7, "segmentation": {"counts": [], "size": [0, 0]}},
        {"image_id": 0, "category_id": 8, "bbox": [0, 0, 1, 1]},
        {"image_id": [], "category_id": 8},
    ]
    parts = read_parts(coco(data, rows), data, "test")
    assert parts.names == ("lamp", "wheel", REST)
    check(parts, "test/Golf/same.png", "lamp", slice(1, 3), slice(2, 5))
    check(parts, "test/Golf/same.png", "wheel", slice(3, 6), slice(0, 4))
    check(parts, "test/Polo/only.png", "lamp", slice(2, 5), 1)
    notes = "\n".join(parts.notes)
    assert "2 rows" in notes and "no image of the data set" in notes and "gone.png" in notes
    assert "several images" in notes and "compressed run lengths" in notes and "not listed" in notes
    assert "impossible size" in notes and "train" not in notes
    with speaking("ja"):
        assert all("ください" in localised(sentence) for sentence in parts.notes)
    # The image is twice as large as the annotated one was.
    assert parts.masks("test/Golf/same.png", (12, 16))["lamp"].sum() == 24
    with pytest.raises(TableError, match="was drawn on an image of 8 x 6"):
        parts.masks("test/Golf/same.png", (6, 6))


@pytest.mark.parametrize(
    "content", ["[]", "{", '{"images": [1]}', '{"images": [], "annotations": [], "categories": []}']
)
def test_json_that_is_no_coco_is_refused_in_one_sentence(data, content):
    (data.root / "annotations.json").write_text(content)
    with pytest.raises(TableError, match=r"annotations\.json"):
        read_parts(data.root / "annotations.json", data, "test")


VOC = """<annotation><folder>Polo</folder><filename>{name}</filename><size><width>8</width><height>6</height></size>
<object><name>lamp</name><bndbox><xmin>3</xmin><ymin>2</ymin><xmax>5</xmax><ymax>3</ymax></bndbox></object></annotation>"""


def test_voc_corners_count_from_one_and_are_inside(data):
    folder = data.root / "annotations"
    folder.mkdir()
    (folder / "a.xml").write_text(VOC.format(name="only.png"))
    (folder / "b.xml").write_text("<annotation><filename>only.png</filename><object/></annotation>")
    (folder / "c.xml").write_text("<annotation>")
    (folder / "f.xml").write_text(VOC.format(name="only.png").replace("lamp", "grille").replace("<xmin>3", "<xmin>1"))
    bomb = '<!DOCTYPE a [<!ENTITY e "x"><!ENTITY f "&e;&e;">]>'
    (folder / "d.xml").write_text(bomb + VOC.format(name="&f;"))
    (folder / "e.xml").write_text('<!DOCTYPE a SYSTEM "http://example.org/a.dtd">' + VOC.format(name="only.png"))
    parts = read_parts(folder, data, "test")
    assert parts.names == ("grille", "lamp", REST)
    check(parts, "test/Polo/only.png", "lamp", slice(1, 3), slice(2, 5))
    # Two files about one image add up.
    check(parts, "test/Polo/only.png", "grille", slice(1, 3), slice(0, 5))
    notes = "\n".join(parts.notes)
    assert "2 files" in notes and "document type" in notes and "not well-formed" in notes and "without a name" in notes
    (folder / "a.xml").unlink()
    (folder / "b.xml").unlink()
    (folder / "f.xml").unlink()
    with pytest.raises(TableError, match="is no Pascal VOC annotation"):
        read_parts(folder, data, "test")


@pytest.mark.parametrize(
    "table",
    [
        "id,part,x1,y1,x2,y2\ntest/Polo/only.png,lamp,2,1,5,3\n",
        "Filename;Label;xmin;ymin;xmax;ymax\nPolo/only.png;lamp;2;1;5;3\n",
        "filename,width,height,class,xmin,ymin,xmax,ymax\nPolo/only.png,16,12,lamp,4,2,10,6\n",
        "path\tname\tx\ty\twidth\theight\nD:\\cars\\test\\Polo\\only.png\tlamp\t2\t1\t3\t2\n",
    ],
)
def test_tables_of_boxes_whatever_their_columns_are_called(data, table):
    place = data.root / "parts.csv"
    place.write_text(table)
    parts = read_parts(place, data, "test")
    assert parts.names == ("lamp", REST) and not parts.notes
    check(parts, "test/Polo/only.png", "lamp", slice(1, 3), slice(2, 5))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("part,x1,y1,x2,y2\nlamp,1,1,2,2\n", "has no column path"),
        ("id,x1,y1,x2,y2\nPolo/only.png,1,1,2,2\n", "lacks a column"),
        ("id,part,x1,y1\nPolo/only.png,lamp,1,1\n", "lacks a column"),
        ("id,part,x1,y1,x2,y2\nPolo/only.png,lamp,.1,.1,.5,.5\n", "as shares of the image"),
        ("id,part,x1,y1,x2,y2\nPolo/only.png,lamp,5,1,2,x\n", "describes no image"),
        ("id,part,x1,y1,x2,y2\nPolo/gone.png,lamp,1,1,2,2\n", "no image of the data set"),
    ],
)
def test_tables_that_cannot_be_used_say_why(data, table, words):
    place = data.root / "parts.csv"
    place.write_text(table)
    with pytest.raises(TableError, match=words):
        read_parts(place, data, "test")


def test_one_box_on_one_image(data):
    parts = box_parts(data, "test/Polo/only.png", (2, 1, 5, 3), name="lamp")
    check(parts, "test/Polo/only.png", "lamp", slice(1, 3), slice(2, 5))
    # A pixel is in a box where its middle is.
    half = box_parts(data, "test/Polo/only.png", (2.5, 0.6, 5.4, 3.5))
    check(half, "test/Polo/only.png", "box", slice(1, 3), slice(2, 5))
    with pytest.raises(TableError, match="is no box"):
        box_parts(data, "test/Polo/only.png", (5, 1, 2, 3))
    with pytest.raises(DatasetError):
        box_parts(data, "test/Polo/none.png", (2, 1, 5, 3))


def test_some_parts_of_some_images(data):
    whole = box_parts(data, "test/Polo/only.png", (2, 1, 5, 3))
    box = whole.only(names=["box"])
    assert list(box.masks("test/Polo/only.png")) == ["box"] and box.fingerprint != whole.fingerprint
    assert len(whole.only(samples=["test/Golf/same.png"])) == 0
    with pytest.raises(TableError, match="wing is not a part"):
        whole.only(names=["wing"])


def test_what_lies_in_a_data_set_is_found(data, tmp_path):
    assert find_parts(data) == []
    (data.root / "parts.csv").write_text("id,part,x1,y1,x2,y2\n")
    coco(data, [])
    (data.root / "annotations").mkdir()
    (data.root / "annotations" / "a.xml").write_text("<annotation/>")
    (data.root / "annotations" / "classes.txt").write_text("lamp\nwheel\n")
    assert [path.name for path in find_parts(data)] == ["parts.csv", "annotations.json", "annotations"]
    with pytest.raises(TableError, match="does not exist"):
        read_parts(tmp_path / "none.csv", data)
    (tmp_path / "notes.md").write_text("")
    with pytest.raises(TableError, match="is no kind of annotation"):
        read_parts(tmp_path / "notes.md", data)


def test_an_image_that_cannot_be_read_has_no_masks(data):
    parts = box_parts(data, "test/Polo/only.png", (2, 1, 5, 3))
    (data.root / "test" / "Polo" / "only.png").write_bytes(b"x")
    with pytest.raises(ImageError, match=r"only\.png"):
        parts.masks("test/Polo/only.png")


@pytest.mark.parametrize("encoding", ["cp932", "euc_jp", "iso2022_jp", "utf-16-le", "gb18030"])
@pytest.mark.parametrize("kind", ["table", "coco", "voc"])
def test_annotations_in_any_encoding_find_their_images(tmp_path, kind, encoding):
    write_image(tmp_path / "cars" / "test" / "ドア" / "表.png", np.zeros((*SIZE, 3), np.uint8))
    data = Dataset(tmp_path / "cars")
    if kind == "table":
        place, text = tmp_path / "parts.csv", "path,part,x1,y1,x2,y2\ntest\\ドア\\表.png,ランプ,2,1,5,3\n"
    elif kind == "coco":
        place, image = tmp_path / "parts.json", {"id": 0, "file_name": "ドア/表.png", "width": 8, "height": 6}
        document = {"images": [image], "categories": [{"id": 7, "name": "ランプ"}]}
        document |= {"annotations": [{"image_id": 0, "category_id": 7, "bbox": [2, 1, 3, 2]}]}
        text = json.dumps(document, ensure_ascii=False)
    else:
        place = tmp_path / "annotations" / "a.xml"
        place.parent.mkdir()
        declared = {"cp932": "Shift_JIS", "euc_jp": "EUC-JP", "iso2022_jp": "ISO-2022-JP"}.get(encoding, encoding)
        text = f'<?xml version="1.0" encoding="{declared}"?>\n' + VOC.format(name="表.png").replace("lamp", "ランプ")
        if encoding == "utf-16-le":
            text = "\ufeff" + text.replace("utf-16-le", "utf-16")
    place.write_bytes(text.encode(encoding))
    parts = read_parts(place.parent if kind == "voc" else place, data, "test")
    assert parts.names == ("ランプ", REST)
    check(parts, "test/ドア/表.png", "ランプ", slice(1, 3), slice(2, 5))
